"""How a specialist works a step: look, conclude, hand in. One code path for playbook and model.

    case -> playbook -> model on top, if one is configured -> filed, checked

A node made here has no effect outside our own document, so LangGraph may run it again.
"""

import time
from collections.abc import Callable

from langgraph.runtime import Runtime
from pydantic import BaseModel

from ...incident.events import PlaybookAnswered, StepDone, StepStarted
from ...incident.filing import file_report
from ...incident.report import AnyReport
from ...tracing import node_span
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
        context, tell = runtime.context, runtime.stream_writer
        incident_id = getattr(state, "incident_id", "")
        attempt = getattr(state, "attempt", 1)
        tell(StepStarted(step=step.number, specialist=step.specialist, attempt=attempt))
        started = time.perf_counter()
        case = context.case(incident_id, step, attempt, tell)
        with node_span(step.specialist, step.number, incident_id) as span:
            floor = context.name_gaps(case, step.playbook(case))
            tell(PlaybookAnswered(report=floor))  # nobody waits for a model
            report = context.model_layer.improve(case, floor)
            span.handed_in(report)
        seconds = round(time.perf_counter() - started, 3)
        report = report.model_copy(update={"attempt": attempt, "seconds": seconds})
        payload, now = context.store.payload, context.clock()
        context.store.update(incident_id, lambda doc: file_report(doc, report, payload, now))
        tell(StepDone(report=report))
        return route(report)

    node.__name__ = f"step_{step.number}_{step.specialist}"
    return node
