"""How much there is of what, for those who watch Warroom itself: asked of the tables, so that it
holds for all processes together and over restarts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, func, insert, select

from .database import reader
from .tables import (
    ALERTS,
    APPROVALS,
    DELIVERIES,
    EFFECTS,
    INCIDENTS,
    MODEL_CALLS,
    OUTBOX,
    SWITCHES,
    WORK,
)

Counted = Sequence[tuple[str, float]]
"""A word of ours and how many."""


@dataclass(frozen=True)
class Counts:
    """The record in numbers. Ages in seconds, 0 where nothing waits."""

    alerts: int  # repeats not counted
    untaken: int  # that should have been grouped by now
    deliveries: Counted  # by receiver, repeats counted
    incidents: Counted  # by state
    asked: Counted  # questions that wait for people, by kind
    work: Counted  # incidents by status
    due: int  # of them, those that somebody should be working
    latest_s: float  # how long the longest of them has been due
    leases: int  # how often an incident was taken up, first or again
    failures: int  # attempts in a row that failed, of all incidents
    effects: Counted  # done; unrecorded: begun, and nobody knows yet; void: proven not done
    outbox: int  # messages not delivered yet
    outbox_age_s: float
    tokens: Counted  # of models: input, cached, output


def count(engine: Engine) -> Counts:
    """One look, in one transaction."""
    now = time.time()
    with reader(engine).begin() as connection:
        due = and_(WORK.c.wake_at <= now, WORK.c.lease_until.is_(None) | (WORK.c.lease_until < now))
        unsent = OUTBOX.c.next_at.is_not(None)
        return Counts(
            alerts=_all(connection, ALERTS),
            untaken=_all(connection, ALERTS, ALERTS.c.due_at <= now),
            deliveries=_by(connection, DELIVERIES.c.receiver, func.sum(DELIVERIES.c.times)),
            incidents=_by(connection, INCIDENTS.c.state),
            asked=_by(
                connection,
                APPROVALS.c.kind,
                func.count(),
                APPROVALS.c.verdict.is_(None) & (APPROVALS.c.expires_at > now),
            ),
            work=_by(connection, WORK.c.status),
            due=_all(connection, WORK, due),
            latest_s=_age(connection, WORK.c.wake_at, due, now),
            leases=_sum(connection, WORK.c.token),
            failures=_sum(connection, WORK.c.attempts),
            effects=_effects(connection),
            outbox=_all(connection, OUTBOX, unsent),
            outbox_age_s=_age(connection, OUTBOX.c.put_at, unsent, now),
            tokens=_tokens(connection),
        )


def is_writable(engine: Engine) -> bool:
    """Whether the database takes a write, which is taken back at once. Raises StoreError."""
    with engine.connect() as connection:
        row = {"name": "probe", "off": False, "at": 0.0, "made_by": "", "reason": ""}
        connection.execute(insert(SWITCHES).values(row))
        connection.rollback()
    return True


def _all(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(table).where(*where)).scalar() or 0


def _by(
    connection: Connection,
    column: ColumnElement[str],
    what: ColumnElement | None = None,
    *where: ColumnElement[bool],
) -> Counted:
    number = func.count() if what is None else what
    rows = connection.execute(select(column, number).where(*where).group_by(column))
    return [(str(word), float(found)) for word, found in rows]


def _sum(connection: Connection, column: ColumnElement) -> int:
    return int(connection.execute(select(func.sum(column))).scalar() or 0)


def _age(
    connection: Connection, column: ColumnElement[float], where: ColumnElement[bool], now: float
) -> float:
    first = connection.execute(select(func.min(column)).where(where)).scalar()
    return max(now - first, 0.0) if first is not None else 0.0


def _effects(connection: Connection) -> Counted:
    void, done = EFFECTS.c.void.is_(True), EFFECTS.c.done_at.is_not(None)
    states = {"done": ~void & done, "unrecorded": ~void & ~done, "void": void}
    return [(state, _all(connection, EFFECTS, which)) for state, which in states.items()]


def _tokens(connection: Connection) -> Counted:
    names = ("input", "cached", "output")
    return [(name, _sum(connection, MODEL_CALLS.c[f"{name}_tokens"])) for name in names]
