"""What a cart costs: list prices, coupons, and volume pricing."""

from typing import Any

COUPONS = {"WELCOME10": 10, "SPRING15": 15, "STAFF25": 25}  # per cent off
VOLUME_STEPS = {"books": (3, 5), "kitchen": (4, 8), "garden": (5, 10)}  # from units, per cent


def subtotal(lines: list[dict[str, Any]]) -> int:
    """Cents, before anything is taken off."""
    return sum(line["price_cents"] * line["quantity"] for line in lines)


def coupon_discount(code: str | None, amount: int) -> int:
    """Cents off for a coupon; an unknown coupon is worth nothing."""
    if not code:
        return 0
    percent = COUPONS.get(code.upper(), 0)
    return amount * percent // 100


def volume_discount(lines: list[dict[str, Any]]) -> int:
    """Cents off for larger quantities of one product, by its category's steps."""
    total = 0
    for line in lines:
        units, percent = VOLUME_STEPS[line["category"]]
        if line["quantity"] >= units:
            total += line["price_cents"] * line["quantity"] * percent // 100
    return total


def price(lines: list[dict[str, Any]], coupon: str | None, *, volume: bool) -> dict[str, int]:
    """The invoice in cents: subtotal, discount, total."""
    amount = subtotal(lines)
    discount = coupon_discount(coupon, amount) + (volume_discount(lines) if volume else 0)
    return {"subtotal": amount, "discount": discount, "total": max(0, amount - discount)}
