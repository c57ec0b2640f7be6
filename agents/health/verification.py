"""Step 8: did it help? Telemetry decides, after the stabilisation window.

What decides is frozen when the incident is declared, whatever plan came last: errors, latency and
refused requests where users enter, the alert's own signal, every objective that was missed, what
failed in the sweep; and the telltale of the cause that was acted on. The sweep's other anomalies
are measured for the reader. Better: all of it is back, beyond chance, and was not before the
action. What cannot be measured is unverified, never done.
"""

from collections.abc import Iterator

from ...faults import fault_of
from ...incident.action import Execution, Measure, Outcome
from ...incident.document import Incident
from ...incident.finding import FaultKind, Finding, Gap
from ...incident.report import SweepReport, VerificationReport
from ...incident.timeline import Event, EventKind
from ...telemetry.model import Catalogue
from ...telemetry.signal_catalogue import MEASURED, SYMPTOMS, SignalName
from ...tools.base import Result
from ...tools.measure import SignalLevels, measure
from ..causes.observations import finding
from ..runtime.case import Case
from .recovery import COUNTED, REFUSED, conclude, deviated, healthy, remaining

OF_OBJECTIVE = {"availability": SignalName.error_rate, "latency": SignalName.latency_p95}
"""The signal that an objective of this kind is seen in."""
PROVIDERS = (FaultKind.provider_quota, FaultKind.provider_outage)
CONTEXT = 6
"""Other anomalies of the sweep that are measured again, for the reader."""


def verify(case: Case) -> VerificationReport:
    """Measure the symptoms again and conclude on the last action."""
    execution = case.document.executions[-1]
    result = _measure(case, execution)
    decisive = set(_decisive(case.document, case.catalogue, execution))
    measures = [_judged(case, result, row, decisive) for row in result.rows]
    decided = [m for m in measures if m.decisive]
    symptoms = [m for m in decided if deviated(m)]
    outcome, improving = conclude(execution, decided, _watched_s(case, execution))
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
    before = max(case.frame.incident.start, began - windows.verify_s), began
    after = now - _watched_s(case, execution), now
    return case.tools.call(measure, targets=_targets(case, execution), before=before, after=after)


def _watched_s(case: Case, execution: Execution) -> float:
    """Seconds that are looked at after the action: all since it settled; the last ones only, where
    the last look still found it ill and some of that time was."""
    settled = (execution.ended_at or execution.started_at).timestamp()
    all_of_it = case.now.timestamp() - settled - case.catalogue.windows.stabilise_s
    ill = any(m.decisive and m.healthy is False for m in execution.measures)
    return max(0.0, min(all_of_it, case.catalogue.windows.verify_s) if ill else all_of_it)


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
    """The frozen symptoms, and those of the cause that was acted on with its telltale."""
    plan = document.plan(execution.plan)
    cause = next((h for h in document.hypotheses if plan and h.id == plan.hypothesis), None)
    # A third party is not ours to mend, and nobody calls it any more after a switch.
    outside = {service.name for service in catalogue.services if service.kind == "external"}
    names = frozen(document, catalogue)
    if cause:
        # A provider is seen through the service that uses it: its resource names that one.
        owner = cause.resource if cause.kind in PROVIDERS else cause.service
        names += [f"{owner}/{signal}" for signal in SYMPTOMS]
        names += [f"{owner}/{telltale}" for telltale in [fault_of(cause.kind).telltale] if telltale]
    kept = [name for name in names if name.partition("/")[0] not in {"", *outside}]
    return list(dict.fromkeys(kept))


def frozen(document: Incident, catalogue: Catalogue) -> list[str]:
    """What has to be well again, as "service/signal", whatever is done about it: as it was known
    when the incident was declared."""
    edges = [service.name for service in catalogue.services if service.kind == "edge"]
    names = [f"{edge}/{signal}" for edge in edges for signal in (*SYMPTOMS, REFUSED)]
    alerting, metric = document.alert.service, document.alert.labels.get("metric", "")
    names += [f"{alerting}/{signal}" for signal in SYMPTOMS]
    if metric in MEASURED:
        names.append(f"{alerting}/{metric}")
    names += [f"{s.service}/{OF_OBJECTIVE[s.sli]}" for s in document.slo if s.breached]
    for seen in document.findings:
        signal = seen.kind.removeprefix("anomaly:")
        if (seen.step, seen.attempt) == (SweepReport.number(), 1) and signal in SYMPTOMS:
            names.append(f"{seen.service}/{signal}")
    return names


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
        if slo.sli == "availability" and row.signal in COUNTED:
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
    well_so_far = all(symptom.healthy for symptom in symptoms)
    way = ", well so far and watched longer" if well_so_far else ", on its way back"
    way = way if improving else ""
    return f"{head}{way}; {worst.service} {worst.signal} {before} → {after} (healthy {well})"


def _findings(result: Result[SignalLevels], symptoms: list[Measure]) -> Iterator[Finding]:
    rows = {(row.service, row.signal): row for row in result.rows}
    for symptom in symptoms:
        if symptom.after is not None:
            state = "is back" if symptom.healthy else "is not back"
            text = f"{symptom.service} {symptom.signal} {state} at its healthy level"
            row, proof = rows[symptom.service, symptom.signal], ("before", "after", "baseline")
            yield finding("verification", text, result, row, *proof)
