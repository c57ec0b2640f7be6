"""A time as somebody writes it who reads tables: one form for every tool.

2026-11-21T11:06:17Z    11:06:17 (of the incident's day)    +12.5s, -3m, -2d (after the onset)
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from ..errors import ToolRetry
from ..telemetry.model import Window
from .base import Bench

Moment = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, (int, float)) else value),
    Field(
        description="2026-01-31T15:03:00Z, 15:03:00 (UTC) or, from the onset, +12.5s, -5m, -2h, -3d"
    ),
]
"""The argument of a tool that takes a time; empty: its default."""

DAY_S = 86_400.0
RELATIVE = re.compile(r"(?:onset)?\s*([+-]\s*\d+(?:\.\d+)?)\s*(s|m|h|d)?", re.IGNORECASE)
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}
CLOCK = re.compile(
    r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?\s*(?:Z|UTC)?", re.IGNORECASE
)
SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?")


def moment(bench: Bench, text: str) -> float:
    """A written time as unix seconds. Raises ToolRetry saying which forms there are."""
    onset, said = bench.frame.began, text.strip()
    if found := RELATIVE.fullmatch(said):
        return onset + float(found[1].replace(" ", "")) * UNITS[(found[2] or "s").lower()]
    if SECONDS.fullmatch(said):
        return float(said)
    if found := CLOCK.fullmatch(said):
        return _nearest_day(onset, int(found[1]), int(found[2]), float(found[3] or 0))
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise _unreadable(bench, text) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def between(bench: Bench, start: str, end: str, usual: Window) -> Window:
    """From one written time to another; what is empty is as usual. Raises ToolRetry."""
    begin = moment(bench, start) if start.strip() else usual.start
    until = moment(bench, end) if end.strip() else usual.end
    if begin >= until:
        said = f"start {clock(begin)} is not before end {clock(until)}"
        raise ToolRetry(f"{said}; the incident is {spoken(bench.frame.incident)}")
    return Window(begin, until)


def clock(at: float) -> str:
    """Unix seconds as 2026-11-21T11:06:17Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(window: Window) -> str:
    """A window in words that `moment` reads."""
    return f"{clock(window.start)} to {clock(window.end)}"


def _nearest_day(onset: float, hour: int, minute: int, second: float) -> float:
    """This time of day, on the day on which it is nearest to the onset."""
    day = datetime.fromtimestamp(onset, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    at = (day + timedelta(hours=hour, minutes=minute, seconds=second)).timestamp()
    return at - round((at - onset) / DAY_S) * DAY_S


def _unreadable(bench: Bench, text: str) -> ToolRetry:
    forms = "2026-01-31T15:03:00Z, 15:03:00 or +12.5s (after the onset)"
    when = f"the incident is {spoken(bench.frame.incident)}"
    return ToolRetry(f"{text[:40]!r} is no time; write {forms}; {when}")
