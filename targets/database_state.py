"""A PostgreSQL database by its catalogues, settings and sessions: looked at, put back, a session
ended.

Looking is one query for each part, over one connection that is kept, so that a database without
free connections can still be looked at. A change is one transaction: the catalogues are read in it
before and after, and where anything but the approved fact is otherwise, or that fact is not what
was approved, nothing is changed.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from ..actions.facts import (
    DatabaseRestoring,
    FactKind,
    Facts,
    FactSet,
    Inspecting,
    Reading,
    SessionEnded,
    SessionEnding,
    differences,
    kept,
    restorable,
)
from ..actions.inventory import Inventory
from ..errors import ToolFailed
from .database_statements import begun_with, statements

CATALOGUES, SETTINGS, SESSIONS = (
    (Path(__file__).parent / f"{name}.sql").read_bytes()
    for name in ("catalogues", "settings", "sessions")
)
"""Each (kind, object, value)."""
LOOKING = (
    "-c statement_timeout=1500 -c lock_timeout=400 -c default_transaction_read_only=on"
    " -c idle_in_transaction_session_timeout=5000"
)
CHANGING = (
    "-c statement_timeout=8000 -c lock_timeout=3000 -c default_transaction_read_only=off"
    " -c idle_in_transaction_session_timeout=9000"
)
APPLICATION = "warroom inspector"
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


class DatabaseState(Inspecting, DatabaseRestoring, SessionEnding):
    """A PostgreSQL database besides its rows."""

    def __init__(self, dsn: str, service: str = "database") -> None:
        self.dsn = dsn
        self.service = service
        self.connection: psycopg.Connection | None = None

    def inventory(self) -> Inventory:
        """Its name: what it holds is read when it is looked at."""
        return Inventory(databases=[self.service])

    def inspect(self) -> Iterator[Reading]:
        """Its catalogues, settings and sessions, each within two seconds, else a gap."""
        yield self._reading("the catalogues of the database", CATALOGUES)
        yield self._reading("the settings of the database server", SETTINGS)
        yield self._reading("the sessions of the database", SESSIONS)

    def close(self) -> None:
        """Give the connection back; the next look opens another."""
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None

    def put(self, where: str, what: FactKind, name: str, now: str, to: str) -> FactSet:
        """Let a fact that is `now` be `to`; "" is: not there. There is one database only."""
        if not (restorable(now) and restorable(to)):
            raise ToolFailed(f"what {name} was is not written down: put it back by hand")
        making = list(statements(what, name, now, to))
        server = what is FactKind.setting and re.fullmatch(r"[\w.]+", name) is not None
        with changing(self.dsn, autocommit=server) as connection:
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
        with changing(self.dsn, autocommit=True) as connection:
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
        with changing(self.dsn, autocommit=True) as connection:
            row = connection.execute(FOUND, (application, session)).fetchone()
            if row is None or not row[0]:
                note = "it is gone already" if row is None else "nobody waits for it any more"
                return SessionEnded(session=session, changed=False, note=note)
            ended = connection.execute(ENDED, (session, application)).fetchone()
        if ended != (True,):
            raise ToolFailed(f"session {session} did not end within 3 s: look at the database")
        return SessionEnded(session=session, released=row[0])

    def _reading(self, part: str, query: bytes) -> Reading:
        try:
            facts = _facts(self._looking(), query, self.dsn)
        except psycopg.Error as error:
            unhurt = (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
            if not isinstance(error, unhurt):
                self.close()
            gap = f"the database could not be inspected: {_said(error)}"
            return Reading(self.service, part, gap=gap)
        return Reading(self.service, part, facts)

    def _looking(self) -> psycopg.Connection:
        if self.connection is None or self.connection.closed:
            self.connection = psycopg.connect(
                self.dsn,
                autocommit=True,
                connect_timeout=2,
                options=LOOKING,
                application_name=APPLICATION,
            )
        return self.connection


@contextmanager
def changing(dsn: str, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    """A connection that may write. One transaction, committed at the end, rolled back by any error.
    Raises ToolFailed with what the database says."""
    try:
        with psycopg.connect(
            dsn, connect_timeout=3, options=CHANGING, autocommit=autocommit
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        why = f"the database did not do it ({_said(error)}): is it up, is the table locked?"
        raise ToolFailed(why) from error
    except psycopg.Error as error:
        raise ToolFailed(f"the database refused ({_said(error)}); nothing changed") from error


def _said(error: psycopg.Error) -> str:
    return str(error).strip().split("\n")[0]


def _facts(connection: psycopg.Connection, query: bytes, key: str) -> Facts:
    """The rows of a query as facts; `key` as `kept` takes it."""
    found: Facts = {}
    for kind, thing, value in connection.execute(query):
        if isinstance(thing, dict):  # of sessions, whose facts have several sides
            found[FactKind(kind), json.dumps(thing)] = json.dumps(value)
        else:
            name = thing if kind == FactKind.setting else ""
            found[FactKind(kind), thing] = kept(name, value or "", key)
    return found


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
