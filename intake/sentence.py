"""A person's words as an alert: "checkout is slow since 14:05". Which service and since when is
read by rules; what was understood is said, and what may mean two things is asked back.
"""

import difflib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..analysis.quantities import span
from ..errors import InputError

WORD = re.compile(r"\w[\w./:-]*")
GENERIC = frozenset(
    ("api", "app", "backend", "database", "db", "frontend", "server", "service", "site", "web")
)
"""Parts of many names: none of them alone names a service."""
CLOCK = re.compile(
    r"(?i)(?P<date>\d{4}-\d\d-\d\d[T ])?(?<![\d:.])(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?![\d:])"
    r"\s*(?P<half>[ap]\.?m\b)?(?P<utc>\s*(?:z|utc|gmt)\b)?"
)
YESTERDAY = re.compile(r"(?i)\byesterday\b")
UNIT = r"(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
AMOUNT = rf"(an?|\d{{1,5}}(?:\.\d+)?)\s*{UNIT}"
AGO = re.compile(rf"(?i)\b(?:since|for|last)\s+(?:about\s+)?{AMOUNT}\b|\b{AMOUNT}\s+ago\b")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NEAR = 0.85
"""So much alike is a slip of the pen, maybe."""
MOST_NAMED = 5


@dataclass(frozen=True)
class Understood:
    """What a sentence says."""

    text: str
    service: str
    since: datetime | None
    said: tuple[str, ...]
    """How it was understood, for the person to read."""

    @property
    def body(self) -> bytes:
        """As an alert in the plain format."""
        told = {"name": self.text, "summary": self.text, "service": self.service}
        starts = {"starts_at": self.since.isoformat()} if self.since else {}
        return json.dumps({name: one for name, one in told.items() if one} | starts).encode()


def understood(text: str, services: Collection[str], now: datetime) -> Understood:
    """What it says.

    Args:
        text: the person's words.
        services: that are known.
        now: with the person's zone: a clock is read in it, and lies in the past.

    Raises InputError for what may mean two things.
    """
    service, how = _service(text, services)
    since, when = _since(text, now)
    return Understood(text, service, since, (how, when))


def _service(text: str, services: Collection[str]) -> tuple[str, str]:
    """The service that is named first, and in words how it was found."""
    plain = {_plain(name): name for name in services}
    named: dict[int, str] = {}  # by where; of those at one place the longest
    for name in sorted(plain, key=len):
        if (at := _at(name, text)) >= 0:
            named[at] = plain[name]
    if named:
        first, *others = (named[at] for at in sorted(named))
        also = f"; also named: {', '.join(others[:MOST_NAMED])}" if others else ""
        return first, f"service {first}{also}"
    words = [word for word in map(_plain, WORD.findall(text)) if len(word) > 2]
    for word in (word for word in words if word not in GENERIC):
        if parts := sorted(name for one, name in plain.items() if word in one.split("-")):
            return _only(word, parts), f"service {parts[0]}, which {word!r} is a part of"
    for word in words:
        if near := difflib.get_close_matches(word, plain, 3, NEAR):
            names = " or ".join(plain[one] for one in near)
            raise InputError(f"{word!r} is no service that is known: did you mean {names}?")
    known = ", ".join(sorted(services)[:MOST_NAMED]) or "none"
    return "", f"no service is named, so all are looked at (known: {known})"


def _only(word: str, parts: list[str]) -> str:
    if len(parts) > 1:
        names = ", ".join(parts[:MOST_NAMED])
        raise InputError(f"{word!r} may be one of {names}: write which one")
    return parts[0]


def _plain(name: str) -> str:
    """Without case, and with one sign between the parts."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _at(name: str, text: str) -> int:
    """Where a text names it as a whole word; -1: nowhere."""
    return f"-{_plain(text)}-".find(f"-{name}-") if name else -1


def _since(text: str, now: datetime) -> tuple[datetime | None, str]:
    """When it began, and in words how that was found."""
    times = [*AGO.finditer(text), *CLOCK.finditer(text)]
    if len(times) > 1:
        raise InputError(f"it names {len(times)} times: write the one that it began at")
    if times:
        at = (_ago if times[0].re is AGO else _clock)(times[0], now)
        if at > now:
            raise InputError(f"{at:%Y-%m-%d %H:%M} has not come yet: write when it began")
        ago, clock = span((now - at).total_seconds()), "%H:%M:%S" if at.second else "%H:%M"
        return at, f"since {at:%Y-%m-%d} {at.strftime(clock)} {at:%Z}, {ago} ago"
    if YESTERDAY.search(text):
        raise InputError("yesterday is long: write at what time it began, yesterday 14:05")
    said = "not understood" if "since" in text.casefold().split() else "not said"
    return None, f"since when is {said}, so it is taken to begin now; write: since 14:05"


def _ago(match: re.Match[str], now: datetime) -> datetime:
    amount, unit = match[1] or match[3], match[2] or match[4]
    number = 1.0 if amount.lower().startswith("a") else float(amount)
    return now - timedelta(seconds=number * SECONDS[unit[0].lower()])


def _clock(match: re.Match[str], now: datetime) -> datetime:
    """The last time that it was so late; on a date that is named, that one."""
    hour, minute, second = map(int, f"{match['clock']}:0".split(":")[:3])
    half, dated = match["half"], match["date"]
    day = now.astimezone(UTC) if match["utc"] else now
    if not dated and YESTERDAY.search(match.string):
        day -= timedelta(days=1)
    try:
        if half and not 1 <= hour <= 12:
            raise ValueError("of twelve hours there are twelve")
        hour = hour % 12 + 12 * (half[0].lower() == "p") if half else hour
        if dated:
            day = datetime.fromisoformat(dated[:10]).replace(tzinfo=day.tzinfo)
        at = day.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        raise InputError(f"{match[0].strip()!r} is no time of the day: write 14:05") from None
    return at if dated or at <= now else at - timedelta(days=1)
