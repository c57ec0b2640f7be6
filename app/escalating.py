"""Telling people, level after level, until somebody acknowledges: a step is one transaction, with
what is sent, its line on the timeline, in the audit log and among the events."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ..agents.comms import subject
from ..agents.reporting.briefing import brief
from ..agents.runtime.outbox import Letter
from ..errors import InputError, WarroomError
from ..incident.communication import Audience, Message, MessageState
from ..incident.document import Incident
from ..incident.events import Acknowledged, Escalated, IncidentEvent
from ..incident.identity import WARROOM, Identity
from ..incident.lifecycle import OVER
from ..incident.severity import TARGETS, Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..oncall.escalation import Levels, OnCall, after
from ..prompts.render import letter, stamp
from ..prompts.values import data, duration
from ..record import audit, escalations, events
from ..record.escalations import ACKNOWLEDGED, ENDED, OPEN, Escalations, Standing
from ..record.leases import Clock, shared_clock
from ..record.outbox import put_page
from ..record.store import Store, revise
from ..settings import Settings
from .configuration import recall
from .configuration_file import read_configuration
from .oncall import LINK_S, Link, Rota, make_link
from .record import masked_content

ACTOR = "on-call"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Move:
    """What comes next and why; `act` says what it is."""

    why: str
    act: str = "told"  # told, all told, changed, ended
    level: int = -1
    times: int = 0
    state: str = OPEN
    anew: bool = False


def escalate(settings: Settings, store: Store, clock: Clock = shared_clock) -> None:
    """Make every step that is due now, of all incidents; what others make meanwhile is theirs."""
    waiting = Escalations(store.engine, clock).waiting()
    if waiting:
        rota = Rota(store.engine, read_configuration())
        for incident_id in waiting:
            with each_for_itself(incident_id):
                document = store.load(incident_id)
                with store.durable.begin() as connection:
                    _step(connection, settings, rota, document, clock(connection))


@contextmanager
def each_for_itself(incident_id: str) -> Iterator[None]:
    """What is wrong with one incident keeps nobody from being told of the others."""
    try:
        yield
    except WarroomError as error:
        log.warning("%s: nobody can be told now: %s", incident_id, error)


def _step(
    connection: Connection, settings: Settings, rota: Rota, document: Incident, now: float
) -> None:
    known = escalations.find(connection, document.id, lock=True)
    levels = _levels(rota, document, known)
    if (move := _move(rota.told, document, known, levels, now)) is None:
        return
    level, severity = levels[move.level] if move.act == "told" else None, document.severity
    at, team = from_ts(now), team_of(document)
    people = rota.people(level.notify, team, at) if level else []
    ways = [way for who in people for way in rota.due(who, severity or Severity.P3, at)]
    values = {"state": move.state, "level": move.level, "told": move.times}
    values |= {"severity": severity or "", "levels": levels}
    if move.anew:
        values |= {"started_at": now, "answered_by": None, "answered_at": None}
    if move.act != "changed":  # where nobody is on, the next level is told at once
        soonest = min((due.timestamp() for _, due in ways), default=now)
        wait = (level and level.timeout) if ways else 0.0
        values["due_at"] = None if wait is None or level is None else soonest + wait
    if not escalations.take(connection, document.id, known, **values):
        return
    row = {"at": now, "level": move.level, "why": move.why}
    escalations.note(connection, document.id, known, move.act, people, **row)
    if move.act == "ended":
        escalations.call_off(connection, document.id)
    number = known.version if known else 0
    said = f"{move.why}\n{level.asked if level else ''}".strip()
    for who in people:
        good_for = Link(acknowledge=document.id, person=who, until=now + LINK_S)
        secret, _key = make_link(connection, good_for)
        link = f"{rota.url}/on-call/acknowledge/{secret}"
        tell(connection, settings, rota, document, f"{number}:{who}", who, said, at, link)
    if level:
        whom = ", ".join(level.notify)
        told = f"told {', '.join(people)} ({whom})" if people else f"nobody is on call as {whom}"
        event = Escalated(level=move.level + 1, people=people, why=move.why)
        write(connection, document.id, f"{told}: {move.why}", WARROOM, "escalate", event, now)


def _levels(rota: Rota, document: Incident, known: Standing | None) -> Levels:
    """Those that it began with, as long as its severity is the same; nobody's without anybody."""
    severity = document.severity
    if known and known.state != ENDED and known.severity == severity:
        return known.levels
    if severity is None or not rota.configured:
        return ()
    facts = {"service": document.alert.service, "team": team_of(document)}
    facts |= {"category": document.category.value, "severity": severity.value}
    return rota.told.levels(severity, {**document.alert.labels, **facts})


def _move(
    told: OnCall, document: Incident, known: Standing | None, levels: Levels, now: float
) -> Move | None:
    severity = document.severity
    if document.state in OVER:
        return Move("it is over", "ended", state=ENDED) if known and known.state != ENDED else None
    if severity is None:
        return None
    if known is None or known.state == ENDED:
        return _next(levels, -1, 0, "reopened" if known else f"declared {severity}", anew=True)
    if (before := known.severity) != severity:
        if before and severity.rank < Severity(before).rank:
            return _next(levels, -1, 0, f"raised from {before} to {severity}", anew=True)
        return Move(f"{severity} now", "changed", known.level, known.told, known.state)
    if known.due_at is None or known.due_at > now:
        return None
    if known.state == ACKNOWLEDGED:
        since = now - (known.answered_at or now)
        why = f"acknowledged by {known.answered_by} {duration(since)} ago and not resolved"
        lapsed = (lasts := told.counts(severity)) is not None and since >= lasts.total_seconds()
        return _next(levels, known.level, 0 if lapsed else ALL, why)
    waited = levels[known.level].timeout if 0 <= known.level < len(levels) else None
    why = f"nobody acknowledged within {duration(waited)}" if known.told else "given back"
    return _next(levels, known.level, known.told, why)


ALL = 1000
"""More times than a level is told."""


def _next(levels: Levels, level: int, times: int, why: str, anew: bool = False) -> Move:
    place = after(levels, level, times)
    return (
        Move(why, "told", *place, anew=anew)
        if place
        else Move(why, "all told", level, times, anew=anew)
    )


def tell(
    connection: Connection,
    settings: Settings,
    rota: Rota,
    document: Incident,
    name: str,
    who: str,
    why: str,
    now: datetime,
    link: str,
) -> None:
    """Have somebody told by each of their ways, once under this name."""
    drill, severity = recall(settings, document.id).drill, document.severity or Severity.P3
    for channel, due in rota.due(who, severity, now):
        message = page(document, settings.language, channel, why, due, link)
        letter = Letter(message=message, drill=drill, at=due).model_dump_json()
        put_page(connection, name, document.id, channel, letter, due.timestamp())


def team_of(document: Incident) -> str:
    """Whose it is: of the first affected service that has an owner."""
    return next((one.team for one in document.services if one.team), "")


def page(
    document: Incident, language: str, channel: str, why: str, at: datetime, link: str
) -> Message:
    """What one person is told on one channel: secrets are masked, but for the link's."""
    name = f"page.{language}.md"
    told = brief(document, at)
    title = subject(told, Audience.engineering, name, language)
    reasons = "\n\n".join(data(line) for line in why.splitlines())
    clean = masked_content({"subject": title, "body": f"{letter(name, **vars(told))}\n{reasons}"})
    return Message(
        id="M0",
        template=stamp(name),
        audience=Audience.engineering,
        channels=[channel],
        subject=clean["subject"],
        body=f"{clean['body']}\n\n{link}\n",
        language=language,
        state=MessageState.approved,
        created_at=at,
    )


def write(
    connection: Connection,
    incident_id: str,
    text: str,
    by: Identity,
    act: str,
    event: IncidentEvent,
    now: float,
) -> None:
    """On the timeline, in the audit log, among the events: as the last of a transaction."""
    actor = ACTOR if by is WARROOM else by.name
    line = Event(at=from_ts(now), actor=actor, kind=EventKind.person, text=text)
    _document, news = revise(connection, incident_id, lambda document: document.record(line))
    audit.add(connection, str(by), act, incident_id, {"text": text})
    events.append_all(connection, incident_id, [(one, now) for one in (*news, event)])


def acknowledge(
    store: Store, incident_id: str, by: Identity, clock: Clock = shared_clock
) -> Standing:
    """Take it on: nobody else is told for as long as that counts. Again, or by another, it counts
    anew. Raises NotFound, InputError where it is over."""
    return _answer(store, incident_id, by, ACKNOWLEDGED, clock)


def release(store: Store, incident_id: str, by: Identity, clock: Clock = shared_clock) -> Standing:
    """Give it back: the level that was told last is told again, now. Raises as `acknowledge`."""
    return _answer(store, incident_id, by, OPEN, clock)


def _answer(store: Store, incident_id: str, by: Identity, state: str, clock: Clock) -> Standing:
    document, told = store.load(incident_id), read_configuration().oncall
    if document.state in OVER:
        raise InputError(f"{incident_id} is {document.state.value}: nobody is told of it any more")
    act = "acknowledged" if state == ACKNOWLEDGED else "released"
    with store.durable.begin() as connection:
        now, known = clock(connection), escalations.find(connection, incident_id, lock=True)
        values = {"state": state, "answered_by": by.name, "answered_at": now}
        values["due_at"] = _until(told, document, known, now) if state == ACKNOWLEDGED else now
        values |= {} if state == ACKNOWLEDGED else {"told": 0, "answered_by": None}
        fresh = {} if known else {"severity": "", "started_at": now}
        if not escalations.take(connection, incident_id, known, **values, **fresh):
            raise InputError(f"somebody else answered {incident_id} just now: look at it again")
        row = {"at": now, "level": known.level if known else -1, "why": ""}
        escalations.note(connection, incident_id, known, act, [by.name], **row)
        escalations.call_off(connection, incident_id)
        event = Acknowledged(by=by.name, released=state == OPEN)
        write(connection, incident_id, f"{by.name} has {act} it", by, act, event, now)
        found = escalations.find(connection, incident_id)
    assert found is not None
    return found


def _until(told: OnCall, document: Incident, known: Standing | None, now: float) -> float | None:
    """When an acknowledgement is looked at again: it lapses, or the time to resolve is over."""
    if document.severity is None:
        return None
    lasts, minutes = told.counts(document.severity), TARGETS[document.severity].resolve_minutes
    times = [now + lasts.total_seconds()] if lasts else []
    target = (known.started_at if known else now) + 60 * minutes
    return min([*times, target] if target > now else times, default=None)
