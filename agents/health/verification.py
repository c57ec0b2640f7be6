"""Step 8: did it help? Telemetry decides, after the stabilisation window.

Decisive is what users feel (errors and latency at the edge, at the alerting service and at the
cause) and the cause's own telltale; the sweep's other anomalies are measured for the reader.
Better: every symptom is back at its healthy level. Worse: one that users feel got worse.
Improving: on its way back, so it is measured again. What cannot be measured is unverified, never
done.
"""

from collections.abc import Iterator

from ...faults import fault_of
from ...incident.action import Execution, Measure, Outcome
from ...incident.document import Incident
from ...incident.finding import FaultKind, Finding, Gap
from ...incident.report import SweepReport, VerificationReport
from ...incident.timeline import Event, EventKind
from ...telemetry.model import Catalogue
from ...telemetry.signal_catalogue import SYMPTOMS, SignalName, floor
from ...tools.base import Result
from ...tools.measure import SignalLevels, measure
from ..causes.observations import finding
from ..runtime.case import Case

PROVIDERS = (FaultKind.provider_quota, FaultKind.provider_outage)
CONTEXT = 6
"""Other anomalies of the sweep that are measured again, for the reader."""
BACK = 0.2
"""A signal is back when at most this share of its deviation is left."""
WORSE = 1.5
"""Left of a deviation, in times of it, from which a symptom got worse."""
HALFWAY = 0.7
"""Left of a deviation below which it is on its way back."""


def verify(case: Case) -> VerificationReport:
    """Measure the symptoms again and conclude on the last action."""
    execution = case.document.executions[-1]
    result = _measure(case, execution)
    decisive = set(_decisive(case.document, case.catalogue, execution))
    measures = [_judged(case, result, row, decisive) for row in result.rows]
    symptoms = [m for m in measures if m.decisive and deviated(m)]
    outcome, improving = conclude(execution, symptoms)
    summary = _summary(execution, outcome, symptoms, improving)
    return VerificationReport(
        specialist="observability",
        conclusion="inconclusive" if outcome is Outcome.unverified else "concluded",
        summary=summary,
        searched=[result.evidence],
        plan=execution.plan,
        outcome=outcome,
        improving=improving,
        measures=measures,
        findings=list(_findings(result, symptoms)),
        gaps=[
            Gap(what=f"{m.service} {m.signal} after the action", why="no samples in the window")
            for m in measures
            if m.after is None and m.before is not None
        ],
        events=[
            Event(
                at=case.now,
                actor="observability",
                kind=EventKind.verification,
                text=summary,
                evidence=[result.evidence],
            )
        ],
    )


def _measure(case: Case, execution: Execution) -> Result[SignalLevels]:
    """The symptoms in the window before the action and in the one after stabilising.

    The second window ends now, wherever telemetry ends, and never begins before the action has
    settled: where telemetry has stopped it is empty, and nothing is concluded from older samples.
    """
    windows = case.catalogue.windows
    began, now = execution.started_at.timestamp(), case.now.timestamp()
    settled = (execution.ended_at or execution.started_at).timestamp() + windows.stabilise_s
    before = max(case.frame.incident.start, began - windows.verify_s), began
    after = max(now - windows.verify_s, settled), now
    return case.tools.call(measure, targets=_targets(case, execution), before=before, after=after)


def _targets(case: Case, execution: Execution) -> list[str]:
    """What decides, and the sweep's other anomalies for context."""
    decisive = _decisive(case.document, case.catalogue, execution)
    seen = [
        f"{finding.service}/{finding.kind.removeprefix('anomaly:')}"
        for finding in case.document.findings
        if finding.kind.startswith("anomaly:") and finding.step == SweepReport.number()
    ]
    context = [target for target in dict.fromkeys(seen) if target not in decisive]
    return decisive + context[:CONTEXT]


def _decisive(document: Incident, catalogue: Catalogue, execution: Execution) -> list[str]:
    """Errors and latency where users, the alert and the cause are, and the cause's telltale."""
    plan = document.plan(execution.plan)
    cause = next((h for h in document.hypotheses if plan and h.id == plan.hypothesis), None)
    edges = [service.name for service in catalogue.services if service.kind == "edge"]
    # A third party is not ours to mend, and nobody calls it any more after a switch.
    outside = {service.name for service in catalogue.services if service.kind == "external"}
    user = [cause.resource] if cause and cause.kind in PROVIDERS else []
    named = [*edges, document.alert.service, cause.service if cause else "", *user]
    places = [place for place in named if place not in outside]
    names = [f"{place}/{signal}" for place in places if place for signal in SYMPTOMS]
    telltale = fault_of(cause.kind).telltale if cause else ""
    if cause and telltale:
        # A provider is seen through the service that uses it: its resource names that one.
        owner = cause.resource if cause.kind in PROVIDERS else cause.service
        names.append(f"{owner}/{telltale}")
    return list(dict.fromkeys(names))


def _judged(
    case: Case, result: Result[SignalLevels], row: SignalLevels, decisive: set[str]
) -> Measure:
    measure = Measure.model_validate(
        {
            **row.record(),
            "threshold": _threshold(case, row),
            "decisive": f"{row.service}/{row.signal}" in decisive,
            "evidence": result.evidence,
        }
    )
    measure.healthy = healthy(measure)
    return measure


def _threshold(case: Case, row: SignalLevels) -> float | None:
    service = case.catalogue.find(row.service)
    for slo in service.slos if service else []:
        if slo.sli == "availability" and row.signal == SignalName.error_rate:
            return round(1 - slo.objective, 6)
        if slo.sli == "latency" and row.signal == SignalName.latency_p95 and slo.threshold_ms:
            return slo.threshold_ms / 1000
    return None


def _summary(
    execution: Execution, outcome: Outcome, symptoms: list[Measure], improving: bool
) -> str:
    worst = max(symptoms, key=remaining, default=None)
    head = f"{execution.title}: {outcome.value}"
    if worst is None or worst.after is None:
        return f"{head}; no symptom could be measured after it"
    levels = (worst.baseline, worst.before, worst.after)
    well, before, after = ("unknown" if level is None else f"{level:.3g}" for level in levels)
    way = ", on its way back" if improving else ""
    return f"{head}{way}; {worst.service} {worst.signal} {before} → {after} (healthy {well})"


def _findings(result: Result[SignalLevels], symptoms: list[Measure]) -> Iterator[Finding]:
    rows = {(row.service, row.signal): row for row in result.rows}
    for symptom in symptoms:
        if symptom.after is not None:
            state = "is back" if symptom.healthy else "is not back"
            text = f"{symptom.service} {symptom.signal} {state} at its healthy level"
            row, proof = rows[symptom.service, symptom.signal], ("before", "after", "baseline")
            yield finding("verification", text, result, row, *proof)


def healthy(measure: Measure) -> bool | None:
    """Meeting its objective, or back within a fifth of the deviation of its healthy level."""
    if measure.after is None:
        return None
    limit = measure.threshold
    if limit is not None and measure.higher_is_worse and measure.after <= limit:
        return True
    if measure.baseline is None:
        return None
    return _off(measure, measure.after) <= max(_floor(measure), BACK * _deviation(measure))


def deviated(measure: Measure) -> bool:
    """Whether the signal was off its healthy level before the action, or is now."""
    off_now = measure.after is not None and measure.healthy is False
    return measure.baseline is not None and (_deviation(measure) > _floor(measure) or off_now)


def remaining(measure: Measure) -> float:
    """Share of the deviation that is left: 0 healthy, 1 unchanged, more: worse."""
    if measure.after is None or measure.baseline is None:
        return 1.0
    return _off(measure, measure.after) / max(_deviation(measure), _floor(measure))


def conclude(execution: Execution, symptoms: list[Measure]) -> tuple[Outcome, bool]:
    """The outcome, and whether things are on their way back.

    Worse comes first: what got worse is to be undone, whatever else could not be measured.
    """
    measured = [m for m in symptoms if m.after is not None and m.healthy is not None]
    ill = [m for m in measured if not m.healthy]
    if any(_worse(m) for m in ill if m.signal in SYMPTOMS):
        return Outcome.worse, False
    if execution.outcome is Outcome.failed:
        return Outcome.unchanged, False
    unseen = [m for m in symptoms if m.signal in SYMPTOMS and m not in measured]
    if not measured or unseen:
        return Outcome.unverified, False
    if not ill:
        return Outcome.better, False
    improving = max(remaining(m) for m in ill) < HALFWAY
    return (Outcome.unverified if improving else Outcome.unchanged), improving


def _worse(measure: Measure) -> bool:
    """Half as far again from healthy as before; far off, where it was healthy before."""
    was_off = _deviation(measure) > _floor(measure)
    return remaining(measure) > (WORSE if was_off else 2 * WORSE)


def _off(measure: Measure, level: float | None) -> float:
    """How far a level is from healthy in the bad direction; 0 where it is not."""
    if level is None or measure.baseline is None:
        return 0.0
    distance = level - measure.baseline
    return max(0.0, distance if measure.higher_is_worse else -distance)


def _deviation(measure: Measure) -> float:
    return _off(measure, measure.before)


def _floor(measure: Measure) -> float:
    relative = 0.25 * abs(measure.baseline or 0.0)
    return max(floor(measure.unit).deviation, relative)
