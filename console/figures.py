"""An incident in figures and sparklines: level, who is hurt, health, what an action did."""

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..app.charts.tracks import Track, deviation
from ..app.words import seconds, sparkline, squeeze, value
from ..incident.action import Measure
from ..incident.classification import respond_minutes
from ..incident.document import Incident
from ..incident.report import HealthRow
from ..incident.severity import TARGETS, IncidentType, Severity
from .screen import folded, line, shown

STYLES = {Severity.P0: "bold red", Severity.P1: "red", Severity.P2: "yellow", Severity.P3: "green"}


def severity_lines(document: Incident) -> RenderableType:
    """Severity and what it obliges to, services, impact, objectives missed."""
    return Group(*_severity(document), *_services(document), *_impact(document), *_slo(document))


def _severity(document: Incident) -> list[RenderableType]:
    level = document.severity
    if level is None:
        return [line(("  not classified yet", "dim"))]
    targets = TARGETS[level]
    kind = "" if document.type is IncidentType.unknown else f"{document.type.value}: "
    also = f"({targets.also})  "
    respond = seconds(60.0 * (respond_minutes(document) or targets.respond_minutes))
    restore = seconds(targets.resolve_minutes * 60.0)
    within = f"  respond within {respond}, restore within {restore}"
    level_word = (f"{level.value}  ", STYLES[level])
    head = line(("  severity  ", "dim"))
    return [folded(head, level_word, (also, "dim"), kind + targets.meaning, (within, "dim"))]


def _services(document: Incident) -> list[RenderableType]:
    hurt = [s for s in document.services if s.role != "dependency"]
    names = ", ".join(f"{shown(s.name)} ({shown(s.role)})" for s in hurt[:5])
    return [folded(line(("  services  ", "dim")), names)] if names else []


def _impact(document: Incident) -> list[RenderableType]:
    impact = document.impact
    if impact is None:
        return []
    share = value(impact.failed_share, "share")
    failed = f"{impact.failed_requests} of {impact.requests} requests failed ({share})"
    measured = failed if impact.requests else f"requests not measured; by {shown(impact.basis)}"
    text = f"{measured}; business {impact.business.value}"
    money = impact.revenue_per_hour
    risk = f", about {money:,.0f} an hour at risk" if money else ""
    return [folded(line(("  impact    ", "dim")), text + risk)]


def _slo(document: Incident) -> list[RenderableType]:
    missed = [slo for slo in document.slo if slo.breached]
    return [
        line(
            ("  objective ", "dim"),
            f"{shown(slo.service)} {shown(slo.name)}: {value(slo.current, 'share')}, "
            f"wanted {value(slo.objective, 'share')}",
            ("  ✖ missed", "bad"),
        )
        for slo in missed[:4]
    ]


GROUPS = ("traffic", "errors", "latency", "saturation", "logs")
MARKS = {"ok": ("· ok", "dim"), "watch": ("▲ watch", "watch"), "bad": ("✖ bad", "bad")}
UNKNOWN = ("? unknown", "dim")


def matrix(rows: Sequence[HealthRow]) -> RenderableType:
    """A mark and a word per cell, so that it reads without colour."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("  service", no_wrap=True)
    for group in GROUPS:
        table.add_column(group, no_wrap=True, min_width=7)
    for row in rows:
        states = [getattr(row, group) for group in GROUPS]
        style = "strong" if "bad" in states else ""
        table.add_row(Text(f"  {row.service}", style), *[_cell(state) for state in states])
    return table


def _cell(state: str) -> Text:
    word, style = MARKS.get(state, UNKNOWN)
    return Text(word, style)


MOST = 8


def measures(rows: Sequence[Measure]) -> RenderableType:
    """Decisive ones first, those that changed most in front; values with their units."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("  signal", no_wrap=True)
    for name in ("healthy", "before", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in sorted(rows, key=lambda row: (not row.decisive, -deviation(row)))[:MOST]:
        levels = [value(level, row.unit) for level in (row.baseline, row.before, row.after)]
        table.add_row(f"  {row.name}", *levels, _verdict(row))
    return table


def _verdict(row: Measure) -> Text:
    if row.healthy is None:
        return Text("? not measured", "dim")
    if not row.decisive:
        return Text("· context", "dim")
    return Text("✓ well", "good") if row.healthy else Text("✖ not well", "bad")


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
    times = [document.began.at] if document.began.known else []
    times += [e.ended_at or e.started_at for e in document.executions]
    return sorted(time.timestamp() for time in times)
