"""What people change of an incident by hand: each is one transaction with its line on the timeline,
in the audit log and among the events; the same on pages, over HTTP, in chat and at a terminal.
"""

import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from ..errors import InputError
from ..incident.document import Incident
from ..incident.events import PersonActed
from ..incident.identity import Identity
from ..incident.levels import hold_level
from ..incident.lifecycle import OVER, State
from ..incident.people import Duty, HeldLevel, Participant, Pointer, SupportCount, hand_over
from ..incident.severity import Severity
from ..incident.timeline import Event, EventKind, utc_now
from ..record import audit, events
from ..record.claims import Does
from ..record.store import Store, revise
from ..record.tables import EFFECTS
from ..record.timers import cut_short
from ..record.waking import wake
from ..text_safety.lines import one_line

LONGEST = 2000
"""Characters of what somebody says."""
MOST_LINKS = 100
Says = Callable[[Incident, datetime], str]
"""Changes the document at this time; the line for the timeline. Raises InputError."""


def assign(
    store: Store, incident_id: str, duty: Duty, whom: str, by: Identity, note: str = ""
) -> Incident:
    """Give somebody a duty, or take it; who had it hands it over. Raises NotFound, InputError."""
    name, why = _words(whom, "name who takes it", 100), note.strip()[:LONGEST]

    def change(document: Incident, at: datetime) -> str:
        before = [p.name for p in document.participants if p.duty is duty]
        new = Participant(name=name, duty=duty, since=at, by=by.name)
        document.participants = hand_over(document.participants, new)
        gave = f", from {', '.join(before)}" if before and duty is not Duty.expert else ""
        return f"{name} is {duty.value} now{gave}{f': {why}' if why else ''}"

    return _changed(store, incident_id, by, "assign", change)


def set_severity(
    store: Store, incident_id: str, severity: Severity, reason: str, by: Identity
) -> Incident:
    """Raise, lower or confirm it, with a reason; it stands unless something worse than now is
    measured."""
    why = _words(reason, "say why: --reason 'why'")

    def change(document: Incident, at: datetime) -> str:
        if document.severity is severity and document.held and document.held.severity is severity:
            raise InputError(f"{incident_id} is {severity.value} already, as somebody set it")
        seen = document.held.seen if document.held else document.severity or severity
        hold_level(document, HeldLevel(severity=severity, seen=seen, by=by.name, reason=why, at=at))
        return ""  # the level has a line of its own

    return _changed(store, incident_id, by, "set severity", change)


def note(store: Store, incident_id: str, text: str, by: Identity) -> Incident:
    """Put something on the timeline, under one's name."""
    said = _words(text, "say something")
    return _changed(store, incident_id, by, "note", lambda _document, _at: said)


def link(store: Store, incident_id: str, url: str, title: str, by: Identity) -> Incident:
    """Point at something: a call, a board, a ticket. Raises InputError for what is no address."""
    place, name = url.strip(), _words(title or url, "say what it is", 200)
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or not parts.hostname or not place.isprintable():
        raise InputError(f"{place!r} is no address: give one that begins with https://")

    def change(document: Incident, at: datetime) -> str:
        if len(document.links) >= MOST_LINKS:
            raise InputError(f"{incident_id} has {MOST_LINKS} links: put this one into a note")
        document.links.append(Pointer(at=at, by=by.name, title=name, url=place))
        return f"linked {name}: {place}"

    return _changed(store, incident_id, by, "link", change)


def support(store: Store, incident_id: str, contacts: int, by: Identity) -> Incident:
    """Say how many people have written to support because of it, in all so far."""

    def change(document: Incident, at: datetime) -> str:
        document.support.append(SupportCount(at=at, by=by.name, contacts=contacts))
        return f"{contacts:,} {'person has' if contacts == 1 else 'people have'} written to support"

    return _changed(store, incident_id, by, "support", change)


def relate(store: Store, incident_id: str, other: str, reason: str, by: Identity) -> Incident:
    """Say of two incidents that they have to do with each other, in both. Raises NotFound."""
    if other == incident_id:
        raise InputError("an incident has to do with itself anyway: name another one")
    why = _words(reason, "say why: --reason 'why'")

    def naming(id_: str) -> Says:
        def change(document: Incident, _at: datetime) -> str:
            if id_ not in document.related:
                document.related.append(id_)
            return f"has to do with {id_}: {why}"

        return change

    with store.durable.begin() as connection:
        for one, two in sorted([(incident_id, other), (other, incident_id)]):  # in one order
            change_in(connection, one, by, "relate", naming(two))
    return store.load(incident_id)


def resolve(store: Store, incident_id: str, reason: str, by: Identity) -> Incident:
    """Call it over: what is asked is withdrawn, nothing is begun any more, people are told and the
    postmortem is drafted. Raises NotFound, InputError while an action is under way."""
    why = _words(reason, "say what ended it")

    def change(document: Incident, at: datetime) -> str:
        if document.state in OVER:
            raise InputError(f"{incident_id} is {document.state.value} already")
        document.ended_by = by.name
        document.move(State.resolved, _moved(document, at), by.name, why)
        return ""  # so has the state

    with store.durable.begin() as connection:
        _nothing_under_way(connection, incident_id)
        change_in(connection, incident_id, by, "resolve", change)
        store.ledger.withdraw(incident_id, by, f"{by.name} called it resolved: {why}", connection)
        cut_short(connection, incident_id)
        wake(connection, incident_id, why=f"{by.name} called it resolved")
    return store.load(incident_id)


def reopen(store: Store, incident_id: str, reason: str, by: Identity) -> Incident:
    """It was not over. People work it: what fires anew opens an incident that is linked to it."""
    why = _words(reason, "say why: --reason 'why'")

    def change(document: Incident, at: datetime) -> str:
        if document.state not in OVER:
            raise InputError(f"{incident_id} is {document.state.value}: it is not over")
        document.ended_by = ""
        document.move(State.investigating, _moved(document, at), by.name, f"reopened: {why}")
        return ""

    return _changed(store, incident_id, by, "reopen", change)


def close(store: Store, incident_id: str, reason: str, by: Identity) -> Incident:
    """Nothing is left to do about it. Raises InputError where it is not resolved."""
    why = _words(reason, "say why: --reason 'why'")

    def change(document: Incident, at: datetime) -> str:
        if document.state not in (State.resolved, State.post_incident):
            now = document.state.value
            raise InputError(f"{incident_id} is {now}: resolve it first, then close it")
        document.ended_by = by.name
        document.move(State.closed, _moved(document, at), by.name, why)
        return ""

    return _changed(store, incident_id, by, "close", change)


def _changed(store: Store, incident_id: str, by: Identity, act: str, says: Says) -> Incident:
    with store.durable.begin() as connection:
        change_in(connection, incident_id, by, act, says)
    return store.load(incident_id)


def change_in(connection: Connection, incident_id: str, by: Identity, act: str, says: Says) -> None:
    """The document, the audit log, the events: as the last of a transaction, but for work."""
    now, text = utc_now(), ""

    def change(document: Incident) -> None:
        nonlocal text
        lines, at = len(document.timeline), max(now, document.opened_at)
        text = says(document, at)
        if text:
            said = [event.text for event in document.timeline if event.actor == by.name]
            if said[-1:] != [text]:  # sent again
                line = Event(at=at, actor=by.name, kind=EventKind.person, text=text)
                document.timeline.append(line)
        text = text or "; ".join(event.text for event in document.timeline[lines:])

    _document, news = revise(connection, incident_id, change)
    audit.add(connection, str(by), act, incident_id, {"text": text})
    told = [*news, PersonActed(by=by.name, act=act, text=text)]
    events.append_all(connection, incident_id, [(event, time.time()) for event in told])


def _nothing_under_way(connection: Connection, incident_id: str) -> None:
    """Raise InputError where an action was begun and nobody knows yet what became of it."""
    begun = (EFFECTS.c.incident_id == incident_id, EFFECTS.c.done_at.is_(None))
    acts = EFFECTS.c.does.in_([Does.execute.value, Does.undo.value])
    if target := connection.execute(select(EFFECTS.c.target).where(*begun, acts)).scalar():
        raise InputError(
            f"an action on {target} is under way: see what becomes of it, then resolve"
        )


def _moved(document: Incident, at: datetime) -> datetime:
    """In its own time, after what happened before."""
    return max([at, document.opened_at, *(t.at for t in document.transitions)])


def _words(text: str, ask: str, longest: int = LONGEST) -> str:
    """What somebody says, in one line. Raises InputError where it is nothing or too long."""
    said = one_line(text)
    if not said or len(said) > longest:
        raise InputError(ask if not said else f"that is longer than {longest} characters: say less")
    return said
