"""What happened to the shop's source before the run: small commits by several teams.

The source in `shop/` is the newest version. Older ones come from it by undoing the edits
below, so every version in the history really runs.
"""

from dataclasses import dataclass

Edit = tuple[str, str, str]  # path in the repository, text before, text after


@dataclass(frozen=True)
class Step:
    """One release: who made it, how long before the run, and what it changed."""

    version: str
    author: str
    hours_ago: float
    message: str
    edits: tuple[Edit, ...] = ()


FIRST = Step("v1.0.0", "Platform team <platform@shop.example>", 1460, "Bring the services together")
STEPS = (
    Step(
        "v1.1.0",
        "Catalog team <catalog@shop.example>",
        1170,
        "Show 24 products per page",
        (("shop/catalog.py", "PAGE_SIZE = 20", "PAGE_SIZE = 24"),),
    ),
    Step(
        "v1.2.0",
        "Checkout team <checkout@shop.example>",
        840,
        "Add the staff coupon",
        (("shop/pricing.py", '"SPRING15": 15}', '"SPRING15": 15, "STAFF25": 25}'),),
    ),
    Step(
        "v1.2.1",
        "Recommendations team <discovery@shop.example>",
        530,
        "Refresh suggestions every four seconds",
        (("shop/recommendations.py", "FRESH_S = 10.0", "FRESH_S = 4.0"),),
    ),
    Step(
        "v1.3.0",
        "Checkout team <checkout@shop.example>",
        290,
        "Add garden steps to volume pricing (flag stays off)",
        (("shop/pricing.py", '"kitchen": (4, 8)}', '"kitchen": (4, 8), "garden": (5, 10)}'),),
    ),
    Step(
        "v1.3.1",
        "Payments team <payments@shop.example>",
        170,
        "Log the card brand of declined payments",
        (("shop/payments.py", 'by the issuer")', 'by the issuer, brand {brand}")'),),
    ),
    Step(
        "v1.4.0",
        "Storefront team <storefront@shop.example>",
        75,
        "Feature twelve products on the home page",
        (("shop/gateway.py", "FEATURED = 8", "FEATURED = 12"),),
    ),
    Step(
        "v1.4.1",
        "Platform team <platform@shop.example>",
        29,
        "Allow more upstream connections",
        (("shop/client.py", "max_connections=100", "max_connections=200"),),
    ),
)
PREVIOUS, CURRENT = STEPS[-2].version, STEPS[-1].version
KEPT = (STEPS[-3].version, PREVIOUS, CURRENT)  # versions with a checkout
