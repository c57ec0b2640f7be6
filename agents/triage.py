"""Triage: how bad is it (step 1), and what may stop the hurting now (step 3)."""

from collections.abc import Iterator
from datetime import timedelta

from ..analysis.fusion import CONCLUSIVE
from ..analysis.quantities import percent, quantity
from ..incident.finding import Finding, Gap
from ..incident.impact import Command, ServiceState
from ..incident.report import DetectionReport, FollowUp, MitigationReport
from ..incident.severity import Category, IncidentType, Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..telemetry.model import Service
from ..telemetry.signal_catalogue import SignalName
from ..tools.base import Result
from ..tools.health import ServiceHealth
from .causes.calibration import weighing_of
from .causes.judgement import candidates, judge
from .causes.observations import Observations, finding, first, where
from .causes.remedies import propose, sure_of_first
from .causes.together import side_by_side
from .health.anomalies import CHANCE, CHANGED, backed
from .health.assessment import (
    JudgedSeverity,
    claimed,
    impact_now,
    objectives_now,
    severity_now,
    words_of,
)
from .reporting.wording import coverage_gaps
from .runtime.case import Case

ENOUGH = 20
"""Requests at the edge that it takes to say that nothing is wrong."""


def detect(case: Case) -> DetectionReport:
    """Step 1: severity, type, affected services, impact, objectives, command."""
    seen = Observations(case)
    words = words_of(case)
    level = severity_now(seen, words)
    reasons, unseen = backed(seen), _unseen(case, seen)
    if unseen and not reasons:
        level = claimed(words)
    doubt = "" if reasons else unseen[0].why if unseen else _doubt(seen)
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
        command=_command(services),
        findings=[*reasons, *_findings(case, seen, noise)],
        gaps=coverage_gaps(seen.coverage) + unseen + _unknown_service(case, seen.health),
        searched=seen.searched(),
        events=[Event(at=case.now, actor="triage", kind=EventKind.severity, text=summary)],
        follow_ups=[_question(case, seen, doubt)] if doubt else [],
    )


def _live(case: Case, seen: Observations) -> bool:
    """Whether telemetry still comes: then a later look sees more than this one."""
    if case.recorded:
        return False
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
    """Why telemetry cannot say whether the alert is true; none where it can. Samples may be a
    window late; with no healthy time to compare with, it may be true however calm it looks."""
    fired, metrics = case.document.alert.starts_at, first(seen.coverage, modality="metrics")
    least, gaps = 2 * case.catalogue.windows.detect_s, []
    late = fired.timestamp() - metrics.end if fired and metrics and metrics.end else 0.0
    if late > least:
        why = f"metrics end {quantity(late, 's')} before it fired"
        gaps.append(Gap(what="telemetry of the alert", why=why))
    if fired and metrics and metrics.start:
        before = fired.timestamp() - least / 2 - metrics.start
        only = "only " if before >= 0 else ""
        side = "before" if before >= 0 else "after"
        why = f"metrics begin {only}{abs(before):.0f} s {side} the incident"
        gaps += [Gap(what="healthy time to compare with", why=why)] if before < least else []
    if not (seen.coverage.ok and seen.health.ok):
        gaps.append(Gap(what="health of services", why="no telemetry of them is there"))
    return gaps


def _summary(level: JudgedSeverity, noise: bool, doubt: str, services: list[ServiceState]) -> str:
    if noise:
        return "noise: the alert's condition does not hold, and every objective is met"
    if doubt:
        return f"not confirmed and not noise ({doubt}): it stays open"
    hurt = [s.name for s in services if s.role != "dependency"][:4] or ["no service named"]
    return f"{level.severity.value} by {level.rule}; affected: {', '.join(hurt)}"


def _begun(seen: Observations) -> float | None:
    """Since when routes are answered otherwise, where that is long before the alert: a healthy
    time that ends in the seconds before an alert would hold what began slowly."""
    first_by_alert = seen.case.frame.by_alert[1].start
    rows = [row for row in seen.outcomes.rows if row.edge and row.score >= CHANGED and row.since]
    begun = min((row.since for row in rows if row.since), default=None)
    return begun if begun is not None and begun < first_by_alert else None


def _doubt(seen: Observations) -> str:
    """Why the system is not positively shown well, without which an alert that nothing backs is no
    noise; empty where it is: enough requests, every objective met, outcomes as ever, and the
    alert's condition false for long enough."""
    requests, own = _requests(seen), list(where(seen.condition, alerted=True))
    if requests < ENOUGH:
        return f"only {requests} requests were seen since the alert"
    short = next((row for row in seen.objectives.rows if row.breached), None)
    if short:
        return f"{short.service} {short.name} is at {percent(short.current)}"
    doubt = next((row for row in seen.outcomes.rows if row.score >= CHANCE), None)
    if doubt:
        return doubt.words()
    fires = first(seen.condition, holds=True)
    if fires:
        return fires.words
    if not own:
        return "the alert's condition is not known and could not be evaluated again"
    early = next((row for row in own if (row.quiet_s or 0) < row.rhythm_s), None)
    short = ": too short a time" if early and early.quiet_s is not None else ""
    return early.words + short if early else ""


def _requests(seen: Observations) -> int:
    """Requests of the incident window: counted at the edge, else by rate."""
    total = first(seen.impact, route="*")
    if total:
        return total.requests
    places = seen.of_kind("edge") or {seen.case.document.alert.service}
    rates = where(seen.signals, signal=SignalName.request_rate)
    per_s = sum(row.current or 0 for row in rates if row.service in places)
    return int(per_s * seen.case.frame.incident.seconds)


def mitigate(case: Case) -> MitigationReport:
    """Step 3: first moves, from what the sweep saw; sure enough to ask at once, or not. Where the
    telemetry of the alert is a part, none is asked for at once."""
    seen = Observations(case)
    judged = judge(candidates(seen), case.document, weighing_of(seen))
    hypotheses = side_by_side(seen, judged)
    plans, gaps = propose(seen, hypotheses)
    leading = hypotheses[0] if hypotheses else None
    confidence = leading.confidence if leading else 0.0
    summary, unseen = "no first move is backed by evidence", _unseen(case, seen)
    for meant in (h for h in hypotheses if plans and h.id == plans[0].hypothesis):
        summary = f"first move: {plans[0].title}, because {meant.statement}"
        summary += f"; not before it is investigated: {unseen[0].why}" if unseen else ""
    return MitigationReport(
        specialist="triage",
        conclusion="concluded" if confidence >= CONCLUSIVE else "inconclusive",
        summary=summary,
        act_now=not unseen and sure_of_first(plans, hypotheses) >= case.settings.act_confidence,
        hypotheses=hypotheses,
        proposals=plans,
        gaps=[*gaps, *unseen],
        searched=seen.searched(),
    )


def _services(case: Case, health: Result[ServiceHealth]) -> list[ServiceState]:
    """The alerting service, then the ones that are unwell, then what those depend on."""
    bad = [r.service for r in health.rows if "bad" in r.states()]
    alerting = [case.document.alert.service] if case.document.alert.service else []
    known = {service.name: service for service in case.catalogue.services}
    named = list(dict.fromkeys([*alerting, *bad]))
    needed = [callee for name in named if name in known for callee in known[name].depends_on]
    roles = dict.fromkeys(needed, "dependency")
    roles |= dict.fromkeys(bad, "affected") | dict.fromkeys(alerting, "alerting")
    return [_service(known.get(name), name, roles[name]) for name in dict.fromkeys(named + needed)]


def _service(known: Service | None, name: str, role: str) -> ServiceState:
    told = {"kind", "depends_on", "team", "public_name"}
    facts = known.model_dump(include={*told, *(["tier"] if known.listed else [])}) if known else {}
    return ServiceState(name=name, role=role, **facts)


def _command(services: list[ServiceState]) -> Command:
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
    yield from _differing(case, seen)


SHOWN = 5


def _differing(case: Case, seen: Observations) -> Iterator[Finding]:
    """Calls of the services looked at on which the catalogue and what was measured differ; nothing
    where only one of the two is known."""
    if not any(service.declared for service in case.catalogue.services):
        return
    named = {state.name for state in _services(case, seen.health)}
    rows = [row for row in where(seen.declared, differ=True) if {row.caller, row.callee} & named]
    for row in rows[:SHOWN]:
        proof = ("caller", "callee", "calls", "declared")
        yield finding("topology", row.words, seen.declared, row, *proof)


def _unknown_service(case: Case, health: Result[ServiceHealth]) -> list[Gap]:
    name = case.document.alert.service
    seen = {row.service for row in health.rows}
    if not name:
        return [Gap(what="affected service", why="the alert names no service")]
    listed = {service.name for service in case.catalogue.services if service.listed}
    if listed and name not in listed:
        where_seen = "telemetry has it" if name in seen else "telemetry does not have it either"
        return [Gap(what=f"service {name}", why=f"not in the service catalogue; {where_seen}")]
    return []
