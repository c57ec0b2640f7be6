"""How a specialist works a step: look, conclude, hand in. One code path for playbook and model.

    case -> playbook -> model on top, if one is configured -> filed, checked

A node made here has no effect outside our own document, so LangGraph may run it again.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from langgraph.runtime import Runtime
from pydantic import BaseModel

from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.events import PlaybookAnswered, StepDone, StepStarted
from ...incident.filing import file_report
from ...incident.lifecycle import State
from ...incident.report import AnyReport, DetectionReport, MitigationReport, VerificationReport
from ...incident.timeline import Event, EventKind
from ...state import IncidentState
from ...telemetry.sources.registry import loads
from ...tracing.spans import node_span
from ..health.assessment import assessed
from .case import Step
from .context import ResponseContext

Route = Callable[[AnyReport], dict]
"""Facts that a report adds to the graph's state."""


def nothing(_report: AnyReport) -> dict:
    """Most reports add nothing to the state: the document has them."""
    return {}


def specialist(step: Step, route: Route = nothing):
    """A graph node in which the step's specialist works it.

    Args:
        step: one of `agents.steps`.
        route: picks the routing facts out of the report.
    """

    def node(state: BaseModel, runtime: Runtime[ResponseContext]) -> dict:
        context, tell = runtime.context, runtime.context.teller(runtime.stream_writer)
        incident_id = getattr(state, "incident_id", "")
        attempt = getattr(state, "attempt", 1)
        tell(StepStarted(step=step.number, specialist=step.specialist, attempt=attempt))
        started = time.perf_counter()
        case = context.case(incident_id, step, attempt, tell)
        with node_span(step.specialist, step.number, incident_id) as span:
            floor = context.name_gaps(case, step.playbook(case))
            tell(PlaybookAnswered(report=floor))  # nobody waits for a model
            report = context.model_layer.improve(case, floor)
            if step.assesses:
                report = report.model_copy(update={"assessment": assessed(case)})
            messages = [context.redacted(incident_id, each) for each in report.messages]
            report = report.model_copy(update={"messages": messages})
            span.handed_in(report)
        seconds = round(time.perf_counter() - started, 3)
        report = report.model_copy(update={"attempt": attempt, "seconds": seconds})
        payload, asked = context.store.payload, loads(context.recorder.sources)
        done = StepDone(report=report)

        def filed(document: Incident) -> None:
            file_report(document, report, payload, context.now(document))
            document.charge(asked)

        context.store.update(incident_id, filed, lambda _doc: done, runtime.stream_writer)
        return route(report)

    node.__name__ = f"step_{step.number}_{step.specialist}"
    return node


A_WHILE = timedelta(hours=1)
"""An incident of so long after its telemetry is not of the time that was recorded."""


def introduce(context: ResponseContext, incident_id: str) -> None:
    """Who answers, and that what they look at is history, where it is."""
    end, lines = context.clock(), [context.model_layer.note]
    if context.recorded and (context.store.load(incident_id).opened_at - end) > A_WHILE:
        ends = f"{end:%Y-%m-%d %H:%M} UTC"
        lines += [f"telemetry is a recording that ends {ends}: nothing newer is seen"]

    def say(document: Incident) -> None:
        for line in lines:
            if all(event.text != line for event in document.timeline):
                at = context.now(document)
                document.record(Event(at=at, actor="intake", kind=EventKind.note, text=line))

    context.store.update(incident_id, say)


def is_noise(report: AnyReport) -> dict:
    """After step 1: noise ends the response; what is not confirmed is looked at again."""
    if not isinstance(report, DetectionReport):
        return {"stop": ""}
    return {"stop": "noise" if report.noise else "", "look_again": report.look_again}


def is_sure(report: AnyReport) -> dict:
    """After step 3: sure enough to ask the commander before debugging."""
    return {"act_now": isinstance(report, MitigationReport) and report.act_now}


def is_investigated(_report: AnyReport) -> dict:
    """After step 7: this round has been investigated to its end."""
    return {"investigated": True}


def outcome_of(report: AnyReport) -> dict:
    """After step 8: how the action ended, or that it is to be measured again."""
    if not isinstance(report, VerificationReport):
        return {"outcome": Outcome.unverified.value}
    return {
        "outcome": report.outcome.value,
        "improving": report.improving,
        "well": report.well,
        "take_back": report.take_back,
        "next": report.next,
    }


def next_round(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """An action did not help: back to investigation with what was learned, a bounded number of
    times."""
    context = runtime.context
    change = lambda doc: _investigated_again(doc, context.now(doc))  # noqa: E731
    ended_by = context.store.update(state.incident_id, change).ended_by
    spent = bool(ended_by) or state.attempt - state.anew >= context.settings.max_attempts
    return {
        "attempt": state.attempt + (not spent),
        "investigated": False,
        "outcome": "",
        "checks": 0,
        "well": False,
        "stop": "attempts spent" if spent else "",
    }


def _investigated_again(document: Incident, now: datetime) -> None:
    if document.state is State.monitoring:  # patience is over: they were on their way, and stopped
        reason = "what hurts did not end"
        document.move(State.investigating, now, "observability", reason)
