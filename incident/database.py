"""Our own tables, the truth about alerts, incidents, evidence, approvals and effects; and their
database: one engine, transactions that take the write lock at once, migrations.

SQLAlchemy Core, so that PostgreSQL can follow; a change of a table is a new file in migrations/.
"""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import SQLAlchemyError

from ..errors import StoreError
from .migrations import HEAD, upgrade
from .private import make_private

METADATA = sa.MetaData()

ALERTS = sa.Table(
    "alerts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("received_at", sa.Float, nullable=False),  # unix seconds
    sa.Column("fingerprint", sa.String, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),  # the alert as parsed, JSON
    sa.Column("incident_id", sa.String, index=True),  # empty until an incident took it
)

INCIDENTS = sa.Table(
    "incidents",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),  # JSON, evidence references left out
    sa.Column("version", sa.Integer, nullable=False),  # counts writes
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String, nullable=False, index=True),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)

EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # E1, E2, …
    sa.Column("record", sa.Text, nullable=False),  # Evidence as JSON
)

PAYLOADS = sa.Table(
    "payloads",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),  # SHA-256 of the canonical JSON
    sa.Column("body", sa.LargeBinary, nullable=False),  # canonical JSON, zlib
)

APPROVALS = sa.Table(
    "approvals",
    METADATA,
    sa.Column("incident_id", sa.String, primary_key=True),
    sa.Column("subject", sa.String, primary_key=True),  # hash of the exact plan or message
    sa.Column("kind", sa.String, nullable=False),  # action or text
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("requested_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("verdict", sa.String),  # empty while open
    sa.Column("decided_by", sa.String),
    sa.Column("decided_at", sa.Float),
    sa.Column("reason", sa.Text),
)

EFFECTS = sa.Table(
    "effects",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),  # incident, what, hash: one row, one effect
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("claimed_at", sa.Float, nullable=False),
    sa.Column("done_at", sa.Float),  # empty: claimed and never reported back
    sa.Column("result", sa.Text),  # JSON
)

MODEL_CALLS = sa.Table(
    "model_calls",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incident_id", sa.String, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("specialist", sa.String, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String, nullable=False),  # reason, skeptic, write
    sa.Column("model", sa.String, nullable=False),
    sa.Column("input_tokens", sa.Integer, nullable=False),
    sa.Column("cached_tokens", sa.Integer, nullable=False),  # of the input
    sa.Column("output_tokens", sa.Integer, nullable=False),
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("cost", sa.Float),  # empty: no price is known
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("outcome", sa.String, nullable=False),
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
