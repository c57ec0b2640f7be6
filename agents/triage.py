"""Triage: how bad is it (step 1), and what may stop the hurting now (step 3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..analysis.fusion import CONCLUSIVE
from ..analysis.quantities import percent
from ..incident.classification import Classification, classify
from ..incident.finding import Finding, Gap
from ..incident.impact import Command, Impact, ServiceState, SloState, Traffic, assess
from ..incident.report import DetectionReport, MitigationReport
from ..incident.severity import Category, IncidentType, Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..tools.base import Result
from ..tools.health import ObjectiveState, ServiceHealth
from ..tools.logins import FailedLogins
from ..tools.traffic import RouteImpact
from .causes.calibration import weighing_of
from .causes.judgement import candidates, judge
from .causes.observations import Observations, cite, finding, first, where
from .causes.remedies import propose, sure_of_first
from .health.anomalies import backed
from .reporting.wording import alert_gap, baseline_gap, coverage_gaps
from .runtime.case import Case

# Severity from live telemetry and labels; words come last (practice: severity). Telemetry says how
# many requests fail or are slow. A label may raise that, never by more than one step short of its
# own level; a word alone counts only where there is no telemetry.

FAILING = ((0.5, Severity.P0), (0.05, Severity.P1), (0.005, Severity.P2))
"""Share of failed requests at the edge, and the level it means."""
SLOW = ((0.5, Severity.P1), (0.1, Severity.P2))
"""Share of requests slower than the objective at the edge, beyond what is usual."""
FEWEST = 3
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
    traffic: Result[RouteImpact], objectives: Result[ObjectiveState], health: Result[ServiceHealth]
) -> list[tuple[Severity, str]]:
    found = []
    total = first(traffic, route="*")
    if total and total.requests:
        found += _shares(total)
    for row in objectives.rows:
        if row.breached and (row.total or 0) - (row.good or 0) >= FEWEST:
            rule = f"{row.service} misses its objective {row.name}"
            found.append((Severity.P2, rule))
    for row in health.rows:
        if "bad" in (row.errors, row.latency, row.saturation, row.traffic):
            found.append((Severity.P2, f"{row.service} is unwell ({row.worst_signal})"))
    if not found and health.ok:
        found.append((Severity.P3, "no service is unwell"))
    return found


def _shares(total: RouteImpact) -> list[tuple[Severity, str]]:
    failing = (total.share or 0.0) if total.failed >= FEWEST else 0.0
    slow = (total.slow or 0) / total.requests
    lost = f"{percent(failing)} of requests fail"
    found = [(level, lost) for at, level in FAILING if failing >= at]
    return (
        found[:1] + [(level, f"{percent(slow)} are slow") for at, level in SLOW if slow >= at][:1]
    )


# The steps.


def detect(case: Case) -> DetectionReport:
    """Step 1: severity, type, affected services, impact, objectives, command."""
    seen = Observations(case)
    words = _words(case)
    health, traffic = seen.health, seen.impact
    objectives, attacks = seen.objectives, seen.logins
    coverage = seen.coverage
    level = level_of(words, traffic, objectives, health, attacks)
    reasons = backed(seen, traffic, objectives)
    alert, detect_s = case.document.alert, case.catalogue.windows.detect_s
    unseen = alert_gap(alert, coverage, detect_s)
    blind = baseline_gap(alert, coverage, detect_s)
    if unseen and not reasons:
        level = JudgedSeverity(words.severity, words.rule, words.confidence, live=False)
    noise = coverage.ok and health.ok and not reasons and not unseen and not blind
    services = _services(case, health)
    summary = (
        "noise: nothing in telemetry backs the alert"
        if noise
        else f"{level.severity.value} by {level.rule}; affected: {_names(services)}"
    )
    return DetectionReport(
        specialist="triage",
        conclusion="concluded" if level.live or noise else "inconclusive",
        summary=summary,
        severity=Severity.P3 if noise else level.severity,
        type=IncidentType.security if level.attack else words.type,
        category=Category.security if level.attack else words.category,
        rule=level.rule,
        confidence=level.confidence,
        noise=noise,
        services=services,
        impact=_impact(case, level, words, traffic),
        slo=[_slo(objectives, row) for row in objectives.rows],
        command=_command(case, services),
        findings=[*reasons, *_findings(case, traffic, noise, health)],
        gaps=coverage_gaps(coverage) + unseen + blind + _unknown_service(case, health),
        searched=seen.searched(),
        events=[Event(at=case.now, actor="triage", kind=EventKind.severity, text=summary)],
    )


def mitigate(case: Case) -> MitigationReport:
    """Step 3: first moves, from what the sweep saw; sure enough to ask at once, or not."""
    seen = Observations(case)
    hypotheses = judge(candidates(seen), case.document, weighing_of(seen))
    plans, gaps = propose(seen, hypotheses)
    leading = hypotheses[0] if hypotheses else None
    confidence = leading.confidence if leading else 0.0
    summary = "no first move is backed by evidence"
    for meant in (h for h in hypotheses if plans and h.id == plans[0].hypothesis):
        summary = f"first move: {plans[0].title}, because {meant.statement}"
    return MitigationReport(
        specialist="triage",
        conclusion="concluded" if confidence >= CONCLUSIVE else "inconclusive",
        summary=summary,
        act_now=sure_of_first(plans, hypotheses) >= case.settings.act_confidence,
        hypotheses=hypotheses,
        proposals=plans,
        gaps=gaps,
        searched=seen.searched(),
    )


def _words(case: Case) -> Classification:
    alert = case.document.alert
    text = " ".join([alert.name, alert.summary, *alert.annotations.values()])
    return classify(text, alert.labels, case.settings.severity_scale)


def _services(case: Case, health: Result[ServiceHealth]) -> list[ServiceState]:
    """The alerting service, then the ones that are unwell, then what those depend on."""
    bad = [r.service for r in health.rows if "bad" in r.states()]
    alerting = [case.document.alert.service] if case.document.alert.service else []
    named = list(dict.fromkeys([*alerting, *bad]))
    needed = [callee for name in named for callee in _callees(case, name)]
    roles = dict.fromkeys(needed, "dependency")
    roles |= dict.fromkeys(bad, "affected") | dict.fromkeys(alerting, "alerting")
    return [_service(case, name, roles[name]) for name in dict.fromkeys([*named, *needed])]


def _callees(case: Case, name: str) -> list[str]:
    known = case.catalogue.find(name)
    return known.depends_on if known else []


def _service(case: Case, name: str, role: str) -> ServiceState:
    known = case.catalogue.find(name)
    if known is None:
        return ServiceState(name=name, role=role)
    return ServiceState(
        name=name,
        kind=known.kind,
        tier=known.tier,
        role=role,
        depends_on=known.depends_on,
        team=known.team,
    )


def _names(services: list[ServiceState]) -> str:
    hurt = [s.name for s in services if s.role != "dependency"]
    return ", ".join(hurt[:4]) or "no service named"


def _impact(
    case: Case, level: JudgedSeverity, words: Classification, traffic: Result[RouteImpact]
) -> Impact:
    total = first(traffic, route="*")
    known = [s for s in case.catalogue.services if s.name == case.document.alert.service]
    edges = [s for s in case.catalogue.services if s.kind == "edge"]
    tiers = [service.tier for service in known]
    rates = [s.revenue_per_hour for s in [*known, *edges] if s.revenue_per_hour]
    return assess(
        level.severity,
        Category.security if level.attack else words.category,
        _traffic(case, total),
        tier=min(tiers, default=None),
        catalogue_rate=max(rates, default=None),
        quotes=cite(traffic, total, "requests", "failed"),
    )


def _traffic(case: Case, total: RouteImpact | None) -> Traffic:
    if total is None:
        return Traffic()
    window = case.frame.incident
    since, until = from_ts(window.start), from_ts(window.end)
    lost = (total.requests, total.failed)
    return Traffic(*lost, users=total.failed_clients, since=since, until=until)


def _slo(result: Result[ObjectiveState], row: ObjectiveState) -> SloState:
    known = {name: value for name, value in row.record().items() if name in SloState.model_fields}
    return SloState.model_validate({**known, "evidence": result.evidence})


def _command(case: Case, services: list[ServiceState]) -> Command:
    teams = list(dict.fromkeys(s.team for s in services if s.team))
    return Command(technical_lead=teams[0] if teams else "", experts=teams[1:])


def _findings(
    case: Case, traffic: Result[RouteImpact], noise: bool, health: Result[ServiceHealth]
) -> Iterator[Finding]:
    total = first(traffic, route="*")
    if total and total.failed:
        text = f"{total.failed} of {total.requests} requests at the edge failed"
        yield finding("impact", text, traffic, total, "failed", "requests")
    if noise:
        row = next(where(health, service=case.document.alert.service), health.rows[0])
        levels = f"errors {row.errors}, latency {row.latency}, saturation {row.saturation}"
        text = f"nothing at {row.service} fails or fills up beyond chance: {levels}"
        yield finding("noise", text, health, row, "service", "errors", "latency", "saturation")


def _unknown_service(case: Case, health: Result[ServiceHealth]) -> list[Gap]:
    name = case.document.alert.service
    seen = {row.service for row in health.rows}
    if not name:
        return [Gap(what="affected service", why="the alert names no service")]
    if case.catalogue.find(name) is None and case.catalogue.services:
        where_seen = "telemetry has it" if name in seen else "telemetry does not have it either"
        return [Gap(what=f"service {name}", why=f"not in the service catalogue; {where_seen}")]
    return []
