"""What happened, typed and in order: 1, 2, … in an incident, and over all of them by a position
that a follower goes on from.

Positions are given out under one lock that is held until the transaction ends: whoever reads 8 has
7. So an event is the last thing that a transaction writes, after rows are locked and after the
audit log; in that order nobody waits for each other in a circle.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import TypeAdapter
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    bindparam,
    func,
    insert,
    literal,
    select,
    union_all,
)

from ..incident.communication import Message, MessageState
from ..incident.document import Incident
from ..incident.events import IncidentEvent, MessageSent, StateChanged
from .database import glance
from .tables import EVENTS
from .teams import Sight, told

ORDER = 0x57A8
"""Number of PostgreSQL's advisory lock under which positions are given out."""
LOOK_S = 0.2
"""Seconds between two looks of a follower: other processes write too."""
MOST = 500
"""Events that are handed out at once."""
Told: TypeAlias = tuple[IncidentEvent, float]
"""An event and when it took place, unix seconds."""
KINDS: TypeAdapter[IncidentEvent] = TypeAdapter(IncidentEvent)


@dataclass(frozen=True, slots=True)
class Stored:
    """An event and where it stands; `at` in unix seconds."""

    position: int
    incident_id: str
    number: int
    at: float
    event: IncidentEvent


def append(connection: Connection, incident_id: str, event: IncidentEvent, at: float) -> None:
    """Store an event as the last thing of the caller's transaction; `at` in unix seconds."""
    append_all(connection, incident_id, [(event, at)])


def append_all(connection: Connection, incident_id: str, told: Sequence[Told]) -> None:
    """As `append`, several in their order."""
    append_to(connection, [(incident_id, event, at) for event, at in told])


def append_to(connection: Connection, told: Sequence[tuple[str, IncidentEvent, float]]) -> None:
    """As `append`, of several incidents, in this order."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ORDER)))
    ids = {"incidents": sorted({incident_id for incident_id, *_ in told})}
    numbers = Counter({row.name: row.number for row in connection.execute(NUMBERS, ids)})
    last, rows = numbers.pop(ANY), []
    for position, (incident_id, event, at) in enumerate(told, last + 1):
        numbers[incident_id] += 1
        row = {"position": position, "incident_id": incident_id, "number": numbers[incident_id]}
        rows.append({**row, "at": at, "event": event.event, "body": event.model_dump_json()})
    if rows:
        connection.execute(insert(EVENTS), rows)


ANY = ""
NUMBERS = union_all(
    select(
        literal(ANY).label("name"), func.coalesce(func.max(EVENTS.c.position), 0).label("number")
    ),
    select(EVENTS.c.incident_id.label("name"), func.max(EVENTS.c.number).label("number"))
    .where(EVENTS.c.incident_id.in_(bindparam("incidents", expanding=True)))
    .group_by(EVENTS.c.incident_id),
)
"""The last position, and the last numbers of incidents; made once."""


class EventLog:
    """The events of all incidents. `clock` tells seconds that pass, `sleep` lets them."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.engine = engine
        self.reading = glance(engine)
        self.clock = clock
        self.sleep = sleep

    def append(self, incident_id: str, event: IncidentEvent, at: float) -> None:
        """Store an event in a transaction of its own."""
        with self.engine.begin() as connection:
            append(connection, incident_id, event, at)

    def newest(self) -> int:
        """The last position that was given out."""
        with self.reading.begin() as connection:
            return connection.execute(select(func.max(EVENTS.c.position))).scalar() or 0

    def after(
        self, position: int = 0, incident_id: str | None = None, limit: int = MOST
    ) -> list[Stored]:
        """The events after this position, oldest first; of all incidents when none is named."""
        query = select(EVENTS).where(EVENTS.c.position > position)
        if incident_id is not None:
            query = query.where(EVENTS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(EVENTS.c.position).limit(limit)).mappings()
            return [_stored(row) for row in rows]

    def seen(
        self, sight: Sight, position: int = 0, incident_id: str = "", limit: int = MOST
    ) -> tuple[list[Stored], int]:
        """As `after`, what somebody sees of the next ones; and the position to go on from, which
        is further than the last of them where others' events follow."""
        query = select(EVENTS, told(sight, EVENTS.c.incident_id).label("told"))
        query = query.where(EVENTS.c.position > position).order_by(EVENTS.c.position)
        if incident_id:
            query = query.where(EVENTS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        found = [_stored(row) for row in rows if row["told"]]
        return found, rows[-1]["position"] if rows else position

    def follow(
        self,
        position: int = 0,
        incident_id: str | None = None,
        limit: int = MOST,
        wait_s: float = 20.0,
    ) -> list[Stored]:
        """As `after`; where there is nothing yet it waits for it, at most `wait_s` seconds."""
        until = self.clock() + wait_s
        while not (found := self.after(position, incident_id, limit)) and self.clock() < until:
            self.sleep(LOOK_S)
        return found


def _stored(row: RowMapping) -> Stored:
    return Stored(
        position=row["position"],
        incident_id=row["incident_id"],
        number=row["number"],
        at=row["at"],
        event=KINDS.validate_json(row["body"]),
    )


# What a change of the document says by itself: whoever makes it need not.


@dataclass(frozen=True)
class Before:
    """What a document said before it was changed."""

    transitions: int
    sent: frozenset[str]

    @classmethod
    def of(cls, document: Incident) -> "Before":
        """Taken before the change."""
        return cls(len(document.transitions), frozenset(m.hash for m in _sent(document)))

    def news(self, document: Incident) -> list[IncidentEvent]:
        """What the change added."""
        changed = [StateChanged(transition=t) for t in document.transitions[self.transitions :]]
        sent = [MessageSent(message=m) for m in _sent(document) if m.hash not in self.sent]
        return [*changed, *sent]


def _sent(document: Incident) -> Iterator[Message]:
    return (m for m in document.communications if m.state is MessageState.sent)
