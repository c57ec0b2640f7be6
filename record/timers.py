"""Timers: rows that say when a wait is over. Nobody sleeps for them, and a restart forgets none."""

from sqlalchemy import Connection, Engine, select, update

from .database import glance
from .leases import Clock, Lease, shared_clock, writing
from .tables import TIMERS, insert_once

ANEW = "look anew"
"""How the names begin of timers for what nobody knows what to do about."""
ANEW_SAYS = "nothing is known to do yet: looks again at {:%H:%M} UTC"
"""What people are told while such a timer runs, with its time."""


def cut_short(connection: Connection, incident_id: str) -> None:
    """Nobody looks anew at what a person called over: it goes on to its end now."""
    here = (TIMERS.c.incident_id == incident_id, TIMERS.c.name.startswith(ANEW))
    connection.execute(update(TIMERS).where(*here).values(due_at=0.0))


class Timers:
    """The table of timers, by incident and name; times in unix seconds by the shared clock."""

    def __init__(self, engine: Engine, clock: Clock = shared_clock, lease: Lease | None = None):
        self.engine = engine
        self.reading = glance(engine)
        self.clock = clock
        self.lease = lease

    def begin(self, incident_id: str, name: str, seconds: float) -> float:
        """Start a timer, once under its name; when it is due. Raises LeaseLost."""
        row = {"incident_id": incident_id, "name": name}
        with writing(self.engine, self.lease) as connection:
            due_at = self.clock(connection) + seconds
            insert_once(connection, TIMERS, **row, due_at=due_at)
            return connection.execute(_due_at(incident_id, name)).scalar_one()

    def due_at(self, incident_id: str, name: str) -> float | None:
        """When it is due; None: it is already, or nobody started it."""
        with self.reading.begin() as connection:
            due_at = connection.execute(_due_at(incident_id, name)).scalar()
            return due_at if due_at is not None and due_at > self.clock(connection) else None


def _due_at(incident_id: str, name: str):
    here = (TIMERS.c.incident_id == incident_id, TIMERS.c.name == name)
    return select(TIMERS.c.due_at).where(*here)
