"""How values stand in messages: numbers, times and our own words (UTC, percent, durations a person
reads, levels and states in Chinese), and text written by others, made harmless inside Markdown.

Alerts, log lines, commit messages and the like are data. They may hold Markdown, HTML, control
characters or bidirectional marks: none of it may become structure in a text of ours.
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ..analysis.quantities import FEW, UNKNOWN, count, figure, percent, quantity
from ..incident.impact import Impact
from ..incident.onset import Onset
from ..text_safety.lines import one_line
from ..yaml_tables import read_table

__all__ = ["count", "figure", "percent", "quantity"]


@cache
def _chinese() -> dict[str, str]:
    return read_table("prompts/words.zh.yaml", dict[str, str])


def zh(word: str) -> str:
    """Our word in Chinese, or itself where we have none: text written by others stays as it is."""
    return _chinese().get(str(word), word)


def utc(moment: datetime | None) -> str:
    """A moment, UTC, to the second."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


Between = tuple[datetime, datetime]
"""Two samples that a moment lies between."""


def began(onset: Onset, language: str = "en") -> str:
    """When something began, as exactly as samples tell."""
    if not onset.known:
        say = zh if language == "zh" else str
        return say(AT_THE_LATEST).format(at=utc(onset.at))
    words = sampled(onset.between, language)
    return f"{onset.at.astimezone(UTC):%Y-%m-%d} {words}" if words else utc(onset.at)


AT_THE_LATEST = "not known, at the latest {at} (the alert)"


def sampled(between: Between | None, language: str = "en") -> str:
    """between 14:02:10 and 14:02:25 UTC (samples every 15 s); empty where samples are as close as
    the second that is told."""
    if between is None or (spacing := round((between[1] - between[0]).total_seconds())) < 1:
        return ""
    first, last = map(clock, between)
    if language == "zh":
        return f"{first} 至 {last} UTC 之间 (每 {spacing} 秒采样一次)"
    return f"between {first} and {last} UTC (samples every {spacing} s)"


def clock(moment: datetime | None) -> str:
    """The time of day, UTC, to the second."""
    return UNKNOWN if moment is None else f"{moment.astimezone(UTC):%H:%M:%S}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: 42 s, 5 min, 1 h 30 min."""
    if seconds is None:
        return UNKNOWN
    whole = round(max(0, seconds))
    if whole < 120:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0)
    return " ".join(parts)


# Who is hurt: one figure, with the time it was measured in.

FAILED = "{failed} of {every} requests failed ({share})"
FAILED_FEW = "{failed} of {every} requests failed"
LOST = ", and about {lost} more were refused or found nothing, which is unusual"
WHEN = ", measured from {since} to {until} UTC"
MOMENT = ", measured at {since} UTC"


def hurt(impact: Impact | None) -> str:
    """How many requests failed, and when that was measured; what was not measured is not said."""
    if impact is None or not impact.requests:
        return "not measured"
    text = FAILED if impact.requests >= FEW else FAILED_FEW
    text += (LOST if impact.lost_requests else "") + _when(impact)
    return text.format(
        failed=count(impact.failed_requests),
        every=count(impact.requests),
        share=percent(impact.failed_share),
        lost=count(impact.lost_requests),
    )


def _when(impact: Impact) -> str:
    if impact.since is None or impact.until is None:
        return ""
    since, until = (f"{at.astimezone(UTC):%H:%M}" for at in (impact.since, impact.until))
    return (MOMENT if since == until else WHEN).format(since=since, until=until)


# Text written by others.

MAX_CHARS = 600
"""Longer values are cut, with a mark that says so."""

_SPECIAL = re.compile(r"[\\`*\[\]|~@$]")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # db_pool stays as it is
_ENTITY = re.compile(r"&(?=[#\w]+;)")
_LINE_START = re.compile(r"^(?=[-+=#>:])")
_NUMBERED = re.compile(r"^(\d+)(?=[.)](\s|$))")
_URL = re.compile(r"(?<=[a-z]):(?=//)|(?<=\bwww)\.|(?<=\bmailto):", re.IGNORECASE)


class Trusted(str):
    """Markdown of our own making: rendered as it is."""

    __slots__ = ()


def plain(value: Any, limit: int = MAX_CHARS) -> str:
    """One line of visible text: hidden characters dropped, blanks folded, cut to `limit`."""
    text = one_line(str(value)[: limit * 4])
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def data(value: Any, limit: int = MAX_CHARS) -> Trusted:
    """The value as one line that Markdown shows literally.

    Escaped: code, emphasis, links, images, tables, HTML, mentions, maths, and what would open a
    block at the start of a line. Bare addresses lose their automatic link.
    """
    text = _SPECIAL.sub(lambda match: "\\" + match.group(), plain(value, limit))
    text = _EDGE_UNDERSCORE.sub(r"\\_", text)
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;")
    text = _URL.sub(lambda match: "\\" + match.group(), text)
    text = _NUMBERED.sub(r"\1\\", text)
    return Trusted(_LINE_START.sub(r"\\", text))


def code(value: Any, limit: int = MAX_CHARS) -> Trusted:
    """The value as a code span that it cannot close. Not for table cells: pipes stay."""
    text = plain(value, limit)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return Trusted(f"{fence}{pad}{text or ' '}{pad}{fence}")


def code_cell(value: Any, limit: int = MAX_CHARS) -> Trusted:
    """A code span for a table cell, where a pipe needs an escape even inside code."""
    return Trusted(code(value, limit).replace("|", "\\|"))


def opened(link: Any) -> Trusted:
    """A link that code built, behind what it opens; nothing for what is no plain address."""
    good = re.fullmatch(r"https?://[\w.~:/?#\[\]@!$&'*+,;=%-]+", str(link), re.ASCII)
    return Trusted(f" ([open](<{link}>))" if good else "")


def cite(ids: Any) -> Trusted:
    """Ids as reference links: evidence [E1], timeline [T4], gap [G1], dropped claim [D1]; anything
    else is left out."""
    good = [f"[{item}]" for item in ids if re.fullmatch(r"[ETGD]\d{1,6}", str(item))]
    return Trusted(" ".join(dict.fromkeys(good)))
