"""Messages on their way: put with the claim, in one transaction; delivered until they arrive.

A row is one message on one channel. Whoever delivers takes it for a while by naming when it was due
(two never deliver the same at once), and hands its key on: a channel that has seen the key takes
the message no second time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, or_, select, update

from ..incident.document import Incident
from . import events
from .claims import Claims, Effect, reported
from .database import durable, glance
from .leases import Lease, writing
from .store import revise
from .tables import EFFECTS, OUTBOX, insert_once

TAKEN_S = 60.0
"""A delivery that takes longer is tried by somebody else."""
FIRST_S, LONGEST_S = 2.0, 300.0
"""Between two tries: doubled each time."""
PAGE = "page:"
"""How the key of what tells one person begins: no document holds it, no effect stands for it."""


@dataclass(frozen=True)
class Parcel:
    """A message on one channel. Times in unix seconds."""

    key: str
    incident_id: str
    channel: str
    body: str  # JSON of what the channel gets
    put_at: float
    attempts: int
    sent_at: float | None
    error: str  # of the last try; empty: none failed

    @property
    def day(self) -> str:
        """Name of the page with which it goes out, where a day's messages go out as one."""
        return f"P3 {self.put_at:.0f}"

    @property
    def effect(self) -> str:
        """Key of the effect that was claimed for it, on all of its channels."""
        return self.key.removesuffix(f":{self.channel}")

    @property
    def waits(self) -> bool:
        """Whether it was tried and could not be delivered."""
        return self.sent_at is None and bool(self.error)

    @property
    def page(self) -> bool:
        """Whether it tells one person, and nothing is noted of it."""
        return self.key.startswith(PAGE)


class Outbox:
    """The table of messages. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = durable(engine)
        self.reading = glance(engine)
        self.clock = clock

    def put(
        self,
        claims: Claims,
        effect: Effect,
        bodies: dict[str, str],
        lease: Lease | None = None,
        due: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """Claim the message and put it, by channel; what was put before stays. due: when it goes
        out, unix seconds, by channel; else now.

        Raises ApprovalError where it leaves the house without a live approval of this text.
        """
        with writing(self.engine, lease) as connection:
            claims.claimed(connection, effect)
            for channel, body in bodies.items():
                at = due.get(channel, self.clock())
                row = {"key": f"{effect.key}:{channel}", "incident_id": effect.incident_id}
                row |= {"channel": channel, "body": body, "attempts": 0}
                insert_once(connection, OUTBOX, **row, put_at=at, next_at=at)

    def due(self, incident_id: str = "", most: int = 100) -> list[Parcel]:
        """Taken to be delivered now, oldest first: of all incidents what is due, of a named one
        also what could not be delivered a moment ago."""
        now = self.clock()
        due = OUTBOX.c.next_at <= now
        query = select(OUTBOX.c.key, OUTBOX.c.next_at).where(OUTBOX.c.sent_at.is_(None))
        if incident_id:
            failed = OUTBOX.c.error.is_not(None)
            query = query.where(OUTBOX.c.incident_id == incident_id, or_(due, failed))
        else:
            query = query.where(due)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(OUTBOX.c.put_at).limit(most)).all()
        if not rows:
            return []
        with self.engine.begin() as connection:
            taken = [_taken(connection, row.key, row.next_at, now) for row in rows]
        return [parcel for parcel in taken if parcel]

    def sent(self, parcels: Sequence[Parcel], note: Callable[[Incident, Parcel], None]) -> None:
        """They arrived, of one incident. With its last channel a message's effect is reported and
        the document noted, all in this transaction: of two that deliver channels of one at once it
        alone knows the last.
        """
        now, incident_id = self.clock(), parcels[0].incident_id
        by_message = sorted(parcels, key=lambda parcel: parcel.key)  # locked in one order
        with self.engine.begin() as connection:
            done: dict[Parcel, list[str]] = {}
            for _effect, channels in groupby(by_message, lambda parcel: parcel.effect):
                *_others, last = ours = list(channels)
                if told := _arrived(connection, ours, now):
                    done[last] = told
            if not done:
                return

            def all_noted(document: Incident) -> None:
                for parcel in done:
                    note(document, parcel)

            _document, news = revise(connection, incident_id, all_noted)
            for parcel, told in done.items():
                reported(connection, parcel.effect, {"sent": told}, now)
            if news:
                events.append_all(connection, incident_id, [(event, now) for event in news])

    def arrived(self, page: Parcel) -> None:
        """It told whom it should."""
        values = {"sent_at": self.clock(), "next_at": None, "error": None}
        with self.engine.begin() as connection:
            _change(connection, page, {**values, "attempts": page.attempts + 1})

    def failed(self, parcel: Parcel, why: str) -> None:
        """It did not: tried again in a while, as often as it takes."""
        pause = min(LONGEST_S, FIRST_S * 2.0 ** min(parcel.attempts, 30))
        values = {"next_at": self.clock() + pause, "error": why, "attempts": parcel.attempts + 1}
        with self.engine.begin() as connection:
            _change(connection, parcel, values)

    def waiting(self, channels: Sequence[str], before: float) -> list[Parcel]:
        """Messages of incidents that were due on these before then and are not out, in order."""
        mine = (OUTBOX.c.channel.in_(channels), OUTBOX.c.put_at <= before)
        query = select(OUTBOX).where(*mine, OUTBOX.c.sent_at.is_(None))
        query = query.order_by(OUTBOX.c.channel, OUTBOX.c.put_at, OUTBOX.c.key)
        with self.reading.begin() as connection:
            found = [_parcel(row) for row in connection.execute(query).mappings()]
        return [parcel for parcel in found if not parcel.page]

    def of(self, key: str) -> list[Parcel]:
        """What became of the message with this effect's key, on each of its channels."""
        with self.reading.begin() as connection:
            return [_parcel(row) for row in connection.execute(_of(key)).mappings()]


def put_page(
    connection: Connection, name: str, incident_id: str, channel: str, body: str, at: float
) -> bool:
    """Have one person told on one channel, once under this name, at a time (unix seconds): inside
    the transaction of what they are told of. Whether it was new."""
    key = f"{PAGE}{incident_id}:{name}:{channel}"
    row = {"incident_id": incident_id, "channel": channel, "body": body, "attempts": 0}
    return insert_once(connection, OUTBOX, key=key, put_at=at, next_at=at, **row)


def _arrived(connection: Connection, parcels: Sequence[Parcel], now: float) -> list[str]:
    """Channels of one message; all that it went out on, once these were the last."""
    effect, ours = parcels[0].effect, {parcel.key for parcel in parcels}
    lock = select(EFFECTS.c.key).where(EFFECTS.c.key == effect)
    connection.execute(lock.with_for_update())
    rows = connection.execute(_of(effect)).mappings().all()
    for parcel in parcels:
        values = {"sent_at": now, "next_at": None, "error": None, "attempts": parcel.attempts + 1}
        _change(connection, parcel, values)
    last = all(row["sent_at"] is not None or row["key"] in ours for row in rows)
    return sorted(row["channel"] for row in rows) if last else []


def _taken(connection: Connection, key: str, next_at: float, now: float) -> Parcel | None:
    """The parcel, when nobody else took it in between."""
    here = (OUTBOX.c.key == key, OUTBOX.c.next_at == next_at)
    take = update(OUTBOX).where(*here).values(next_at=now + TAKEN_S, error=None)
    row = connection.execute(take.returning(OUTBOX)).mappings().first()
    return _parcel(row) if row is not None else None


def _of(key: str) -> Select:
    return select(OUTBOX).where(OUTBOX.c.key.startswith(f"{key}:", autoescape=True))


def _change(connection: Connection, parcel: Parcel, values: dict[str, Any]) -> None:
    here = (OUTBOX.c.key == parcel.key, OUTBOX.c.sent_at.is_(None))
    connection.execute(update(OUTBOX).where(*here).values(values))


def _parcel(row: RowMapping) -> Parcel:
    values = {name: row[name] for name in Parcel.__dataclass_fields__}
    return Parcel(**{**values, "error": row["error"] or ""})
