"""Our own tables, the truth about alerts, incidents, evidence, approvals and effects; and their
database: one engine, transactions that take the write lock at once, migrations.

SQLAlchemy Core, so that PostgreSQL can follow; a change of a table is a new file in migrations/.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError
from .migrations import HEAD, upgrade
from .private import make_private

METADATA = MetaData()

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("received_at", Float, nullable=False),  # unix seconds
    Column("fingerprint", String, nullable=False, index=True),
    Column("body", Text, nullable=False),  # the alert as parsed, JSON
    Column("incident_id", String, index=True),  # empty until an incident took it
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", String, primary_key=True),
    Column("document", Text, nullable=False),  # JSON, evidence references left out
    Column("version", Integer, nullable=False),  # counts writes
    Column("state", String, nullable=False, index=True),
    Column("severity", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("fingerprint", String, nullable=False, index=True),
    Column("opened_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

EVIDENCE = Table(
    "evidence",
    METADATA,
    Column("incident_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),  # E1, E2, …
    Column("record", Text, nullable=False),  # Evidence as JSON
)

PAYLOADS = Table(
    "payloads",
    METADATA,
    Column("digest", String, primary_key=True),  # SHA-256 of the canonical JSON
    Column("body", LargeBinary, nullable=False),  # canonical JSON, zlib
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("incident_id", String, primary_key=True),
    Column("subject", String, primary_key=True),  # hash of the exact plan or message
    Column("kind", String, nullable=False),  # action or text
    Column("title", Text, nullable=False),
    Column("requested_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("verdict", String),  # empty while open
    Column("decided_by", String),
    Column("decided_at", Float),
    Column("reason", Text),
)

EFFECTS = Table(
    "effects",
    METADATA,
    Column("key", String, primary_key=True),  # incident, what, hash: one row, one effect
    Column("incident_id", String, nullable=False, index=True),
    Column("claimed_at", Float, nullable=False),
    Column("done_at", Float),  # empty: claimed and never reported back
    Column("result", Text),  # JSON
)

MODEL_CALLS = Table(
    "model_calls",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("incident_id", String, nullable=False, index=True),
    Column("at", Float, nullable=False, index=True),
    Column("specialist", String, nullable=False),
    Column("step", Integer, nullable=False),
    Column("purpose", String, nullable=False),  # reason, skeptic, write
    Column("model", String, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("cost", Float),  # empty: no price is known
    Column("seconds", Float, nullable=False),
    Column("outcome", String, nullable=False),
)


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
