"""Step 12, monitoring improvements: early warnings, SLOs, dashboard, runbook, chaos scenario.

Everything follows from the record: which kind of fault, which signals moved and how far, what
helped, what could not be seen. Less noise counts as much as more warning.
"""

from collections.abc import Iterator
from datetime import datetime

from ...faults import Item
from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...incident.report import FollowUp, MonitoringReport, SweepReport
from ...prompts.values import duration, percent, quantity
from ...telemetry.model import Catalogue
from ...telemetry.signal_catalogue import SignalName, definition
from ...tools.base import Result
from ...tools.shifts import SignalShift, compare_signals
from ..reporting.incident_status import affected, is_noise, solution
from ..reporting.wording import matters
from ..runtime.case import Case
from .action_items import FollowUpMaker, general, lesson
from .early_warnings import FAST_BURN, IllSignal, chosen, forecasts, readings

OBSERVABILITY = "observability"
SLOW_DETECTION_S = 60
EXPRESSION = " Expression: "
"""Separates a rationale from the query it asks for."""


def improve_monitoring(case: Case) -> MonitoringReport:
    """Step 12, with one look at how far each signal moved."""
    signals = case.tools.call(compare_signals)
    return monitoring_report(case.document, case.now, signals, case.catalogue)


def monitoring_report(
    document: Incident,
    now: datetime,
    signals: Result[SignalShift] | None = None,
    catalogue: Catalogue | None = None,
) -> MonitoringReport:
    """The report from the record and a `compare_signals` result."""
    make = _Maker(document, now, catalogue, MonitoringReport.number())
    parts = _noise(make) if is_noise(document) else _improvements(make, signals)
    items = list({item.title: item for item in parts}.values())
    searched = {signals.evidence} if signals else set()
    kinds = ", ".join(dict.fromkeys(item.kind for item in items))
    return MonitoringReport(
        specialist="observability",
        conclusion="concluded" if items else "inconclusive",
        summary=f"{len(items)} monitoring improvements ({kinds})",
        searched=sorted(searched | {e for item in items for e in item.evidence}),
        follow_ups=items,
    )


class _Maker(FollowUpMaker):
    """Monitoring is the observability team's, and due soon; what a service promises and rehearses
    is its own team's."""

    def asked(
        self, kind: str, title: str, why: str, proof: list[str], priority: int = 2
    ) -> FollowUp:
        whose = "" if kind in ("runbook", "chaos", "slo") else OBSERVABILITY
        item = Item(title=title, kind=kind, priority=priority, owner=whose)
        return self.item(item, why, proof, soon=kind != "chaos")


def _improvements(make: _Maker, signals: Result[SignalShift] | None) -> Iterator[FollowUp]:
    taught = lesson(make.document)
    found = chosen(make.document, taught.signals, readings(make.document, signals))
    for name, query in forecasts(make.document):
        why = f"{name} tells of the limit before it is met.{EXPRESSION}{query}"
        yield make.asked("alert", "Warn 15 min before {service} reaches its limit", why, [], 1)
    yield from (_warning(make, reading) for reading in found)
    yield from _burn(make)
    yield from _slow_detection(make)
    if taught is not general() or not make.document.slo:
        yield make.asked("slo", f"Define {taught.slo}", _kind(make), [])
    yield from _budget(make)
    yield _dashboard(make, found)
    yield _runbook(make, taught.runbook)
    steady = f"holds when {taught.steady}; abort when users are hurt"
    yield make.asked("chaos", f"Rehearse: {taught.chaos}", steady, [])
    yield from _gaps(make)


def _kind(make: _Maker) -> str:
    cause = make.cause
    if cause is None:
        return "no cause is established; the objective bounds the harm whatever it was"
    return f"no objective told of a fault like this one ({cause.kind.value})"


def _warning(make: _Maker, reading: IllSignal) -> FollowUp:
    title = f"Alert when {_condition(reading)} for 1 min"
    why = (
        f"healthy {quantity(reading.healthy, reading.unit)}, "
        f"in the incident {quantity(reading.ill, reading.unit)}.{EXPRESSION}{reading.expression}"
    )
    return make.asked("alert", title, why, [reading.evidence], 1)


def _condition(reading: IllSignal) -> str:
    """error rate of checkout is above 5.0%; payments does not answer."""
    if reading.signal == SignalName.up:
        return f"{reading.service} reports no metrics"
    sign = "above" if reading.above else "below"
    limit = quantity(reading.threshold, reading.unit)
    return f"{definition(reading.signal).called} of {reading.service} is {sign} {limit}"


def _burn(make: _Maker) -> Iterator[FollowUp]:
    """A fast-burn alert on the objective that was missed most."""
    missed = [s for s in make.document.slo if s.breached]
    for state in sorted(missed, key=lambda s: -(s.burn_fast or 0))[:1]:
        share = FAST_BURN * (1 - state.objective)
        title = f"Page on the fast burn of {state.service} {state.name} (over {FAST_BURN:g})"
        burned = f"burned at {state.burn_fast:.3g}" if state.burn_fast is not None else "was missed"
        why = f"the objective {burned}; {FAST_BURN:g} is {percent(min(share, 1.0))} of requests"
        yield make.asked("alert", title, why, [state.evidence], 1)


def _slow_detection(make: _Maker) -> Iterator[FollowUp]:
    seconds = (make.document.fired - make.document.began.at).total_seconds()
    if seconds > SLOW_DETECTION_S:
        name = make.document.alert.name
        why = f"{duration(seconds)} passed from onset to the alert; the target is 5 min"
        yield make.asked("alert", f"Shorten the window of the rule {name}", why, [], 2)


def _budget(make: _Maker) -> Iterator[FollowUp]:
    for state in make.document.slo:
        if state.budget_left is not None and state.budget_left < 0.25:
            title = f"Hold risky releases of {state.service} until its error budget recovers"
            why = f"{percent(max(state.budget_left, 0.0))} of the budget of {state.name} is left"
            yield make.asked("slo", title, why, [state.evidence], 1)


def _dashboard(make: _Maker, found: list[IllSignal]) -> FollowUp:
    sweep = make.document.report(SweepReport)
    path = (sweep.origin if sweep else []) or affected(make.document)
    named = dict.fromkeys(definition(r.signal).called for r in found)
    signals = ", ".join(named) or "errors, latency, saturation"
    title = f"Show {signals} along {' → '.join(path) or 'the affected services'} on one dashboard"
    return make.asked(
        "dashboard", title, "the path the responders followed", [r.evidence for r in found]
    )


def _runbook(make: _Maker, text: str) -> FollowUp:
    solved = solution(make.document)
    if solved is None:
        why = "no action is on record that telemetry confirms as helpful"
        return make.asked("runbook", f"Write the runbook: {text}", why, [], 1)
    why = f"{solved.title} helped, as measured; keep the approval"
    if run := next(iter(make.document.plans[-1:]), None):
        title = f"Update the runbook {run.name}: `warroom runbook proposal {make.document.id}`"
        return make.asked("runbook", title, why, solved.proof)
    return make.asked("runbook", f"Automate the runbook: {text}", why, solved.proof)


def _gaps(make: _Maker) -> Iterator[FollowUp]:
    kind = make.cause.kind if make.cause else FaultKind.unknown
    telling = [gap for gap in make.document.gaps if matters(gap, kind)]
    for gap in telling[:2]:
        yield make.asked(
            "dashboard", f"Make visible: {gap.what}", f"missing here: {gap.why}", [], 2
        )


def _noise(make: _Maker) -> Iterator[FollowUp]:
    """An alert that nobody needed: make it quieter, not louder."""
    alert = make.document.alert
    title = f"Require {alert.name} to hold longer, or a second signal, before it fires"
    why = "it fired while no signal departed from its own baseline"
    yield make.asked("alert", title, why, [s.evidence for s in make.document.slo], 2)
