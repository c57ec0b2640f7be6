"""What must not leave the machine, by its form: keys, tokens, cards, accounts, addresses.

Forms are narrow where ordinary telemetry comes close to them (checksums, lengths, prefixes), and
no expression may backtrack: every run is possessive, bounded or begins where no other run can.
What vendors' keys look like is known to `rules.py`, values that only their name gives away
(`password=…`) are found in `named.py`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

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


KEY_HEAD, KEY_TAIL = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY", r"-----END [A-Z0-9 ]{0,30}"
LABELLED = (
    ("aws key", r"(?:AKIA|ASIA)[0-9A-Z]{16}"),
    ("github token", r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    ("api key", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,250}"),
    ("stripe key", r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,250}"),
    ("webhook secret", r"whsec_[A-Za-z0-9+/=_-]{16,100}"),
    ("google token", r"ya29\.[A-Za-z0-9_-]{20,500}|GOCSPX-[A-Za-z0-9_-]{20,60}"),
    ("registry token", r"(?:pypi-|dckr_(?:pat|oat)_)[A-Za-z0-9_-]{20,500}"),
    ("mail key", r"(?<![A-Za-z0-9-])(?:key-[0-9a-f]{32}|[0-9a-f]{32}-us[0-9]{1,2})(?![\w-])"),
    ("api key", r"(?<![A-Za-z0-9_])ntn_[A-Za-z0-9]{40,60}"),
    ("licence key", r"(?<![A-Za-z0-9])[0-9a-f]{36}NRAL"),
    ("bot token", r"(?<![0-9])[0-9]{6,12}:A[A-Za-z0-9_-]{34}(?![\w-])"),
    ("vault token", r"(?<![\w.])hv[sbr]\.[A-Za-z0-9_-]{20,300}"),
    ("webhook", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,160})"),
    ("webhook", r"discord(?:app)?\.com/api/webhooks/([0-9]{5,25}/[\w-]{20,120})"),
    ("webhook", r"webhook\.office\.com/webhookb2/([\w@/-]{20,400})"),
    (
        "signature",
        r"(?i)[?&;](?:sig|(?:x-(?:amz|goog)-)?signature|x-amz-security-token)=([\w%+/=.-]{16,2000})",
    ),
    ("jwt", r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?"),
    ("bearer token", r"[Bb]earer(?:[ +]|%20)([A-Za-z0-9._~+/-]{16,4000}={0,2})"),
    ("basic login", r"[Bb]asic(?:[ +]|%20)([A-Za-z0-9+/]{12,2000}={0,2})(?![\w.-])"),
)
"""Forms of keys that gitleaks does not know, or asks more of than a cut log line has left."""
COMMANDS = (
    r"(?i)\bpassword\s{1,4}[\"']([^\"'\n]{1,200})[\"']",
    r"(?i)\bidentified(?:\s+with\s+[\w\"'`]{1,40})?\s+(?:by|as)(?:\s+password)?\s+'([^'\n]{1,200})'",
    r"\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,100}:([^\s\"']{1,200})",
    r"\b(?:mysql|mariadb)[\w-]{0,10}\s(?:[^\n|;]{0,300}?\s)?-p([^\s\"';|]{2,200})",
    r"\bredis-cli\s(?:[^\n|;]{0,300}?\s)?-a\s{1,3}[\"']?([^\s\"']{2,200})",
    r"\bsshpass\s{1,3}-p\s{0,3}[\"']?([^\s\"']{2,200})",
)
"""Passwords by their place in a statement or on a command line."""
CALLED = (
    r"(?i)(?<![A-Za-z])(?:(?:tele)?phone|mobile|msisdn|tel|sms|fax|whatsapp|手机|电话|短信)(?![a-z])"
    r"[^\n0-9+()]{0,20}"
)
"""What stands before a number that is called."""
FORMS: tuple[Form, ...] = (
    _form(
        "SECRET",
        KEY_HEAD + r"[^-]{0,9}-----(?:[^-]|-(?!----))*+" + KEY_TAIL + r"PRIVATE KEY-----",
        "private key",
    ),
    _form("SECRET", KEY_HEAD + r"(?:-----)?(?:\s|\\[nr]|[A-Za-z0-9+/=]{10,}+)*+", "private key"),
    *(_form("SECRET", expression, label) for label, expression in LABELLED),
    *(_form("SECRET", expression, "password", named=True) for expression in COMMANDS),
    _form(
        "SECRET", r"://[^\s:/@\"'<>]{0,100}:([^\s/\"'<>]{1,300})@", "url password", named=True
    ),  # to the last @ of the address: a password may hold one
    _form("EMAIL", r"(?<![\w.%+-])[\w.%+-]++@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])"),
    _form(
        "EMAIL",
        r"(?<![\w.+-])[\w.+-]++(?:%40|&#(?:64|x40);|&commat;)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}"
        r"(?![\w-])",
    ),
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
        sure=lambda _match, text: iban(text),
    ),
    _form(
        "ID",
        r"(?<![\w.])[1-9][0-9]{16}[0-9Xx](?!\w)",
        "resident id",
        sure=lambda _match, text: resident(text),
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
        "PHONE",
        r"(?<![\w.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[2-9][0-9]{2}-[0-9]{4}(?![\w-])",
    ),
    _form("PHONE", r"(?<![\w.-])[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}(?![\w-]|\.[0-9])"),
    _form(
        "PHONE",  # national: a 0, an area, a number; or 00 and a country
        r"(?<![\w.+:/-])(?:00[1-9][0-9]{0,2}[ -]|0)[1-9][0-9]{1,4}"
        r"(?:[ /-][0-9]{3,9}){1,3}(?![\w:-]|\.[0-9])",
        sure=_phone,
    ),
    _form("PHONE", r"(?<![\w.+:/-])0[1-9](?: [0-9]{2}){4}(?![\w:-]| [0-9])"),
    _form("PHONE", CALLED + r"([0-9][0-9 -]{8,16}[0-9])(?![\w.-])", sure=_called),
    _form(
        "ID",
        r"(?<![\w-])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: [0-9]{2}){3} [A-D](?![\w-])",
        "national insurance",
    ),
    _form(
        "IP",
        r"(?<![\w.-])(?<![A-Za-z]/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9]|-[A-Za-z])",
        sure=_public,
    ),
    _form("IP", r"(?<![\w:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{3,35}(?![\w:])", sure=_public6),
)
"""Every form, strongest first: where two overlap, the first one names the mask."""
