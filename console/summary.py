"""An incident at a glance: level, who is hurt, objectives."""

from rich.console import Group, RenderableType

from ..app.words import seconds, value
from ..incident.document import Incident
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
