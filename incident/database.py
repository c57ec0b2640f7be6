"""Opens the database: one engine, transactions that take the write lock at once, migrations."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError
from .migrations import HEAD, upgrade
from .private import make_private


def open_database(path: Path) -> Engine:
    """An engine over the SQLite file at `path`, its tables at the newest version.

    Raises StoreError for a file that is no database, cannot be written or comes from a newer
    version of Warroom.
    """
    _prepare(path)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _take_write_lock)
    try:
        with engine.begin() as connection:
            _migrate(connection, path)
    except SQLAlchemyError as error:
        raise StoreError(
            f"{path} cannot be opened ({error}); move it away to start anew"
        ) from error
    event.listen(engine, "handle_error", _said)
    return engine


def _prepare(path: Path) -> None:
    """SQLite gives its journals the rights of the database, so that one is made first."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be made ({error.strerror}); name another home") from error


def _migrate(connection: Connection, path: Path) -> None:
    tables = inspect(connection).get_table_names()
    found = None
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found > HEAD:
        raise StoreError(f"{path} was written by a newer Warroom; upgrade warroom to read it")
    if found != HEAD:
        upgrade(connection)


def _settle(connection, _record) -> None:
    # The driver's own transaction handling would start transactions late and without the
    # write lock; two writers that read first would then both believe what they read.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def reader(engine: Engine) -> Engine:
    """The same database for transactions that only read: they wait for no writer."""
    return engine.execution_options(reading=True)


def _said(context: ExceptionContext) -> None:
    """What the disk or the file does not allow (full, read-only, locked, broken), in words."""
    cause = context.original_exception
    if isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, sqlite3.IntegrityError):
        raise StoreError(
            f"the database cannot be used: {cause}; make room on the disk or mend the file, "
            "then `warroom resume` goes on"
        ) from cause


def _take_write_lock(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
