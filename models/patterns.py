"""What must not leave the machine, by its form: keys, tokens, cards, accounts, addresses.

Forms are narrow where ordinary telemetry comes close to them (checksums, lengths, prefixes), and
no expression may backtrack: every run is possessive, bounded or begins where no other run can.
The forms are a table, `patterns.yaml`. What vendors' keys look like is known to `rules.py`, values
that only their name gives away (`password=…`) are found in `named.py`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from ..yaml_tables import Entry, Regex, read_table

SHORT = 48
"""Characters: longer than any number that proves itself."""


@dataclass(frozen=True)
class SecretSpan:
    """A part of a text that must not leave: [start, end), the kind of its mask, what it is."""

    start: int
    end: int
    kind: str  # SECRET, EMAIL, CARD, IBAN, ID, PHONE, PERSON, IP, PATH
    label: str = ""
    named: bool = False  # known by its name or place only, so hunted for elsewhere too


WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CARDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[68]\d{12}|35\d{14}"
    r"|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12}(?:\d{3})?"
)


class Hosts(Entry):
    """hosts.yaml, which says what each is for."""

    providers: dict[str, str]
    inside: tuple[ipaddress.IPv4Network, ...]


@cache
def hosts() -> Hosts:
    """The hosts of hosts.yaml."""
    return read_table("models/hosts.yaml", Hosts)


def public(address: str) -> bool:
    """Whether a dotted address is one that a client on the internet may have."""
    try:
        value = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not any(value in network for network in hosts().inside)


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


def _card(match: re.Match[str], text: str) -> bool:
    """A card; an id of a span that happens to have only digits is none."""
    before = match.string[max(0, match.start() - 14) : match.start()].lower()
    return card(text) and not any(w in before for w in ("span", "trace", "parent"))


def _public(match: re.Match[str], address: str) -> bool:
    """Addresses of clients: public ones. Private and loopback ones say where in the system."""
    before = match.string[max(0, match.start() - 10) : match.start()].lower().rstrip(" :=v")
    return public(address) and not before.endswith(("version", "release"))


def _public6(_match: re.Match[str], text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return address in ipaddress.IPv6Network("2000::/3")


def _phone(_match: re.Match[str], text: str) -> bool:
    """Whether it has the digits of an international number (E.164)."""
    return 9 <= sum(c.isdigit() for c in text) <= 15


def _called(_match: re.Match[str], text: str) -> bool:
    """The digits of a number that is called, not of a moment in unix seconds."""
    digits = re.sub(r"[^0-9]", "", text)
    return 9 <= len(digits) <= 12 and not re.fullmatch(r"1[5-9][0-9]{8}", digits)


CHECKS: dict[str, Callable[[re.Match[str], str], bool]] = {
    "card": _card,
    "iban": lambda _match, text: iban(text),
    "resident": lambda _match, text: resident(text),
    "phone": _phone,
    "called": _called,
    "public": _public,
    "public6": _public6,
    "": lambda _match, _text: True,
}
"""What has the last word on a match, by the name that the table calls it."""


class Form(Entry):
    """One form. Group 1 is what is masked where there is one; `sure` has the last word."""

    kind: Literal["SECRET", "EMAIL", "CARD", "IBAN", "ID", "PHONE", "IP", "PATH"]
    form: Regex
    label: str = ""
    sure: Literal["card", "iban", "resident", "phone", "called", "public", "public6", ""] = ""
    named: bool = False

    def spans(self, text: str) -> Iterator[SecretSpan]:
        """Where it stands in a text. What is unsure may overlap with what is not: digits before
        or behind a card's hide nothing."""
        position, group, sure = 0, 1 if self.form.groups else 0, CHECKS[self.sure]
        while match := self.form.search(text, position):
            start, end = match.span(group)
            kept = next((n for n in _ends(text, start, end) if sure(match, text[start:n])), 0)
            if kept:
                yield SecretSpan(start, kept, self.kind, self.label, self.named)
            position = max(match.end() if kept == end else kept, match.start() + 1)


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """The end, then every earlier one in front of a blank or hyphen; few, as forms are bounded."""
    yield end
    if end - start <= SHORT:
        yield from (n for n in range(end - 1, start, -1) if text[n] in " -")


@cache
def forms() -> tuple[Form, ...]:
    """Every form, strongest first: where two overlap, the first one names the mask."""
    return read_table("models/patterns.yaml", tuple[Form, ...])
