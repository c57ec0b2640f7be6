"""How the work on an incident stands, in a word, and having it looked at: for whoever has news."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, or_, update

from .leases import shared_clock
from .tables import WORK, inserting

READY, WAITING, OVER, STUCK = "ready", "waiting", "over", "stuck"
HANDED_OVER = "handed over"
"""Over without being resolved: a person has to take it."""
ENDED = (OVER, HANDED_OVER)


def wake(connection: Connection, incident_id: str, at: float | None = None, why: str = "") -> None:
    """Have the incident looked at, now or at this time, whoever works it: inside the transaction
    of what is to be seen, at its end.

    at: unix seconds by the shared clock. What is over stays over, what is stuck waits for a person.
    """
    wake_all(connection, [incident_id], at, why)


def wake_all(
    connection: Connection, incident_ids: Iterable[str], at: float | None = None, why: str = ""
) -> None:
    """As `wake`, several, always in one order."""
    due = shared_clock(connection) if at is None else at
    rows = [{"woken": each, "due": due, "said": why} for each in sorted(incident_ids)]
    if rows:
        connection.execute(_begun(connection.dialect.name), rows)
        connection.execute(SOONER, rows)


@cache
def _begun(dialect: str) -> Any:
    values = {"incident_id": bindparam("woken"), "wake_at": bindparam("due")}
    put = inserting(dialect, WORK).values(**values, why=bindparam("said"), **NEW)
    return put.on_conflict_do_nothing()


NEW = {"status": READY, "token": 0, "attempts": 0, "graph": ""}
SOONER = (
    update(WORK)
    .where(
        WORK.c.incident_id == bindparam("woken"),
        or_(WORK.c.status == READY, WORK.c.status == WAITING),
        or_(WORK.c.wake_at.is_(None), WORK.c.wake_at > bindparam("due")),
    )
    .values(wake_at=bindparam("due"), why=bindparam("said"))
)
