"""Numbers that prove themselves: cards, bank accounts, identity numbers, addresses."""

import ipaddress
import re
from datetime import date

INSIDE = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    )
)
"""Private, loopback, link-local, shared and multicast networks: no client's own address."""
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CARDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[68]\d{12}|35\d{14}"
    r"|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12}(?:\d{3})?"
)


def public(address: str) -> bool:
    """Whether a dotted address is one that a client on the internet may have."""
    try:
        value = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not any(value in network for network in INSIDE)


def card(text: str) -> bool:
    """Whether digits are a payment card: an issuer's prefix and length, and Luhn (ISO 7812)."""
    digits = re.sub(r"[ -]", "", text)
    if not CARDS.fullmatch(digits):
        return False
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def iban(text: str) -> bool:
    """Whether letters and digits are a bank account (ISO 13616: remainder 1 modulo 97)."""
    bare = text.replace(" ", "")
    if not 15 <= len(bare) <= 34:
        return False
    turned = bare[4:] + bare[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def resident(text: str) -> bool:
    """Whether 18 characters are a Chinese resident number (GB 11643: a date, a check digit)."""
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(text[:17], WEIGHTS, strict=True))
    return 1900 <= born.year <= 2100 and "10X98765432"[total % 11] == text[17].upper()
