"""Updates by the clock: when the severity's time is over, the next is drafted and whoever has the
incident is reminded, whether a response runs or not; so is who is to run a drill that is due. A
timer is a row that one server takes.

What stays in the house goes out at once, as it does in a response; texts for outside wait for a
person, and go out here where no response is there to do it.
"""

import time
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from ..agents.comms import communicate
from ..agents.reporting.incident_status import Stage, stage
from ..agents.runtime.gate import ask_texts
from ..agents.runtime.outbox import OPEN as UNSENT
from ..agents.runtime.outbox import Letter, put_open
from ..incident.communication import Audience, Message, MessageState
from ..incident.document import Incident
from ..incident.identity import WARROOM
from ..incident.lifecycle import ACTIVE
from ..incident.severity import TARGETS, Severity
from ..incident.timeline import Event, EventKind, from_ts
from ..record import audit, escalations, events
from ..record.drills import last_run
from ..record.leases import Clock, shared_clock
from ..record.outbox import put_page
from ..record.store import Store, revise
from ..record.tables import INCIDENTS, TIMERS, insert_once
from ..settings import Settings
from .configuration import recall
from .configuration_file import read_configuration
from .drill_schedules import Due, standing
from .escalating import ACTOR, each_for_itself, team_of, tell
from .notifying import channels_of
from .oncall import Rota
from .record import masked_content

CADENCE = {level: 60.0 * t.update_minutes for level, t in TARGETS.items() if t.update_minutes}
UPDATE, TEXTS = "update ", "texts"
"""Timers: of the next update; of texts that wait for a person."""
OWN_TIME_S = 3600.0
"""An incident that was opened so long before we took it lives in its own time: a recording's."""


def remind(settings: Settings, store: Store, clock: Clock = shared_clock) -> None:
    """Draft every update that is due now, and send what people let go out."""
    mine = (TIMERS.c.incident_id == INCIDENTS.c.id, TIMERS.c.name.startswith(UPDATE))
    begun = select(func.count()).where(*mine)
    due = select(func.min(TIMERS.c.due_at)).where(*mine, TIMERS.c.done_at.is_(None))
    texts = select(func.count()).where(
        TIMERS.c.incident_id == INCIDENTS.c.id, TIMERS.c.name == TEXTS, TIMERS.c.done_at.is_(None)
    )
    columns = (begun.label("number"), due.label("due_at"), texts.label("texts"))
    query = select(INCIDENTS.c.id, INCIDENTS.c.severity, INCIDENTS.c.taken_at, *columns).where(
        INCIDENTS.c.state.in_([state.value for state in ACTIVE]),
        INCIDENTS.c.severity.in_([level.value for level in CADENCE]),
        INCIDENTS.c.opened_at > INCIDENTS.c.taken_at - OWN_TIME_S,
    )
    with store.reading.begin() as connection:
        now, rows = clock(connection), connection.execute(query).all()
    for row in rows:
        runs = row.due_at is not None and now < row.due_at <= now + CADENCE[Severity(row.severity)]
        with each_for_itself(row.id):
            drafted = not runs and _update(settings, store, row.id, row.taken_at, row.number, now)
            if drafted or row.texts:
                _send(settings, store, row.id, now)


def _update(
    settings: Settings, store: Store, incident_id: str, since: float, number: int, now: float
) -> bool:
    """Begin the next timer, which one server does, and draft what is due: whether anything is to
    be sent. since: when it was taken, unix seconds."""
    document = store.load(incident_id)
    every = CADENCE[document.severity or Severity.P0]
    told = [(m.sent_at or m.created_at).timestamp() for m in document.communications]
    last = max([since, *told])
    due = last + every <= now and stage(document) in (Stage.declared, Stage.update)
    begun = {"incident_id": incident_id, "name": f"{UPDATE}{number + 1}"}
    ran = (TIMERS.c.incident_id == incident_id, TIMERS.c.name.startswith(UPDATE))
    next_at = last + every if last + every > now else now + every
    with store.durable.begin() as connection:
        if not insert_once(connection, TIMERS, **begun, due_at=next_at):
            return False
        before = (*ran, TIMERS.c.done_at.is_(None), TIMERS.c.name != begun["name"])
        connection.execute(update(TIMERS).where(*before).values(done_at=now))
        return due and _drafted(connection, settings, document, from_ts(now))


def _drafted(connection: Connection, settings: Settings, document: Incident, now: datetime) -> bool:
    drafts = communicate(document, now, (settings.language,)).messages
    if not drafts:
        return False
    texts = [{"subject": draft.subject, "body": draft.body} for draft in drafts]
    clean = [d.model_copy(update=t) for d, t in zip(drafts, masked_content(texts), strict=True)]
    outside = sum(draft.external for draft in clean)
    text = f"the next update is due: {len(clean)} drafted, {outside} wait for approval"

    def add(newest: Incident) -> None:
        for number, draft in enumerate(clean, len(newest.communications) + 1):
            newest.communications.append(draft.model_copy(update={"id": f"M{number}"}))
        newest.record(Event(at=now, actor=ACTOR, kind=EventKind.message, text=text))

    insert_once(connection, TIMERS, incident_id=document.id, name=TEXTS, due_at=now.timestamp())
    again = (TIMERS.c.incident_id == document.id, TIMERS.c.name == TEXTS)
    connection.execute(update(TIMERS).where(*again).values(done_at=None))
    _document, news = revise(connection, document.id, add)
    _reminded(connection, settings, document, text, now)
    audit.add(connection, str(WARROOM), "draft update", document.id, {"text": text})
    events.append_all(connection, document.id, [(event, now.timestamp()) for event in news])
    return True


def _reminded(
    connection: Connection, settings: Settings, document: Incident, why: str, now: datetime
) -> None:
    """Whoever has it hears of it, and whoever has the role `communications`."""
    rota = Rota(connection.engine, read_configuration())
    known = escalations.find(connection, document.id)
    people = rota.people(["communications"], team_of(document), now)
    people += [known.answered_by] if known and known.answered_by else []
    for who in dict.fromkeys(people):
        name, link = f"update {now.timestamp():.0f} {who}", f"{rota.url}/incidents/{document.id}"
        tell(connection, settings, rota, document, name, who, why, now, link)


def remind_of_drills(store: Store, clock: Clock = shared_clock) -> None:
    """Who warroom.yaml names hears that a drill is due, and again that it is overdue, each once."""
    file = read_configuration()
    if not (file.drills.schedules and file.drills.tell):
        return
    with store.reading.begin() as connection:
        now = from_ts(clock(connection))
    for one in standing(file.drills, last_run(store.engine), now):
        if one.state != "done":
            _tell_of_drill(store, Rota(store.engine, file), file.drills.tell, one, now)


def _tell_of_drill(store: Store, rota: Rota, whom: list[str], one: Due, now: datetime) -> None:
    ways = [w for who in rota.people(whom, "", now) for w in rota.due(who, Severity.P3, now)]
    since = f"{one.last.timestamp():.0f}" if one.last else "never"
    row = {"incident_id": "", "name": f"drill {one.schedule.name} {one.state} {since}"}
    times = {"due_at": now.timestamp(), "done_at": now.timestamp()}
    with store.durable.begin() as connection:
        if ways and insert_once(connection, TIMERS, **row, **times):
            for channel, due in ways:
                message = _drill_due(one, channel, rota.url, due)
                letter = Letter(message=message, drill=False, at=due).model_dump_json()
                put_page(connection, row["name"], "", channel, letter, due.timestamp())


def _drill_due(one: Due, channel: str, url: str, at: datetime) -> Message:
    return Message(
        id="M0",
        template="drill",
        audience=Audience.engineering,
        channels=[channel],
        subject=f"Drill {one.state}: {one.schedule.name}",
        body=f"The drill {one.words}.\n\n{url}/drills\n",
        state=MessageState.approved,
        created_at=at,
    )


def draft_once(settings: Settings, store: Store, document: Incident, name: str) -> None:
    """Draft what is to be told now, once under this name, and send what may go out."""
    now = time.time()
    row = {"incident_id": document.id, "name": name, "due_at": now, "done_at": now}
    with store.durable.begin() as connection:
        if insert_once(connection, TIMERS, **row):
            _drafted(connection, settings, document, from_ts(now))
    _send(settings, store, document.id, now)


def _send(settings: Settings, store: Store, incident_id: str, now: float) -> None:
    """Ask about what is for outside, put what may go out on its way; done once nothing waits."""
    drill = recall(settings, incident_id).drill
    ask_texts(store, settings, incident_id, drill)
    channels = channels_of(store.engine)
    document = put_open(store, incident_id, lambda _document: from_ts(now), drill, channels)
    if not any(message.state in UNSENT for message in document.communications):
        mine = (TIMERS.c.incident_id == incident_id, TIMERS.c.name == TEXTS)
        with store.durable.begin() as connection:
            connection.execute(update(TIMERS).where(*mine).values(done_at=now))
