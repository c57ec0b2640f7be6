"""Which incident is to be looked at when, and by whom: one row an incident, and it is the truth.

A transaction touches the row of an incident's work last: whoever decides, joins or writes locks its
own rows first, and two of them never wait for each other crosswise.
"""

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    func,
    or_,
    select,
    update,
)

from ..errors import InputError
from ..incident.lifecycle import ACTIVE
from .database import glance
from .leases import LEASE_S, Clock, Lease, is_dead, lost, shared_clock
from .tables import INCIDENTS, WORK, insert_once
from .waking import ENDED, HANDED_OVER, NEW, OVER, READY, STUCK, WAITING, wake

FAILURES = 6
"""In a row, without a step done in between: then a person has to look."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 300.0
"""Between two tries: doubled each time."""


@dataclass(frozen=True)
class Standing:
    """Where the work on one incident stands; times in unix seconds, by the shared clock."""

    incident_id: str
    status: str
    wake_at: float | None
    why: str
    owner: str | None
    lease_until: float | None
    attempts: int
    graph: str


class Work:
    """The table of work and its timers."""

    def __init__(self, engine: Engine, clock: Clock = shared_clock) -> None:
        self.engine = engine
        self.reading = glance(engine)
        self.clock = clock

    def now(self) -> float:
        """Unix seconds by the clock that leases and timers go by."""
        with self.reading.begin() as connection:
            return self.clock(connection)

    def wake(
        self,
        connection: Connection | None,
        incident_id: str,
        at: float | None = None,
        why: str = "",
    ) -> None:
        """As `wake`, in this transaction or, without one, in its own."""
        if connection is not None:
            wake(connection, incident_id, at, why)
            return
        with self.engine.begin() as own:
            wake(own, incident_id, self.clock(own) if at is None else at, why)

    def claim(self, incident_id: str, owner: str, lease_s: float = LEASE_S) -> Lease | None:
        """This incident's lease, due or not; None while somebody else holds it."""
        with self.engine.begin() as connection:
            now = self.clock(connection)
            insert_once(
                connection, WORK, incident_id=incident_id, wake_at=now, why="asked for", **NEW
            )
            row = _locked(connection, WORK.c.incident_id == incident_id)
            assert row is not None
            if row["owner"] and row["lease_until"] > now and not is_dead(row["owner"]):
                return None
            status = row["status"] if row["status"] in ENDED else READY
            return _taken(connection, row, owner, now + lease_s, status, attempts=0)

    def claim_next(
        self, owner: str, lease_s: float = LEASE_S, only: str | None = None
    ) -> Lease | None:
        """The lease of the incident that is due for longest (`only`: of this one); None where none
        is.

        One whose holder died is due; one that outlives too many of them in a row is set aside.
        """
        while True:
            with self.engine.begin() as connection:
                now = self.clock(connection)
                row = _locked(connection, is_due(now, only), skip=True)
                if row is None:
                    return None
                crashes = row["attempts"] + (row["owner"] is not None)
                if crashes < FAILURES:
                    return _taken(connection, row, owner, now + lease_s, READY, crashes)
                why = f"{crashes} processes in a row ended while they worked it; {GO_ON}"
                _taken(connection, row, None, None, STUCK, crashes, why)

    def renew(self, lease: Lease, lease_s: float = LEASE_S) -> None:
        """Hold it for longer. Raises LeaseLost."""
        with self.engine.begin() as connection:
            _change(connection, lease, {"lease_until": self.clock(connection) + lease_s})

    def progressed(self, lease: Lease) -> None:
        """A step was done: earlier failures are forgotten. Raises LeaseLost."""
        with self.engine.begin() as connection:
            _change(connection, lease, {"attempts": 0})

    def heard(self, lease: Lease) -> None:
        """What woke it until now is looked at next. Raises LeaseLost."""
        with self.engine.begin() as connection:
            _change(connection, lease, {"wake_at": None})

    def ran_on(self, lease: Lease, graph: str) -> None:
        """Keep the version of the graph that the incident runs on. Raises LeaseLost."""
        with self.engine.begin() as connection:
            _change(connection, lease, {"graph": graph})

    def release(self, lease: Lease, wake_at: float | None, why: str) -> str:
        """Give it back, to be looked at again at this time (None: it is over); its status then.

        Who woke it meanwhile is heard: the sooner time counts, and what was woken is not over. One
        that ends unresolved is handed over to people. Raises LeaseLost.
        """
        with self.engine.begin() as connection:
            row = _locked(connection, _of(lease))
            times = [at for at in (wake_at, row["wake_at"] if row else None) if at is not None]
            status = WAITING if times else _end_of(connection, lease.incident_id, row)
            if status == HANDED_OVER:
                why = f"ended unresolved: a person has to take it over; {TAKE}"
            values = {"wake_at": min(times, default=None), "why": why, "status": status}
            _change(connection, lease, {**values, "attempts": 0, **FREE})
        return status

    def failed(self, lease: Lease, why: str, *, passes: bool = False) -> None:
        """Give it back after a failure: tried again in a while, set aside after too many.

        passes: by itself, however long that takes: it is never set aside for that.

        Raises LeaseLost.
        """
        with self.engine.begin() as connection:
            row = _locked(connection, _of(lease))
            attempts = (row["attempts"] if row else 0) + 1
            attempts = min(attempts, FAILURES - 1) if passes else attempts
            pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1))
            values: dict[str, Any] = {"attempts": attempts, "why": why, **FREE}
            if attempts < FAILURES:
                values |= {"status": WAITING, "wake_at": self.clock(connection) + pause}
            else:
                why = f"failed {attempts} times in a row, last: {why}; {GO_ON}"
                values |= {"status": STUCK, "wake_at": None, "why": why}
            _change(connection, lease, values)

    def stuck(self, lease: Lease, why: str) -> None:
        """Set it aside, visibly: it cannot go on without a person. Raises LeaseLost."""
        values = {"status": STUCK, "wake_at": None, "why": f"{why}; {GO_ON}", **FREE}
        with self.engine.begin() as connection:
            _change(connection, lease, values)

    def bury(self) -> None:
        """Leases of processes of this machine that are gone run out at once."""
        held = select(WORK.c.owner).where(WORK.c.owner.is_not(None)).distinct()
        with self.reading.begin() as connection:
            dead = [owner for owner in connection.execute(held).scalars() if is_dead(owner)]
        if dead:
            with self.engine.begin() as connection:
                gone = update(WORK).where(WORK.c.owner.in_(dead))
                connection.execute(gone.values(lease_until=self.clock(connection)))

    def retry(self, incident_id: str, why: str) -> bool:
        """Try anew what was set aside; whether it was."""
        stuck = and_(WORK.c.incident_id == incident_id, WORK.c.status == STUCK)
        with self.engine.begin() as connection:
            values = {"status": READY, "attempts": 0, "wake_at": self.clock(connection), "why": why}
            return connection.execute(update(WORK).where(stuck).values(values)).rowcount == 1

    def take_over(self, connection: Connection, incident_id: str, by: str) -> None:
        """What was handed over is theirs, as the last that the transaction does. Raises
        InputError where nothing was, or somebody was quicker."""
        here = and_(WORK.c.incident_id == incident_id, WORK.c.status == HANDED_OVER)
        theirs = update(WORK).where(here).values(status=OVER, why=f"taken over by {by}")
        if connection.execute(theirs).rowcount != 1:
            raise InputError(f"{incident_id} is not handed over, or somebody took it just now")

    def due(self, most: int) -> list[str]:
        """Incidents that may be taken now, the one that waits longest first."""
        with self.reading.begin() as connection:
            query = select(WORK.c.incident_id).where(is_due(self.clock(connection)))
            return list(connection.execute(query.order_by(SINCE).limit(most)).scalars())

    def standing(self, incident_id: str) -> Standing | None:
        """Where the work on it stands; None: nobody was ever asked to work it."""
        query = select(WORK).where(WORK.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            row = connection.execute(query).mappings().first()
        return Standing(**{n: row[n] for n in Standing.__dataclass_fields__}) if row else None


GO_ON = "`warroom resume` tries it again"
TAKE = "`warroom resume` takes it"
FREE = {"owner": None, "lease_until": None, "token": WORK.c.token + 1}
"""Given back; the token counts on, so that a straggler of the old holder is refused."""
SINCE = func.coalesce(WORK.c.wake_at, WORK.c.lease_until)


def is_due(now: float, only: str | None = None) -> ColumnElement[bool]:
    """Whether it may be taken: its time has come, or its holder's lease has run out."""
    waits = and_(WORK.c.owner.is_(None), WORK.c.wake_at <= now)
    orphaned = and_(WORK.c.owner.is_not(None), WORK.c.lease_until <= now)
    open_ = and_(WORK.c.status.in_((READY, WAITING)), or_(waits, orphaned))
    return open_ if only is None else and_(open_, WORK.c.incident_id == only)


def _of(lease: Lease) -> ColumnElement[bool]:
    return and_(WORK.c.incident_id == lease.incident_id, WORK.c.token == lease.token)


def _locked(
    connection: Connection, which: ColumnElement[bool], skip: bool = False
) -> RowMapping | None:
    query = select(WORK).where(which).order_by(SINCE).limit(1)
    return connection.execute(query.with_for_update(skip_locked=skip)).mappings().first()


def _taken(
    connection: Connection,
    row: RowMapping,
    owner: str | None,
    until: float | None,
    status: str,
    attempts: int | None = None,
    why: str | None = None,
) -> Lease | None:
    """Hand the row over to a new owner, or to nobody; None: somebody was quicker."""
    token = row["token"] + 1
    values = {"owner": owner, "token": token, "lease_until": until, "wake_at": None}
    values |= {"status": status, "why": row["why"] if why is None else why}
    values["attempts"] = row["attempts"] if attempts is None else attempts
    here = and_(WORK.c.incident_id == row["incident_id"], WORK.c.token == row["token"])
    taken = connection.execute(update(WORK).where(here).values(values)).rowcount == 1
    return Lease(row["incident_id"], owner, token, until or math.inf) if taken and owner else None


def _end_of(connection: Connection, incident_id: str, row: RowMapping | None) -> str:
    """How it ends: as it had, once a person has it; else by its state, where it has one."""
    if row is not None and row["status"] in ENDED:
        return row["status"]
    state = select(INCIDENTS.c.state).where(INCIDENTS.c.id == incident_id)
    open_ = connection.execute(state).scalar() in [each.value for each in ACTIVE]
    return HANDED_OVER if open_ else OVER


def _change(connection: Connection, lease: Lease, values: dict[str, Any]) -> None:
    if connection.execute(update(WORK).where(_of(lease)).values(values)).rowcount != 1:
        raise lost(lease)
