"""Is this alert part of an incident that already runs? Joined by what was said, and said why."""

from langgraph.runtime import Runtime

from ...incident.document import Incident
from ...incident.lifecycle import ACTIVE, State
from ...incident.timeline import Event, EventKind, utc_now
from ...state import IncidentState
from .context import ResponseContext

STRONG_WINDOW_S = 300
"""Alerts on the same service this close together are taken as one incident."""


def correlate(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """End early when another incident on the same service, opened just before, still runs."""
    context = runtime.context
    document = context.store.load(state.incident_id)
    other = _running(context, document)
    if other is None:
        return {"stop": ""}
    reason = f"same service within {STRONG_WINDOW_S // 60} minutes of {other.id}"
    context.store.update(document.id, lambda doc: _join(doc, other.id, reason))
    context.store.update(other.id, lambda doc: _absorb(doc, document))
    return {"stop": "duplicate"}


def _running(context: ResponseContext, document: Incident) -> Incident | None:
    if not document.alert.service:
        return None
    active = {state.value for state in ACTIVE}
    for row in context.store.incidents():
        age = document.opened_at.timestamp() - row.opened_at
        if row.id == document.id or row.state not in active or not age >= 0:
            continue
        if age <= STRONG_WINDOW_S:
            other = context.store.load(row.id)
            if other.alert.service == document.alert.service:
                return other
    return None


def _join(document: Incident, other: str, reason: str) -> None:
    if other not in document.related:
        document.related.append(other)
    document.move(State.closed, utc_now(), "intake", f"joined to {other}: {reason}")


def _absorb(document: Incident, joined: Incident) -> None:
    if joined.id in document.related:
        return
    document.related.append(joined.id)
    text = f"{joined.alert.name} joined as {joined.id}: {joined.alert.summary}"
    document.record(Event(at=utc_now(), actor="intake", kind=EventKind.alert, text=text))
