"""How a specialist works a step: look, conclude, hand in. One code path for playbook and model.

    case -> playbook -> model on top, if one is configured -> filed, checked

A node made here has no effect outside our own document, so LangGraph may run it again.
"""

import time
from collections.abc import Callable

from langgraph.runtime import Runtime
from pydantic import BaseModel

from ...incident.filing import file_report
from ...incident.report import AnyReport
from ...tracing import node_span
from .case import Case
from .context import ResponseContext

Playbook = Callable[[Case], AnyReport]
Route = Callable[[AnyReport], dict]
"""Facts that a report adds to the graph's state."""


def nothing(_report: AnyReport) -> dict:
    """Most reports add nothing to the state: the document has them."""
    return {}


def specialist(name: str, step: int, playbook: Playbook, route: Route = nothing):
    """A graph node in which specialist `name` works `step` by `playbook`.

    Args:
        name: triage, observability, debugger, security, performance, comms or postmortem.
        step: 1 to 13.
        playbook: the deterministic floor.
        route: picks the routing facts out of the report.
    """

    def node(state: BaseModel, runtime: Runtime[ResponseContext]) -> dict:
        context, tell = runtime.context, runtime.stream_writer
        incident_id = getattr(state, "incident_id", "")
        attempt = getattr(state, "attempt", 1)
        what = {"event": "step", "step": step, "specialist": name, "attempt": attempt}
        tell({**what, "status": "started"})
        started = time.perf_counter()
        case = context.case(incident_id, name, attempt, tell)
        with node_span(name, step, incident_id) as span:
            floor = playbook(case)
            tell({**what, "status": "floor", "report": floor})  # nobody waits for a model
            report = context.model_layer.improve(case, floor)
            span.handed_in(report)
        seconds = round(time.perf_counter() - started, 3)
        report = report.model_copy(update={"attempt": attempt, "seconds": seconds})
        payload, now = context.store.payload, context.clock()
        context.store.update(incident_id, lambda doc: file_report(doc, report, payload, now))
        tell({**what, "status": "done", "report": report})
        return route(report)

    node.__name__ = f"step_{step}_{name}"
    return node
