"""What an incident's document says of its alerts: opened for one, joined by others, all over, back.

Few lines whatever comes: an alert that is told of thousands of times must not make the document
grow with each. Every one is in our own table.
"""

import secrets
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..incident.document import Alert, Incident, Joined
from ..incident.lifecycle import ACTIVE, State
from ..incident.severity import parse_severity
from ..incident.timeline import Event, EventKind, utc_now

ACTOR = "intake"
MOST_JOINED = 40
"""Alerts that the document holds whole, one of each name and service."""
MOST_LINES = 5
"""Lines for alerts that are joined at once."""
SOME, FAR = 8, 64
"""From so many alerts on, each doubling of their number is worth a line; and nothing else is."""


@dataclass(frozen=True)
class Arrival:
    """An alert that an incident takes, and why this one."""

    alert: Alert
    reason: str
    again: bool = False  # it has it already, and was told of it again


def new_id(taken: Container[str] = ()) -> str:
    """Tells when it was made, whatever time the incident lives in; none of these that are taken.
    That others draw the same in one second is seen when it is written (store.add)."""
    while (drawn := f"INC-{utc_now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}") in taken:
        continue
    return drawn


def opened(
    incident_id: str, alert: Alert, now: datetime, note: str = "", related: Sequence[str] = ()
) -> Incident:
    """A new document for this alert, never opened before it fired.

    note: one line on how it came to be; empty: none.
    """
    now = max(now, min(alert.starts_at or now, utc_now()))
    document = Incident(
        id=incident_id,
        title=_title(alert),
        opened_at=now,
        alert=alert,
        related=list(related),
    )
    fired = alert.starts_at or now
    text = f"{alert.name} {alert.status}: {alert.summary}"
    document.record(Event(at=fired, actor=alert.source, kind=EventKind.alert, text=text))
    for line in [note, *(f"linked to {other}, which is over" for other in related)]:
        _note(document, now, line)
    _say_unmapped(document, alert, now)
    return document


def _title(alert: Alert) -> str:
    """The alert in one line; its service first, unless the text names it already."""
    text = alert.summary or alert.name
    named = not alert.service or alert.service.casefold() in text.casefold()
    return text if named else f"{alert.service}: {text}"


def join(
    document: Incident, arrivals: Sequence[Arrival], before: int, count: int, now: datetime
) -> None:
    """Alerts that become a part of it, the worst first: a line each for the first few, and a worse
    level than the incident's raises it.

    arrivals: those that tell it something new. before, count: alerts that it had, and has now.
    """
    now = max(now, document.opened_at)
    new = [arrival for arrival in arrivals if not arrival.again]
    for arrival in new[:MOST_LINES] if before < FAR else ():
        _line(document, arrival, now)
    if len(new) > MOST_LINES or doubled(before, count):
        _note(document, now, f"{count} alerts belong to it")
    for arrival in arrivals:
        _hold(document, arrival, now)
        _raise(document, arrival.alert, now)
    watched = document.state is State.monitoring and document.transitions[-1].actor == ACTOR
    if arrivals and watched:
        document.move(State.investigating, now, ACTOR, f"{arrivals[0].alert.name} fires again")


def _line(document: Incident, arrival: Arrival, now: datetime) -> None:
    alert = arrival.alert
    text = f"{alert.name} {alert.status}: {alert.summary} (joined: {arrival.reason})"
    document.record(Event(at=now, actor=ACTOR, kind=EventKind.alert, text=text))


def doubled(before: int, after: int) -> bool:
    """Whether a power of two lies between: many alerts are told of by those."""
    return after >= SOME and before.bit_length() != after.bit_length()


def _hold(document: Incident, arrival: Arrival, now: datetime) -> None:
    known = [document.alert, *(joined.alert for joined in document.joined)]
    same = any((a.name, a.service) == (arrival.alert.name, arrival.alert.service) for a in known)
    if same or len(document.joined) >= MOST_JOINED:
        return
    document.joined.append(Joined(at=now, alert=arrival.alert, reason=arrival.reason))
    _say_unmapped(document, arrival.alert, now)


def _raise(document: Incident, alert: Alert, now: datetime) -> None:
    """Severity is raised by what joins, with the reason; triage assesses it anew when it wakes."""
    level = alert.level or parse_severity(alert.severity)
    if level is None or document.severity is None or level.rank >= document.severity.rank:
        return
    word = alert.severity or level.value
    text = f"{document.severity.value} is raised to {level.value}: {alert.name} ({word}) joined"
    document.severity = level
    document.record(Event(at=now, actor=ACTOR, kind=EventKind.severity, text=text))


def _say_unmapped(document: Incident, alert: Alert, now: datetime) -> None:
    if alert.severity and alert.level is None and parse_severity(alert.severity) is None:
        where = f"receiver {alert.receiver}" if alert.receiver else "its source"
        text = (
            f"no level is known for the severity “{alert.severity}” of {where}: rules decide; "
            "`severity:` of the receiver maps it"
        )
        _note(document, now, text)


def end(document: Incident, alerts: Sequence[Alert], over: bool, now: datetime) -> None:
    """Alerts that ended at their source; with the last of them it is watched: telemetry says
    whether it is resolved."""
    now = max(now, document.opened_at, *(t.at for t in document.transitions))
    for alert in alerts[:MOST_LINES]:
        text = f"{alert.name} resolved at its source: {alert.summary}"
        document.record(Event(at=now, actor=alert.source, kind=EventKind.alert, text=text))
    if over and document.state in ACTIVE:
        document.move(State.monitoring, now, ACTOR, "every alert of it is resolved at its source")


def _note(document: Incident, now: datetime, text: str) -> None:
    if text:
        document.record(Event(at=now, actor=ACTOR, kind=EventKind.note, text=text))
