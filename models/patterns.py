"""What must not leave the machine, by its form: keys, tokens, cards, accounts, addresses.

Forms are narrow where ordinary telemetry comes close to them (checksums, lengths, prefixes), and
no expression may backtrack: every run is possessive, bounded or begins where no other run can.
Values that only their name gives away (`password=…`) are found in `named.py`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import checksums

SHORT = 48
"""Characters: longer than any number that proves itself."""


@dataclass(frozen=True)
class Span:
    """A part of a text that must not leave: [start, end), the kind of its mask, what it is."""

    start: int
    end: int
    kind: str  # SECRET, EMAIL, CARD, IBAN, ID, PHONE, PERSON, IP
    label: str = ""
    named: bool = False  # known by its name or place only, so hunted for elsewhere too


@dataclass(frozen=True)
class Form:
    """One form. Group 1 is what is masked where there is one; `sure` has the last word."""

    kind: str
    expression: re.Pattern[str]
    label: str = ""
    sure: Callable[[re.Match[str], str], bool] = lambda _match, _text: True
    named: bool = False

    def spans(self, text: str) -> Iterator[Span]:
        """Where it stands in a text. What is unsure may overlap with what is not: digits before
        or behind a card's hide nothing."""
        position, group = 0, 1 if self.expression.groups else 0
        while match := self.expression.search(text, position):
            start, end = match.span(group)
            kept = next((n for n in _ends(text, start, end) if self.sure(match, text[start:n])), 0)
            if kept:
                yield Span(start, kept, self.kind, self.label, self.named)
            position = max(match.end() if kept == end else kept, match.start() + 1)


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """The end, then every earlier one in front of a blank or hyphen; few, as forms are bounded."""
    yield end
    if end - start <= SHORT:
        yield from (n for n in range(end - 1, start, -1) if text[n] in " -")


def _form(kind: str, expression: str, label: str = "", **more) -> Form:
    return Form(kind, re.compile(expression), label, **more)


def _card(match: re.Match[str], text: str) -> bool:
    """A card; an id of a span that happens to have only digits is none."""
    before = match.string[max(0, match.start() - 14) : match.start()].lower()
    return checksums.card(text) and not any(w in before for w in ("span", "trace", "parent"))


def _public(match: re.Match[str], address: str) -> bool:
    """Addresses of clients: public ones. Private and loopback ones say where in the system."""
    before = match.string[max(0, match.start() - 10) : match.start()].lower().rstrip(" :=v")
    return checksums.public(address) and not before.endswith(("version", "release"))


def _public6(_match: re.Match[str], text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return address in ipaddress.IPv6Network("2000::/3")


def _phone(_match: re.Match[str], text: str) -> bool:
    """Whether it has the digits of an international number (E.164)."""
    return 9 <= sum(c.isdigit() for c in text) <= 15


KEY_HEAD, KEY_TAIL = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY", r"-----END [A-Z0-9 ]{0,30}"
LABELLED = (
    ("aws key", r"(?:AKIA|ASIA)[0-9A-Z]{16}"),
    ("github token", r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("gitlab token", r"glpat-[A-Za-z0-9_-]{20,64}"),
    ("slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    ("slack webhook", r"hooks\.slack\.com/services/([A-Za-z0-9/_-]{20,120})"),
    ("api key", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,250}"),
    ("stripe key", r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}"),
    ("google key", r"AIza[A-Za-z0-9_-]{35}"),
    ("google token", r"ya29\.[A-Za-z0-9_-]{20,500}"),
    ("registry token", r"npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,500}"),
    ("model hub token", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,60}"),
    ("mail key", r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    ("jwt", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?"),
    ("bearer token", r"[Bb]earer(?:[ +]|%20)([A-Za-z0-9._~+/-]{16,4000}={0,2})"),
    ("basic login", r"[Bb]asic(?:[ +]|%20)([A-Za-z0-9+/]{12,2000}={0,2})(?![\w.-])"),
)
FORMS: tuple[Form, ...] = (
    _form(
        "SECRET",
        KEY_HEAD + r"[^-]{0,9}-----(?:[^-]|-(?!----))*+" + KEY_TAIL + r"PRIVATE KEY-----",
        "private key",
    ),
    _form("SECRET", KEY_HEAD + r"(?:-----)?(?:\s|\\[nr]|[A-Za-z0-9+/=]{10,}+)*+", "private key"),
    *(_form("SECRET", expression, label) for label, expression in LABELLED),
    _form(
        "SECRET", r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,300})@", "url password", named=True
    ),  # to the last @ of the address: a password may hold one
    _form("EMAIL", r"(?<![\w.%+-])[\w.%+-]++@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"),
    _form(
        "CARD",
        r"(?<![\w.])(?:[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{3})?"
        r"|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5})(?![\w]|\.[0-9])",
        sure=_card,
    ),
    _form(
        "IBAN",
        r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?"
        r"(?![A-Za-z0-9])",
        sure=lambda _match, text: checksums.iban(text),
    ),
    _form(
        "ID",
        r"(?<![\w.])[1-9][0-9]{16}[0-9Xx](?!\w)",
        "resident id",
        sure=lambda _match, text: checksums.resident(text),
    ),
    _form(
        "ID",
        r"(?<![\w.-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])",
        "social security",
    ),
    _form(
        "PHONE",
        r"(?<![\w.+])\+(?:[1-9][0-9]{10,14}"
        r"|[1-9][0-9]{0,2}(?:[ .-]?\([0-9]{1,4}\))?(?:[ .-][0-9]{2,5}){2,5})(?!\w|\.[0-9])",
        sure=_phone,
    ),
    _form(
        "PHONE", r"(?<![\w.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[2-9][0-9]{2}-[0-9]{4}(?![\w-])"
    ),
    _form(
        "PHONE",
        r"(?i)(?:phone|mobile|tel|手机号?|电话)[\"' :=\uff1a]{1,4}(1[3-9][0-9]{9})(?![0-9])",
    ),
    _form(
        "IP",
        r"(?<![\w.-])(?<![A-Za-z]/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9]|-[A-Za-z])",
        sure=_public,
    ),
    _form("IP", r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{3,35}(?![\w:])", sure=_public6),
)
"""Every form, strongest first: where two overlap, the first one names the mask."""
