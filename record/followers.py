"""How far each follower of the log of events has been told. The log is its outbox: an event is
written in the transaction of what happened, and stays. One process at a time tells a follower; one
that dies is followed by another after TAKEN_S, from the last event that was acknowledged.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine, select, update

from .database import durable, glance
from .leases import Clock, shared_clock
from .outbox import FIRST_S, LONGEST_S, TAKEN_S
from .tables import EVENTS, METADATA, NUMBER, insert_once

FOLLOWERS = sa.Table(
    "followers",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("position", NUMBER, nullable=False),  # of the last event that it took
    sa.Column("free_at", sa.Float, nullable=False),  # until then somebody tells it, or nobody tries
    sa.Column("attempts", sa.Integer, nullable=False),  # that failed, one after the other
    sa.Column("error", sa.Text),  # of the last try; empty: it did not fail
)


@dataclass(frozen=True)
class Turn:
    """A follower, ours until `free_at` (unix seconds), to be told what comes after a position."""

    name: str
    position: int
    free_at: float
    attempts: int


class Followers:
    """The table of them; times in unix seconds by the shared clock."""

    def __init__(self, engine: Engine, clock: Clock = shared_clock) -> None:
        self.engine, self.reading, self.clock = durable(engine), glance(engine), clock

    def turn(self, name: str) -> Turn | None:
        """Ours to tell now; None where there is nothing new, or somebody else does. Who is new
        hears what happens from now on."""
        newest = sa.func.coalesce(select(sa.func.max(EVENTS.c.position)).scalar_subquery(), 0)
        ours, old = FOLLOWERS.c.name == name, FOLLOWERS.c.position < newest
        with self.reading.begin() as connection:
            found = connection.execute(select(FOLLOWERS.c.free_at, old).where(ours)).first()
            now, position = self.clock(connection), connection.execute(select(newest)).scalar_one()
        if found and not (found[1] and found[0] <= now):
            return None
        with self.engine.begin() as connection:
            row = {"position": position, "free_at": now, "attempts": 0}
            if not found and insert_once(connection, FOLLOWERS, name=name, **row):
                return None
            free = (ours, FOLLOWERS.c.free_at <= now)
            take = update(FOLLOWERS).where(*free).values(free_at=now + TAKEN_S)
            names = [FOLLOWERS.c[field] for field in Turn.__dataclass_fields__]
            taken = connection.execute(take.returning(*names)).first()
        return Turn(*taken) if taken else None

    def told(self, turn: Turn, position: int, error: str = "") -> None:
        """It has all up to this position; with an error the rest is tried in a while."""
        attempts = turn.attempts + 1 if error and position == turn.position else int(bool(error))
        pause = min(LONGEST_S, FIRST_S * 2.0 ** min(attempts, 30)) if error else 0.0
        mine = (FOLLOWERS.c.name == turn.name, FOLLOWERS.c.free_at == turn.free_at)
        with self.engine.begin() as connection:
            values = {"position": position, "attempts": attempts, "error": error or None}
            values["free_at"] = self.clock(connection) + pause
            connection.execute(update(FOLLOWERS).where(*mine).values(**values))

    def errors(self) -> dict[str, str]:
        """Why the last try to tell somebody failed, by name."""
        query = select(FOLLOWERS.c.name, FOLLOWERS.c.error).where(FOLLOWERS.c.error.is_not(None))
        with self.reading.begin() as connection:
            return {row.name: row.error for row in connection.execute(query)}
