"""An incident in figures: level, who is hurt, objectives, health, what an action did."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..app.charts.tracks import deviation
from ..app.words import seconds, value
from ..incident.action import Measure
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
    resolve = f"  restore within {seconds(targets.resolve_minutes * 60.0)}"
    level_word = (f"{level.value}  ", STYLES[level])
    head = line(("  severity  ", "dim"))
    return [folded(head, level_word, kind + targets.meaning, (resolve, "dim"))]


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
    text = f"{impact.users.value} of the users, business {impact.business.value}: {measured}"
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
        table.add_row(f"  {row.service} {row.signal}", *levels, _verdict(row))
    return table


def _verdict(row: Measure) -> Text:
    if row.healthy is None:
        return Text("? not measured", "dim")
    if not row.decisive:
        return Text("· context", "dim")
    return Text("✓ well", "good") if row.healthy else Text("✖ not well", "bad")
