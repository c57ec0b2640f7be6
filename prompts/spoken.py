"""How messages say shares, times and lengths of time: as a person does, no more exactly than the
reader needs. Words by pattern: words.zh.yaml has them in Chinese.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from ..analysis.quantities import FEW, UNKNOWN, count
from ..incident.impact import Impact
from .values import zh

SHARES = (
    (0.95, "almost all"),
    (0.55, "about {tenths} in 10"),
    (0.45, "about half of all"),
    (0.092, "about {tenths} in 10"),
    (0.0085, "about 1 in {n}"),
    (0.0, "fewer than 1 in 100"),
)
"""From which share on it is said how."""
ONE_IN = (12, 15, 20, 30, 50, 100)


def about(share: float | None, language: str = "en") -> str:
    """A share: about 4 in 10; almost all; fewer than 1 in 100."""
    if share is None:
        return UNKNOWN
    words = next(words for least, words in SHARES if share >= least)
    n = min(ONE_IN, key=lambda n: abs(n - 1 / max(share, 0.001)))
    tenths = (
        "零一二三四五六七八九"[round(share * 10) % 10] if language == "zh" else f"{share * 10:.0f}"
    )
    return _say(words, language).format(tenths=tenths, n=n, percent=round(100 / n))


def harmed(impact: Impact | None, language: str = "en", outside: bool = False) -> str:
    """How many requests are hurt: about 1 in 10 requests; of few, which tell no share, their
    number, which stays inside. Empty: none are, or nobody counted."""
    if impact is None or not impact.hurt_share:
        return ""
    if impact.requests >= FEW:
        share = about(impact.hurt_share, language)
        return _say("{share} requests", language).format(share=share)
    few = _say("some requests" if outside else "{lost} of {every} requests", language)
    lost = impact.failed_requests + impact.lost_requests
    return few.format(lost=count(lost), every=count(impact.requests))


def _say(words: str, language: str) -> str:
    return zh(words) if language == "zh" else words


def hour(at: datetime | None, now: datetime, language: str = "en") -> str:
    """14:02 UTC; of another day than now's: 29 November, 14:02 UTC."""
    if at is None:
        return UNKNOWN
    at, today = at.astimezone(UTC), now.astimezone(UTC).date()
    day = f"{at.month} 月 {at.day} 日 " if language == "zh" else f"{at.day} {at:%B}, "
    return f"{day if at.date() != today else ''}{at:%H:%M} UTC"


def day(at: datetime, language: str = "en") -> str:
    """30 November 2026."""
    at = at.astimezone(UTC)
    return f"{at:%Y} 年 {at.month} 月 {at.day} 日" if language == "zh" else f"{at.day} {at:%B %Y}"


def lasting(seconds: float, language: str = "en") -> str:
    """less than a minute; 4 minutes; 1 hour 30 minutes."""
    chinese, minutes = language == "zh", round(seconds / 60)
    if seconds < 60:
        return "不到一分钟" if chinese else "less than a minute"
    units = ("小时", "分钟") if chinese else ("hour", "minute")
    parts = [(n, unit) for n, unit in zip(divmod(minutes, 60), units, strict=True) if n]
    return " ".join(f"{n} {unit}{'' if chinese or n == 1 else 's'}" for n, unit in parts)


def during(begun: datetime, over: datetime, now: datetime, language: str = "en") -> str:
    """between 14:02 and 14:06 UTC; at 14:02 UTC, where that is one minute."""
    chinese, first, last = language == "zh", hour(begun, now, language), hour(over, now, language)
    if first == last:
        return f"{first} 前后" if chinese else f"at {first}"
    first = first.removesuffix(" UTC")
    return f"{first} 至 {last} 期间" if chinese else f"between {first} and {last}"


def opening(text: str) -> str:
    """With a capital, as a sentence begins."""
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str], language: str = "en") -> str:
    """a; a and b; a, b and c."""
    mark, last = ("、", " 和 ") if language == "zh" else (", ", " and ")
    return last.join([mark.join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
