"""Sparklines of the guilty signals: healthy, hurt, and after the action."""

import math

from rich.console import Group, RenderableType
from rich.text import Text

from ..app.charts.tracks import Track
from ..app.words import sparkline, squeeze, value
from ..incident.document import Incident
from .screen import line

NUMBERS = 26
"""Columns for "1.23 s → 4.56 s" and the gaps."""


def sparks(found: list[Track], marks: list[float], width: int) -> RenderableType:
    """One line a signal, cut by a bar at each mark (unix seconds: onset, action).

    Args:
        found: what to draw.
        marks: increasing times inside the tracks' window.
        width: columns of the terminal.
    """
    names = max((len(f"{track.service} {track.signal}") for track in found), default=0)
    room = max(12, min(48, width - names - NUMBERS - len(marks)))
    return Group(*[_spark(track, marks, room, names) for track in found])


def _spark(track: Track, marks: list[float], room: int, names: int) -> Text:
    name = f"  {track.service} {track.signal}".ljust(names + 4)
    first, last = _level(track, track.ts[0], marks), _level(track, _last_mark(track, marks), [])
    numbers = f"  {value(first, track.unit)} → {value(last, track.unit)}"
    return line(name, (_drawn(track, marks, room), "who"), (numbers, "strong"))


def _drawn(track: Track, marks: list[float], room: int) -> str:
    cells = squeeze(track.values, room)
    drawn = sparkline(cells, room)
    before = [sum(ts < mark for ts in track.ts) for mark in marks]  # values before each mark
    cuts = [round(count / len(track.ts) * len(cells)) for count in before]
    for cut in sorted((c for c in cuts if 0 < c < len(cells)), reverse=True):
        drawn = drawn[:cut] + "│" + drawn[cut:]
    return drawn


def _last_mark(track: Track, marks: list[float]) -> float:
    """Where the last stretch begins: at the last mark, or four fifths in."""
    inside = [mark for mark in marks if mark < track.ts[-1] - 2]
    span = track.ts[-1] - track.ts[0]
    return max(inside[-1] if inside else 0.0, track.ts[0] + span * 0.8)


def _level(track: Track, start: float, marks: list[float]) -> float | None:
    """The median of what is known from `start` to the first mark after it."""
    end = next((mark for mark in marks if mark > start), float("inf"))
    pairs = zip(track.ts, track.values, strict=True)
    known = sorted(v for ts, v in pairs if start <= ts < end and math.isfinite(v))
    return known[len(known) // 2] if known else None


def marks_of(document: Incident) -> list[float]:
    """Onset and the end of each action, unix seconds, oldest first."""
    times = [document.onset] if document.onset else []
    times += [e.ended_at or e.started_at for e in document.executions]
    return sorted(time.timestamp() for time in times)
