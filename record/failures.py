"""Failed attempts to sign in with a password, counted for all servers together.

Who fails waits longer each time, five minutes at most, and an hour later it is forgotten. It is
counted apart for each network, so that a stranger's attempts make only the stranger wait; and over
all networks, which holds back many that guess together, but not a network from which the person
has signed in before. So nobody is locked out for good by somebody else.
"""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, case, delete, exists, select

from ..incident.identity import Vouched
from .people_tables import FAILURES, SESSIONS
from .tables import inserting

FREE, FREE_OF_ALL = 5, 50
"""Attempts without a wait: from one network, and from all."""
LONGEST_S, FORGOTTEN_S = 300.0, 3600.0


class Failures:
    """The attempts of one installation. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.clock = clock

    def attempt(self, name: str, network: str) -> float:
        """Count one that begins: seconds to wait before it may, 0: now. It counts as failed until
        it has `passed`, so that many at once are no way around."""
        now, pair = self.clock(), _pair(name, network)
        with self.engine.begin() as connection:
            free = {pair: FREE}
            if not _known(connection, name, network):
                free[name] = FREE_OF_ALL
            query = select(FAILURES).where(FAILURES.c.key.in_(free)).with_for_update()
            rows = connection.execute(query).all()
            waits = [_wait(times - free[key], last, now) for key, times, last in rows]
            if (wait := max(waits, default=0.0)) > 0:
                return wait
            counted = _counted(connection, now)
            connection.execute(
                counted, [{"key": key, "count": 1, "last_at": now} for key in sorted(free)]
            )
        return 0.0

    def passed(self, name: str, network: str) -> None:
        """It was the right one: nothing is held against this network any more."""
        with self.engine.begin() as connection:
            connection.execute(delete(FAILURES).where(FAILURES.c.key == _pair(name, network)))

    def forget(self) -> None:
        """Drop what holds nobody back any more."""
        with self.engine.begin() as connection:
            old = FAILURES.c.last_at < self.clock() - FORGOTTEN_S
            connection.execute(delete(FAILURES).where(old))


def _pair(name: str, network: str) -> str:
    return f"{name} {network}"


def _known(connection: Connection, name: str, network: str) -> bool:
    theirs = (SESSIONS.c.name == name, SESSIONS.c.network == network)
    query = select(exists().where(*theirs, SESSIONS.c.vouched == Vouched.account.value))
    return bool(connection.execute(query).scalar())


def _wait(beyond: int, last_at: float, now: float) -> float:
    if beyond < 0 or last_at < now - FORGOTTEN_S:
        return 0.0
    return last_at + min(LONGEST_S, 2.0 ** min(beyond, 16)) - now


def _counted(connection: Connection, now: float) -> Any:
    put = inserting(connection.dialect.name, FAILURES)
    old = FAILURES.c.last_at < now - FORGOTTEN_S
    again = {"count": case((old, 1), else_=FAILURES.c.count + 1), "last_at": put.excluded.last_at}
    return put.on_conflict_do_update(index_elements=["key"], set_=again)
