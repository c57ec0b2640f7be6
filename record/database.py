"""The database under the record: SQLite in one file, or PostgreSQL; one engine, migrated when it is
opened.

A transaction that writes takes SQLite's write lock at once; on PostgreSQL it locks the rows that it
reads to change. What a promise to the outside rests on (an alert acknowledged, an approval, a
claim) is written through `durable`: not even a power failure forgets it.

Nothing is tried again in here. What passes by itself is StoreUnavailable, and whoever asked tries
again: the worker with its backoff, a sender after a 503, a person.
"""

import os
import secrets
import select
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from threading import Lock

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, Dialect, ExceptionContext, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import InputError, StoreError, StoreUnavailable
from ..incident.private import make_private
from .migrations import HEAD, upgrade

MIGRATING = 0x57A7
"""Number of the advisory lock under which one process migrates a PostgreSQL database."""


def open_database(place: Path | str, key_file: Path | None = None) -> Engine:
    """An engine over the database, its tables at the newest version.

    Args:
        place: a file, or a URL (sqlite:///file, postgresql://user@host/name).
        key_file: the key that seals the audit log; by default it lies beside SQLite's file. A
            server has none by default: its seals are plain hashes then.

    Raises InputError for a URL of another kind, StoreError for a file that is no database, a
    database that does not answer or one that comes from a newer version of Warroom.
    """
    url = url_of(place)
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    shown = url.database if url.get_backend_name() == "sqlite" else url.render_as_string()
    if url.get_backend_name() == "sqlite":
        key_file = key_file or Path(str(shown)).with_name("audit.key")
    engine = engine.execution_options(**{AUDIT_KEY: _key_reader(key_file)})
    try:
        with engine.begin() as connection:
            _migrate(connection, str(shown))
    except SQLAlchemyError as error:
        cure = CURES[url.get_backend_name()]
        raise StoreError(
            f"{shown} cannot be opened ({error.__cause__ or error}); {cure}"
        ) from error
    event.listen(engine, "handle_error", _said)
    return engine


CURES = {
    "sqlite": "see that this user may write to it, or move it away and put a backup back",
    "postgresql": "see that it runs and that WARROOM_DATABASE_URL names it and who may write to it",
}


AUDIT_KEY = "audit_key"
"""Execution option of an engine: gives the bytes that seal the audit log, read when first asked."""


def url_of(place: Path | str) -> URL:
    """As SQLAlchemy wants it. Raises InputError."""
    if isinstance(place, Path):
        return URL.create("sqlite", database=str(place))
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise InputError(f"the database's URL cannot be read: {KINDS}") from error
    match url.get_backend_name():
        case "sqlite" if url.database:
            return url
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
    raise InputError(f"a {url.get_backend_name()} database cannot be used: {KINDS}")


KINDS = "give sqlite:////folder/warroom.db or postgresql://user:password@host/name"


def _sqlite(url: URL) -> Engine:
    _prepare(Path(str(url.database)))
    engine = create_engine(url, connect_args={"timeout": WAIT_S})
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", partial(_take_write_lock, turn_of(str(url.database))))
    for ended in ("checkin", "invalidate"):
        event.listen(engine, ended, _let_go)
    return engine


WAIT_S = 30  # for SQLite's write lock
TURN, SYNCHRONOUS = "turn", "synchronous"
"""Under which a connection keeps our own lock, and how its commits reach the disk."""


@cache
def turn_of(_file: str) -> Lock:
    """Whose turn it is of our threads: who waits for SQLite's own lock sleeps meanwhile."""
    return Lock()


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,  # who changes a document reads beside it
        connect_args={"connect_timeout": 5, "options": OPTIONS},
    )
    for moment in ("connect", "checkin"):
        event.listen(engine, moment, _used)
    event.listen(engine, "checkout", partial(_ask, engine.dialect))
    return engine


FRESH_S = 0.5
"""A connection that was used so short a time ago is there, unless its server said that it goes."""
USED = "used"
"""Under which a connection keeps when it was last given back."""


def _used(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[USED] = time.monotonic()


def _ask(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """What a restarted server has closed is replaced before it is used."""
    unused = time.monotonic() - record.info.get(USED, 0.0)
    try:
        if unused > FRESH_S or spoken(connection.fileno()):
            dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def spoken(socket: int) -> bool:
    """Whether the server said something unasked, as it does when it goes: no round trip tells."""
    (waiting := select.poll()).register(socket, select.POLLIN)
    return bool(waiting.poll(0))


OPTIONS = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=10s -c timezone=UTC"
"""Of each connection. A process that is stopped within a transaction may not keep its locks."""


def _prepare(path: Path) -> None:
    """SQLite gives its journals the rights of the database, so that one is made first."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be made ({error.strerror}); name another home") from error


def _key_reader(key_file: Path | None) -> Callable[[], bytes]:
    return cache(partial(_read_key, key_file)) if key_file else bytes


def _read_key(path: Path) -> bytes:
    """32 random bytes, made when there are none; processes that begin together end with one key."""
    try:
        if not path.exists():
            fresh = path.with_name(f".{secrets.token_hex(8)}.new")
            make_private(fresh)
            fresh.write_text(secrets.token_hex(32), encoding="ascii")
            with suppress(FileExistsError):
                os.link(fresh, path)
            fresh.unlink()
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read as the audit log's key: {error}") from error


def _migrate(connection: Connection, shown: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
    tables = inspect(connection).get_table_names()
    found = None
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found > HEAD:
        raise StoreError(f"{shown} was written by a newer Warroom; upgrade warroom to read it")
    if found != HEAD:
        upgrade(connection)


def reader(engine: Engine) -> Engine:
    """The same database for transactions that only read: they wait for no writer, and see one state
    of it however many queries they make."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reading=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def glance(engine: Engine) -> Engine:
    """The same database for one query, or for a few of which each may see a newer state than the
    one before: on a server each is one round trip."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reading=True, apart=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def durable(engine: Engine) -> Engine:
    """The same database for what must survive a power failure: each commit reaches the disk."""
    return engine.execution_options(durable=True)


def lineage(connection: Connection) -> str:
    """Tells apart the pasts of a server's database: another one once it was restored, or another
    server took over that may lack the last transactions. Empty for SQLite, where nothing tells."""
    if connection.dialect.name != "postgresql":
        return ""
    if CLUSTER not in connection.info:  # a connection stays with the server that it was made to
        known = connection.execute(text(MAY_KNOW)).scalar()
        connection.info[CLUSTER] = connection.execute(text(CLUSTER)).scalar() if known else ""
    return f"{connection.info[CLUSTER]}/{connection.execute(text(TIMELINE)).scalar()}"


MAY_KNOW = "SELECT has_function_privilege('pg_control_system()', 'execute')"
CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
TIMELINE = (
    "SELECT left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '/' || oid"
    " FROM pg_database WHERE datname = current_database()"
)


def _settle(connection: sqlite3.Connection, _record: object) -> None:
    # The driver itself would begin late and without the write lock: two that read first would
    # both believe what they read.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")


def _let_go(_connection: object, record: ConnectionPoolEntry, *_error: object) -> None:
    if turn := record.info.pop(TURN, None):
        turn.release()


def _take_write_lock(turn: Lock, connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reading", False):
        if not options.get("apart", False):  # queries that need no common state
            connection.exec_driver_sql("BEGIN")
        return
    if TURN not in connection.info:  # it is kept until the connection is given back
        if not turn.acquire(timeout=WAIT_S):
            raise StoreUnavailable("the database is busy: another thread writes; try again")
        connection.info[TURN] = turn
    level = "FULL" if options.get("durable", False) else "NORMAL"
    if connection.info.get(SYNCHRONOUS) != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info[SYNCHRONOUS] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _said(context: ExceptionContext) -> None:
    """What the disk, the file or the server does not allow (full, read-only, locked, broken, gone),
    in words."""
    cause = context.original_exception
    if isinstance(cause, INTEGRITY) or not isinstance(
        cause, (sqlite3.DatabaseError, psycopg.Error)
    ):
        return
    kind = StoreUnavailable if isinstance(cause, PASSES) else StoreError
    if isinstance(cause, LOST):
        context.is_disconnect = True
    raise kind(
        f"the database cannot be used: {cause}; make room on the disk or mend it, "
        "then `warroom resume` goes on"
    ) from cause


INTEGRITY = (sqlite3.IntegrityError, psycopg.IntegrityError)
LOST = (
    psycopg.errors.ReadOnlySqlTransaction,  # the server is the standby now: ask for the primary
    psycopg.errors.IdleInTransactionSessionTimeout,  # we were stopped for too long
)
PASSES = (
    sqlite3.OperationalError,  # locked, full, not writable
    psycopg.OperationalError,  # restarting, gone, full, a lock not got, a deadlock
    psycopg.InterfaceError,  # the connection was closed
    *LOST,
)
