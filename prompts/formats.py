"""How numbers, times and our own words are written in messages: UTC, percent, durations a person
reads, levels and states in Chinese."""

from datetime import UTC, datetime
from functools import cache

from ..yaml_tables import read_table

UNKNOWN = "—"


@cache
def _chinese() -> dict[str, str]:
    return read_table("prompts/words.zh.yaml", dict[str, str])


def zh(word: str) -> str:
    """Our word in Chinese, or itself where we have none: text written by others stays as it is."""
    return _chinese().get(str(word), word)


def utc(moment: datetime | None) -> str:
    """A moment, UTC, to the second."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(moment: datetime | None) -> str:
    """The time of day, UTC, to the second."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%H:%M:%S}"


def percent(share: float | None) -> str:
    """A share 0..1 in percent, with as many digits as tell it from 0 and 100."""
    if share is None:
        return UNKNOWN
    near_an_end = share not in (0, 1) and (abs(share) < 0.01 or 0.99 < share < 1)
    return f"{share:.2%}" if near_an_end else f"{share:.1%}"


def count(number: float | None) -> str:
    """A whole number with thousands separators."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def figure(number: float | None) -> str:
    """A measured number to three significant digits."""
    return UNKNOWN if number is None else f"{number:,.3g}" if abs(number) < 1000 else count(number)


def level(value: float | None, unit: str = "") -> str:
    """A signal's value with its unit; shares are shown in percent."""
    if value is None:
        return UNKNOWN
    return percent(value) if unit == "share" else f"{figure(value)} {unit}".rstrip()


def duration(seconds: float | None, language: str = "en") -> str:
    """Seconds as a person says them: 42 s, 5 min, 1 h 30 min."""
    if seconds is None:
        return UNKNOWN
    second, minute, hour = (" 秒", " 分钟", " 小时") if language == "zh" else (" s", " min", " h")
    whole = round(max(0, seconds))
    if whole < 120:
        return f"{whole}{second}"
    hours, minutes = divmod(round(whole / 60), 60)
    parts = [f"{hours}{hour}"] * (hours > 0) + [f"{minutes}{minute}"] * (minutes > 0)
    return " ".join(parts)
