"""Taking an alert in: written down first, then an incident, or a part of one that already runs.

Joined by fingerprint when it comes in, by service when its response begins; both say why.
"""

import secrets
from datetime import datetime

from langgraph.runtime import Runtime

from ...incident.document import Alert, Incident
from ...incident.lifecycle import ACTIVE, State
from ...incident.timeline import Event, EventKind, utc_now
from ...record.store import Store
from ...state import IncidentState
from .context import ResponseContext


def take(store: Store, alert: Alert, note: str, now: datetime) -> tuple[str, bool]:
    """The incident that has this alert now, and whether it is a new one.

    Args:
        store: keeps the alert before anything else happens.
        alert: as parsed.
        note: one line on who answers (model or playbooks), for the record.
        now: when it came in.
    """
    row = store.keep_alert(alert)
    running = store.open_incident(alert.fingerprint)
    if running:
        times = store.attach_alert(row, running) - 1
        store.update(running, lambda doc: _again(doc, alert, now, times))
        return running, False
    document = _open(alert, now, note)
    store.create(document, row)
    return document.id, True


def _open(alert: Alert, now: datetime, note: str) -> Incident:
    """The id tells when it was made, whatever time the incident lives in; it is never opened before
    its alert fired."""
    now = max(now, min(alert.starts_at or now, utc_now()))
    document = Incident(
        id=f"INC-{utc_now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        title=_title(alert),
        opened_at=now,
        alert=alert,
    )
    fired = alert.starts_at or now
    text = f"{alert.name} {alert.status}: {alert.summary}"
    document.record(Event(at=fired, actor=alert.source, kind=EventKind.alert, text=text))
    document.record(Event(at=now, actor="intake", kind=EventKind.note, text=note))
    return document


def _title(alert: Alert) -> str:
    """The alert in one line; its service first, unless the text names it already."""
    text = alert.summary or alert.name
    named = not alert.service or alert.service.casefold() in text.casefold()
    return text if named else f"{alert.service}: {text}"


def _again(document: Incident, alert: Alert, now: datetime, times: int) -> None:
    """A line for the first repeat, the second, the fourth, the eighth: an alert that comes
    thousands of times must not make the document grow with each. Every one is in our own table."""
    head = f"{alert.name} {alert.status} again"
    told = any(e.actor == "intake" and e.text.startswith(head) for e in document.timeline)
    if told and times & (times - 1):
        return
    often = f", {times} times" if times > 1 else ""
    text = f"{head}: {alert.summary} (joined: same fingerprint{often})"
    document.record(Event(at=now, actor="intake", kind=EventKind.alert, text=text))


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
    context.store.update(document.id, lambda doc: _join(doc, other.id, reason, context.now(doc)))
    context.store.update(other.id, lambda doc: _absorb(doc, document, context.now(doc)))
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


def _join(document: Incident, other: str, reason: str, now: datetime) -> None:
    if other not in document.related:
        document.related.append(other)
    document.move(State.closed, now, "intake", f"joined to {other}: {reason}")


def _absorb(document: Incident, joined: Incident, now: datetime) -> None:
    if joined.id in document.related:
        return
    document.related.append(joined.id)
    text = f"{joined.alert.name} joined as {joined.id}: {joined.alert.summary}"
    document.record(Event(at=now, actor="intake", kind=EventKind.alert, text=text))
