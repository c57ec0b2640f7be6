"""Severity from live telemetry and labels; words come last (practice: severity).

Telemetry says how many requests fail or are slow. A label may raise that, never by more than one
step short of its own level; a word alone counts only where there is no telemetry.
"""

from dataclasses import dataclass

from ...incident.classification import Classification
from ...incident.severity import Severity
from ...tools.base import Result
from ...tools.health import ObjectiveState, ServiceHealth
from ...tools.logins import FailedLogins
from ...tools.traffic import RouteImpact
from ..causes.observations import first

FAILING = ((0.5, Severity.P0), (0.05, Severity.P1), (0.005, Severity.P2))
"""Share of failed requests at the edge, and the level it means."""
SLOW = ((0.5, Severity.P1), (0.1, Severity.P2))
"""Share of requests slower than the objective at the edge, beyond what is usual."""
MANY = 3
"""Failed requests below this are no level of failure."""


@dataclass(frozen=True)
class JudgedSeverity:
    """The level, the rule that gave it, how sure it is, and whether telemetry was there."""

    severity: Severity
    rule: str
    confidence: float
    live: bool
    attack: bool = False


def level_of(
    words: Classification,
    traffic: Result[RouteImpact],
    objectives: Result[ObjectiveState],
    health: Result[ServiceHealth],
    attacks: Result[FailedLogins],
) -> JudgedSeverity:
    """The level of an incident as of now."""
    attack = any(row.kind in ("concentrated", "distributed") for row in attacks.rows)
    seen = _live(traffic, objectives, health)
    if attack:
        seen.append((Severity.P1, "failed logins far above the usual: an attack on accounts"))
    if not seen:
        return JudgedSeverity(words.severity, words.rule, words.confidence, live=False)
    severity, rule = min(seen, key=lambda pair: pair[0].rank)
    floor = Severity(f"P{min(words.severity.rank + 1, 3)}")
    if floor.rank < severity.rank and words.confidence >= 0.3:
        return JudgedSeverity(floor, f"{words.rule}; {rule}", 0.7, live=True, attack=attack)
    return JudgedSeverity(severity, rule, 0.9, live=True, attack=attack)


def _live(
    traffic: Result[RouteImpact],
    objectives: Result[ObjectiveState],
    health: Result[ServiceHealth],
) -> list[tuple[Severity, str]]:
    found = []
    total = first(traffic, route="*")
    if total and total.requests:
        found += _shares(total)
    for row in objectives.rows:
        if row.breached and (row.total or 0) - (row.good or 0) >= MANY:
            rule = f"{row.service} misses its objective {row.name}"
            found.append((Severity.P2, rule))
    for row in health.rows:
        if "bad" in (row.errors, row.latency, row.saturation, row.traffic):
            found.append((Severity.P2, f"{row.service} is unwell ({row.worst_signal})"))
    if not found and health.ok:
        found.append((Severity.P3, "no service is unwell"))
    return found


def _shares(total: RouteImpact) -> list[tuple[Severity, str]]:
    failing = (total.share or 0.0) if total.failed >= MANY else 0.0
    slow = (total.slow or 0) / total.requests
    found = [(level, f"{failing:.1%} of requests fail") for at, level in FAILING if failing >= at]
    return found[:1] + [(level, f"{slow:.0%} are slow") for at, level in SLOW if slow >= at][:1]
