"""Taking an alert in: written down first, then an incident, or a duplicate of a running one."""

import secrets
from datetime import datetime

from ...incident.alert import Alert
from ...incident.document import Incident
from ...incident.store import Store
from ...incident.timeline import Event, EventKind


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
    document = Incident(
        id=f"INC-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
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
