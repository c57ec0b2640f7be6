"""Step 8: did it help? Telemetry decides, after the stabilisation window.

Better: every symptom is back at its healthy level. Worse: one that matters got worse. Improving:
on its way back, so it is measured again. What cannot be measured is unverified, never done.
"""

from ..incident.action import ActionKind, Execution, Measure, Outcome
from ..incident.document import Incident
from ..incident.evidence import Quote
from ..incident.finding import Finding, Gap
from ..incident.report import VerificationReport
from ..incident.timeline import Event, EventKind, utc_now
from ..tools.base import Result
from .case import Case
from .clues import cite

BACK = 0.2
"""A signal is back when at most this share of its deviation is left."""
FLOOR = {"share": 0.02, "s": 0.05, "1/s": 0.5, "count": 1.0, "bytes": 5e6}
"""Deviations smaller than this are no deviation, by unit."""
WATCHED = {
    ActionKind.block_source: ("login_failure_share", "login_rate"),
    ActionKind.switch_provider: ("ai_error_share",),
    ActionKind.scale: ("concurrency_share", "latency_p95"),
}
MAIN = ("error_rate", "latency_p95")
MOST = 12


def verify(case: Case) -> VerificationReport:
    """Measure the symptoms again and conclude on the last action."""
    execution = case.document.executions[-1]
    result = _measure(case, execution)
    measures = [_judged(case, result, row) for row in result.rows]
    symptoms = [m for m in measures if _deviated(m)]
    outcome, improving = _conclude(execution, symptoms)
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
        findings=_findings(result, symptoms),
        gaps=[
            Gap(what=f"{m.service} {m.signal} after the action", why="no samples in the window")
            for m in measures
            if m.after is None and m.before is not None
        ],
        events=[
            Event(
                at=utc_now(),
                actor="observability",
                kind=EventKind.verification,
                text=summary,
                evidence=[result.evidence],
            )
        ],
    )


def _measure(case: Case, execution: Execution) -> Result:
    """The symptoms in the window before the action and in the one after stabilising."""
    began = execution.started_at.timestamp()
    length = case.catalogue.windows.verify_s
    now = min(case.now.timestamp(), case.frame.incident.end)
    before = [max(case.frame.incident.start, began - length), began]
    return case.tools.call(
        "measure", targets=_targets(case, execution), before=before, after=[now - length, now]
    )


def _targets(case: Case, execution: Execution) -> list[str]:
    """What was bad when the action was chosen, at the edge, the alert's and the cause's service."""
    document = case.document
    plan = document.plan(execution.plan)
    cause = next((h for h in document.hypotheses if plan and h.id == plan.hypothesis), None)
    edges = [s.name for s in case.catalogue.services if s.kind == "edge"]
    services = [*edges, document.alert.service, cause.service if cause else ""]
    names = [f"{service}/{signal}" for service in services if service for signal in MAIN]
    extra = WATCHED.get(plan.kind, ()) if plan else ()
    owners = [s.name for s in document.services]
    names += [f"{service}/{signal}" for service in owners for signal in extra]
    return list(dict.fromkeys([*names, *_symptoms(document)]))[: MOST + len(names)]


def _symptoms(document: Incident) -> list[str]:
    """Anomalies that the sweep found and cited, as targets."""
    return [
        f"{finding.service}/{finding.kind.removeprefix('anomaly:')}"
        for finding in document.findings
        if finding.kind.startswith("anomaly:")
    ]


def _judged(case: Case, result: Result, row: dict) -> Measure:
    measure = Measure(
        service=row["service"],
        signal=row["signal"],
        unit=row["unit"],
        baseline=row["baseline"],
        before=row["before"],
        after=row["after"],
        threshold=_threshold(case, row),
        evidence=result.evidence,
    )
    measure.healthy = _healthy(measure, row["higher_is_worse"])
    return measure


def _threshold(case: Case, row: dict) -> float | None:
    service = case.catalogue.find(row["service"])
    for slo in service.slos if service else []:
        if slo.sli == "availability" and row["signal"] == "error_rate":
            return round(1 - slo.objective, 6)
        if slo.sli == "latency" and row["signal"] == "latency_p95" and slo.threshold_ms:
            return slo.threshold_ms / 1000
    return None


def _healthy(measure: Measure, higher_is_worse: bool) -> bool | None:
    """Back within a fifth of the deviation of the healthy level, or meeting its objective."""
    if measure.after is None:
        return None
    if measure.threshold is not None and higher_is_worse and measure.after <= measure.threshold:
        return True
    if measure.baseline is None:
        return None
    left = abs(measure.after - measure.baseline)
    return left <= max(_floor(measure), BACK * _deviation(measure))


def _floor(measure: Measure) -> float:
    relative = 0.25 * abs(measure.baseline or 0.0)
    return max(FLOOR.get(measure.unit, 0.0), relative)


def _deviation(measure: Measure) -> float:
    if measure.before is None or measure.baseline is None:
        return 0.0
    return abs(measure.before - measure.baseline)


def _deviated(measure: Measure) -> bool:
    """Whether the signal was off its healthy level before the action, or is now."""
    if measure.baseline is None:
        return False
    off_now = measure.after is not None and measure.healthy is False
    return _deviation(measure) > _floor(measure) or off_now


def _conclude(execution: Execution, symptoms: list[Measure]) -> tuple[Outcome, bool]:
    """The outcome, and whether things are on their way back."""
    if execution.outcome is Outcome.failed:
        return Outcome.unchanged, False
    measured = [m for m in symptoms if m.after is not None and m.healthy is not None]
    if not measured:
        return Outcome.unverified, False
    if all(m.healthy for m in measured):
        return Outcome.better, False
    left = [_remaining(m) for m in measured if not m.healthy]
    main = [m for m in measured if m.signal in MAIN and not m.healthy]
    if any(_remaining(m) > 1.5 for m in main):
        return Outcome.worse, False
    improving = max(left) < 0.7
    return (Outcome.unverified if improving else Outcome.unchanged), improving


def _remaining(measure: Measure) -> float:
    """Share of the deviation that is left: 0 healthy, 1 unchanged, more: worse."""
    if measure.after is None or measure.baseline is None:
        return 1.0
    return abs(measure.after - measure.baseline) / max(_deviation(measure), _floor(measure))


def _summary(
    execution: Execution, outcome: Outcome, symptoms: list[Measure], improving: bool
) -> str:
    worst = max(symptoms, key=_remaining, default=None)
    head = f"{execution.title}: {outcome.value}"
    if worst is None or worst.after is None:
        return f"{head}; no symptom could be measured after it"
    shown = (
        f"{worst.service} {worst.signal} {worst.before:.3g} → {worst.after:.3g}"
        if (worst.before is not None)
        else f"{worst.service} {worst.signal} {worst.after:.3g}"
    )
    healthy = f"healthy {worst.baseline:.3g}" if worst.baseline is not None else ""
    return f"{head}{', on its way back' if improving else ''}; {shown} ({healthy})"


def _findings(result: Result, symptoms: list[Measure]) -> list[Finding]:
    rows = {(row["service"], row["signal"]): row for row in result.rows}
    found = []
    for measure in symptoms:
        quotes: list[Quote] = cite(
            result, rows[(measure.service, measure.signal)], "before", "after", "baseline"
        )
        if quotes and measure.after is not None:
            state = "is back" if measure.healthy else "is not back"
            text = f"{measure.service} {measure.signal} {state} at its healthy level"
            found.append(
                Finding(statement=text, service=measure.service, kind="verification", quotes=quotes)
            )
    return found
