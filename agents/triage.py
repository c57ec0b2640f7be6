"""Triage: how bad is it (step 1), and what may stop the hurting now (step 3)."""

from collections.abc import Iterator
from datetime import timedelta

from ..analysis.fusion import CONCLUSIVE
from ..incident.finding import Finding, Gap
from ..incident.impact import Command, ServiceState
from ..incident.report import DetectionReport, FollowUp, MitigationReport
from ..incident.severity import Category, IncidentType, Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..tools.base import Result
from ..tools.health import ServiceHealth
from .causes.calibration import weighing_of
from .causes.judgement import candidates, judge
from .causes.observations import Observations, finding, first, where
from .causes.remedies import propose, sure_of_first
from .health.anomalies import CHANGED, backed
from .health.assessment import impact_now, objectives_now, words_of
from .health.severity import JudgedSeverity, claimed, severity_now
from .health.wellness import doubt_of
from .reporting.wording import alert_gap, baseline_gap, coverage_gaps
from .runtime.case import Case


def detect(case: Case) -> DetectionReport:
    """Step 1: severity, type, affected services, impact, objectives, command."""
    seen = Observations(case)
    words = words_of(case)
    level = severity_now(seen, words)
    reasons, unseen = backed(seen), _unseen(case, seen)
    if unseen and not reasons:
        level = claimed(words)
    doubt = "" if reasons else unseen[0].why if unseen else doubt_of(seen)
    noise = not (reasons or doubt)
    services = _services(case, seen.health)
    summary = _summary(level, noise, doubt, services)
    begun = _begun(seen)
    return DetectionReport(
        specialist="triage",
        conclusion="concluded" if noise or (level.live and not doubt) else "inconclusive",
        summary=summary,
        severity=Severity.P3 if noise else level.severity,
        type=IncidentType.security if level.attack else words.type,
        category=Category.security if level.attack else words.category,
        rule=level.rule,
        confidence=level.confidence,
        noise=noise,
        unconfirmed=bool(doubt),
        look_again=bool(doubt) and _live(case, seen),
        onset=from_ts(begun) if begun else None,
        services=services,
        impact=impact_now(seen, level, words),
        slo=objectives_now(seen),
        command=_command(case, services),
        findings=[*reasons, *_findings(case, seen, noise)],
        gaps=coverage_gaps(seen.coverage) + unseen + _unknown_service(case, seen.health),
        searched=seen.searched(),
        events=[Event(at=case.now, actor="triage", kind=EventKind.severity, text=summary)],
        follow_ups=[_question(case, seen, doubt)] if doubt else [],
    )


def _live(case: Case, seen: Observations) -> bool:
    """Whether telemetry still comes: then a later look sees more than this one."""
    ends = [row.end for row in seen.coverage.rows if row.end and row.modality != "changes"]
    late = case.now.timestamp() - max(ends, default=0.0)
    return late <= 2 * case.catalogue.windows.detect_s


def _question(case: Case, seen: Observations, doubt: str) -> FollowUp:
    """What a person is asked, and by when it is looked at again."""
    name = case.document.alert.service or case.document.alert.name
    known = case.catalogue.find(name)
    wait = timedelta(seconds=case.catalogue.windows.baseline_s)
    return FollowUp(
        title=f"Look again at whether {name} is hurt",
        kind="alert",
        owner=known.team if known and known.team else "on-call",
        due=case.now + wait,
        priority=1,
        rationale=f"the alert is neither shown true nor shown well: {doubt}",
        evidence=seen.searched()[:5],
    )


def _unseen(case: Case, seen: Observations) -> list[Gap]:
    """Why telemetry cannot say whether the alert is true; none where it can."""
    alert, detect_s = case.document.alert, case.catalogue.windows.detect_s
    gaps = alert_gap(alert, seen.coverage, detect_s) + baseline_gap(alert, seen.coverage, detect_s)
    if not (seen.coverage.ok and seen.health.ok):
        gaps.append(Gap(what="health of services", why="no telemetry of them is there"))
    return gaps


def _summary(level: JudgedSeverity, noise: bool, doubt: str, services: list[ServiceState]) -> str:
    if noise:
        return "noise: the alert's condition does not hold, and every objective is met"
    if doubt:
        return f"not confirmed and not noise ({doubt}): it stays open"
    return f"{level.severity.value} by {level.rule}; affected: {_names(services)}"


def _begun(seen: Observations) -> float | None:
    """Since when routes are answered otherwise, where that is long before the alert: a healthy
    time that ends in the seconds before an alert would hold what began slowly."""
    first_by_alert = seen.case.frame.by_alert[1].start
    rows = [row for row in seen.outcomes.rows if row.edge and row.score >= CHANGED and row.since]
    begun = min((row.since for row in rows if row.since), default=None)
    return begun if begun is not None and begun < first_by_alert else None


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


def _command(case: Case, services: list[ServiceState]) -> Command:
    teams = list(dict.fromkeys(s.team for s in services if s.team))
    return Command(technical_lead=teams[0] if teams else "", experts=teams[1:])


def _findings(case: Case, seen: Observations, noise: bool) -> Iterator[Finding]:
    total = first(seen.impact, route="*")
    if total and total.failed:
        text = f"{total.failed} of {total.requests} requests at the edge failed"
        yield finding("impact", text, seen.impact, total, "failed", "requests")
    if noise:
        rows = where(seen.health, service=case.document.alert.service)
        row = next(rows, seen.health.rows[0])
        levels = f"errors {row.errors}, saturation {row.saturation}"
        text = f"nothing at {row.service} fails or fills up beyond chance: {levels}"
        proof = ("service", "errors", "saturation")
        yield finding("noise", text, seen.health, row, *proof)


def _unknown_service(case: Case, health: Result[ServiceHealth]) -> list[Gap]:
    name = case.document.alert.service
    seen = {row.service for row in health.rows}
    if not name:
        return [Gap(what="affected service", why="the alert names no service")]
    if case.catalogue.find(name) is None and case.catalogue.services:
        where_seen = "telemetry has it" if name in seen else "telemetry does not have it either"
        return [Gap(what=f"service {name}", why=f"not in the service catalogue; {where_seen}")]
    return []
