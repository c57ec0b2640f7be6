"""What models have used, in our own table: survives a restart, adds up over all incidents and all
processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, or_, select

from ..incident.model_use import ModelCall
from ..record.database import reader
from ..record.tables import MODEL_CALLS


@dataclass(frozen=True)
class Spent:
    """Tokens (input and output together, cached ones by their share) and money (calls without a
    price left out)."""

    tokens: int = 0
    money: float = 0.0


UNDER_WAY = "under way"
"""Outcome of a call that has none yet."""
LONGEST = timedelta(minutes=10)
"""A call under way for longer was made by a process that died."""
COUNTING = 0x57AB
"""Number of PostgreSQL's advisory lock under which calls are admitted."""


class Spending:
    """The table of model calls. Tokens from an endpoint's cache count `cached_share`."""

    def __init__(self, engine: Engine, cached_share: float = 1.0) -> None:
        self.engine = engine
        self.cached_share = cached_share
        self.connection: Connection | None = None  # of `alone`; else each method has its own
        self.now: datetime | None = None
        self.reading = reader(engine)

    @contextmanager
    def alone(self, now: datetime) -> Iterator["Spending"]:
        """The same table, for counting and adding to it with nobody else's call in between."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(COUNTING)))
            counted = copy(self)
            counted.connection, counted.now = connection, now
            yield counted

    def add(self, incident_id: str, call: ModelCall, outcome: str = "") -> int:
        """Write a call down, whatever came of it; the number of its row."""
        row = call.model_dump(include=set(MODEL_CALLS.c.keys()))
        row |= {"incident_id": incident_id, "at": call.at.timestamp()}
        row |= {"outcome": outcome or call.outcome}
        statement = insert(MODEL_CALLS).values(row).returning(MODEL_CALLS.c.id)
        if self.connection is not None:
            return self.connection.execute(statement).scalar_one()
        with self.engine.begin() as connection:
            return connection.execute(statement).scalar_one()

    def remove(self, number: int) -> None:
        """Take away the row of a call that is no longer under way."""
        with self.engine.begin() as connection:
            connection.execute(delete(MODEL_CALLS).where(MODEL_CALLS.c.id == number))

    def by_specialist(self, incident_id: str, specialist: str) -> Spent:
        """One specialist's, in one incident."""
        table = MODEL_CALLS.c
        return self._sum(table.incident_id == incident_id, table.specialist == specialist)

    def by_incident(self, incident_id: str) -> Spent:
        """All specialists', in one incident."""
        return self._sum(MODEL_CALLS.c.incident_id == incident_id)

    def by_writing(self, incident_id: str) -> Spent:
        """Messages' and the postmortem's that were written, in one incident."""
        table, written = MODEL_CALLS.c, MODEL_CALLS.c.outcome != UNDER_WAY
        return self._sum(table.incident_id == incident_id, table.purpose == "write", written)

    def by_day(self, now: datetime) -> Spent:
        """All incidents', since midnight UTC."""
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._sum(MODEL_CALLS.c.at >= midnight.timestamp())

    def _sum(self, *where: ColumnElement[bool]) -> Spent:
        table = MODEL_CALLS.c
        spared = table.cached_tokens * (1 - self.cached_share)
        counted = table.input_tokens + table.output_tokens - spared
        tokens = func.coalesce(func.sum(counted), 0)
        money = func.coalesce(func.sum(table.cost), 0.0)
        lives = table.at > ((self.now or datetime.now(UTC)) - LONGEST).timestamp()
        query = select(tokens, money).where(*where, or_(table.outcome != UNDER_WAY, lives))
        if self.connection is not None:
            used, cost = self.connection.execute(query).one()
            return Spent(round(used), cost)
        with self.reading.begin() as connection:
            used, cost = connection.execute(query).one()
        return Spent(round(used), cost)
