"""Facts of a database put back, and sessions ended: what somebody approved and nothing besides.

A change is one transaction. The catalogues are read in it before and after: where anything but the
approved fact is otherwise, or that fact is not what was approved, nothing is changed.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ..actions.facts import (
    DatabaseRestoring,
    FactKind,
    Facts,
    FactSet,
    SessionEnded,
    SessionEnding,
    differences,
    restorable,
)
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .database_state import APPLICATION, CATALOGUES, SETTINGS, facts_of
from .database_statements import begun_with, statements

OPTIONS = (
    "-c statement_timeout=8000 -c lock_timeout=3000 -c default_transaction_read_only=off"
    " -c idle_in_transaction_session_timeout=9000"
)
RENEW_S = 2.0
RENEWED = """
SELECT count(*) FILTER (WHERE state = 'idle' AND pg_terminate_backend(pid)),
       count(*) FILTER (WHERE state <> 'idle')
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> %(own)s
  AND backend_start < (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
  AND datname = current_database()
  AND (rolname = %(role)s OR %(role)s = '' AND datname = %(database)s AND NOT rolsuper)
"""
ENDED = """
SELECT pg_terminate_backend(pid, 3000) FROM pg_stat_activity
WHERE format('%%s/%%s', pid, extract(epoch FROM backend_start)) = %s AND application_name = %s
"""
FOUND = """
SELECT (SELECT count(*) FROM pg_stat_activity w WHERE w.wait_event_type = 'Lock'
        AND s.pid = ANY (pg_blocking_pids(w.pid)))
FROM pg_stat_activity s WHERE backend_type = 'client backend' AND application_name = %s
AND format('%%s/%%s', pid, extract(epoch FROM backend_start)) = %s
"""


class DatabaseChanges(DatabaseRestoring, SessionEnding):
    """What may be done to a PostgreSQL database besides its rows."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def inventory(self) -> Inventory:
        """Nothing of its own: the database is known by what looks at it."""
        return Inventory()

    def put(self, where: str, what: FactKind, name: str, now: str, to: str) -> FactSet:
        """Let a fact that is `now` be `to`; "" is: not there. There is one database only."""
        if not (restorable(now) and restorable(to)):
            raise ToolFailed(f"what {name} was is not written down: put it back by hand")
        making = list(statements(what, name, now, to))
        server = what is FactKind.setting and re.fullmatch(r"[\w.]+", name) is not None
        with self._connected(autocommit=server) as connection:
            query = SETTINGS if server else CATALOGUES
            before = _facts(connection, query, self.dsn)
            found = before.get((what, name), "")
            receipt = FactSet(what=what, object=name, before=found, after=to)
            if found == to:
                return receipt.model_copy(update={"changed": False, "note": "it is so already"})
            if found != now:
                raise ToolFailed(
                    f"{name} is {found or 'gone'} by now, not {now or 'gone'}: nothing was changed"
                )
            if server:
                _reloadable(connection, name)
            for statement in making:
                connection.execute(statement, prepare=True)  # prepared: one statement, not several
            _exactly(before, _facts(connection, query, self.dsn), (what, name), to)
        if whose := begun_with(what, name):
            return receipt.model_copy(update={"note": self._renew(*whose)})
        return receipt

    def _renew(self, role: str, database: str) -> str:
        """End the sessions that began with another value, each once it is idle: pools open others.
        What is still at work after RENEW_S is left; says how many ended."""
        deadline, ended = time.monotonic() + RENEW_S, 0
        with self._connected(autocommit=True) as connection:
            while True:
                asked = {"role": role, "database": database, "own": APPLICATION}
                row = connection.execute(RENEWED, asked).fetchone()
                gone, busy = row or (0, 0)
                ended += gone
                if not busy or time.monotonic() > deadline:
                    left = f"; {busy} are still at work with it" if busy else ""
                    return f"{ended} sessions that began with another value were ended{left}"
                time.sleep(RENEW_S / 10)

    def end(self, session: str, application: str) -> SessionEnded:
        """End exactly this session, as long as others wait for it."""
        if application == APPLICATION:
            raise ToolFailed("that is the session that looks at the database")
        with self._connected(autocommit=True) as connection:
            row = connection.execute(FOUND, (application, session)).fetchone()
            if row is None or not row[0]:
                note = "it is gone already" if row is None else "nobody waits for it any more"
                return SessionEnded(session=session, changed=False, note=note)
            ended = connection.execute(ENDED, (session, application)).fetchone()
        if ended != (True,):
            raise ToolFailed(f"session {session} did not end within 3 s: look at the database")
        return SessionEnded(session=session, released=row[0])

    @contextmanager
    def _connected(self, autocommit: bool) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(
                self.dsn, connect_timeout=3, options=OPTIONS, autocommit=autocommit
            ) as connection:
                yield connection
        except psycopg.Error as error:
            said = str(error).strip().split("\n")[0]
            raise ToolFailed(f"the database did not do it ({said}); nothing changed") from error


def _facts(connection: psycopg.Connection, query: str, key: str) -> Facts:
    return facts_of(connection.execute(query.encode()).fetchall(), key)


def _exactly(before: Facts, after: Facts, fact: tuple[FactKind, str], to: str) -> None:
    """Raises ToolFailed, which rolls back, unless this fact and no other is otherwise now."""
    changed = differences(before, after)
    others = ", ".join(name for kind, name in changed if (kind, name) != fact)
    if others:
        raise ToolFailed(f"it would change {others} too; nothing was changed")
    if after.get(fact, "") != to:
        raise ToolFailed(f"{fact[1]} would be {after.get(fact, 'gone')}; nothing was changed")


def _reloadable(connection: psycopg.Connection, name: str) -> None:
    query = "SELECT context FROM pg_settings WHERE name = %s"
    if connection.execute(query, (name,)).fetchone() in (None, ("postmaster",), ("internal",)):
        raise ToolFailed(f"{name} is read when the server starts: set it by hand and restart it")
