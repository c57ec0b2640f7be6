"""LangGraph's checkpoints: where a run goes on. What is true stands in our own tables.

They lie in a file beside SQLite's, on a server in the same database. A checkpoint is written after
what its node wrote into our tables, and may always be the older one of the two: then a node runs
again. Only plain data and our own states are read back.

Only the newest of each graph is kept, which is all that going on needs. LangGraph tells the newest
by an id that the writer's clock makes: were older ones there, a clock that was set back would make
one of them the newest.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
)
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from ..errors import StoreError, StoreUnavailable
from ..incident.private import make_private
from ..settings import Settings
from ..state import CommunicationState, IncidentState, Told
from .database import FRESH_S, OPTIONS, spoken, url_of

FORMS = ("null", "bytes", "bytearray", "msgpack")
"""What checkpoints are written in."""
STATES = (IncidentState, CommunicationState, Told)
SETTING_UP = 0x57A9
"""Number of the advisory lock under which one process makes LangGraph's tables."""
Rows: TypeAlias = psycopg.Connection[DictRow]
USED = WeakKeyDictionary[Rows, float]()
"""When a connection was last given back, by the clock that only passes."""
Pool: TypeAlias = ConnectionPool[Rows]
PASSES = (sqlite3.OperationalError, psycopg.OperationalError, psycopg.InterfaceError)


class OwnTypes(JsonPlusSerializer):
    """Reads plain data and our own states; a planted checkpoint cannot name anything to run."""

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=STATES)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value. Raises StoreError for a form that we never write (JSON, pickle)."""
        if data[0] not in FORMS:
            raise StoreError(
                f"a checkpoint holds {data[0]}, which Warroom never writes: see who did, then "
                "move checkpoints.db away; the incidents stay"
            )
        return super().loads_typed(data)


class FileSaver(SqliteSaver):
    """In SQLite."""

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write it, then drop those before it."""
        written = super().put(config, checkpoint, metadata, new_versions)
        with self.cursor() as cursor:
            cursor.execute(OLDER_WRITES.format(table="writes"), _place(written))
            cursor.execute(OLDER, _place(written))
        return written


class ServerSaver(PostgresSaver):
    """In PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool, serde=OwnTypes())
        self.pool = pool

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write it, then drop those before it and the values that only they had."""
        written = super().put(config, checkpoint, metadata, new_versions)
        place = {**_place(written), "versions": Jsonb(checkpoint["channel_versions"])}
        with self.pool.connection() as connection:
            connection.execute(ALL_OLDER, place)
        return written


NAMED = re.compile(r"(?<!:):(\w+)")
"""A parameter as SQLite writes it."""
OLDER = (
    "DELETE FROM checkpoints "
    "WHERE thread_id = :thread AND checkpoint_ns = :graph AND checkpoint_id <> :id"
)
# The writes of a checkpoint may be there before it is.
OLDER_WRITES = (
    "DELETE FROM {table} WHERE thread_id = :thread AND checkpoint_ns = :graph AND checkpoint_id IN"
    " (SELECT checkpoint_id FROM checkpoints"
    " WHERE thread_id = :thread AND checkpoint_ns = :graph AND checkpoint_id <> :id)"
)
OLDER_VALUES = (
    "DELETE FROM checkpoint_blobs WHERE thread_id = :thread AND checkpoint_ns = :graph"
    " AND version IS DISTINCT FROM (:versions ->> channel)"
)
ALL_OLDER = NAMED.sub(
    r"%(\1)s",
    f"WITH writes AS ({OLDER_WRITES.format(table='checkpoint_writes')}),"
    f" older AS ({OLDER}) {OLDER_VALUES}",
).encode()
"""In one statement: all three see what was there before it."""


def _place(config: RunnableConfig) -> dict[str, str]:
    """Which checkpoint of which graph of which incident."""
    place = config.get("configurable", {})
    return {
        "thread": place["thread_id"],
        "graph": place["checkpoint_ns"],
        "id": place["checkpoint_id"],
    }


@contextmanager
def open_checkpointer(settings: Settings) -> Iterator[BaseCheckpointSaver[str]]:
    """Where the settings' database keeps its checkpoints. It serves one call after the other: one
    for each thread that works incidents.

    Raises StoreError where they cannot be read, StoreUnavailable where they cannot now.
    """
    url = url_of(settings.database)
    if url.get_backend_name() == "sqlite":
        with readable():
            connection = _connect(settings.checkpoints)
        with closing(connection):
            yield FileSaver(connection, serde=OwnTypes())
        return
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with readable():
        pool = _pool(dsn)
    with pool:
        yield ServerSaver(pool)


@contextmanager
def readable() -> Iterator[None]:
    """Around whatever reads or writes checkpoints: says what to do where that fails."""
    try:
        yield
    except (sqlite3.Error, psycopg.Error) as error:
        kind = StoreUnavailable if isinstance(error, PASSES) else StoreError
        raise kind(
            f"the checkpoints cannot be used: {error}; make room on the disk or mend it; "
            "`warroom resume` then goes on"
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_private(path)
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    # As in our own database: what a dying machine forgets is worked again, from the last
    # checkpoint that it kept.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _pool(dsn: str) -> Pool:
    """One connection, replaced when the server has closed it."""
    with Rows.connect(dsn, connect_timeout=5, autocommit=True, row_factory=dict_row) as first:
        _set_up(first)
    return ConnectionPool(
        dsn,
        connection_class=Rows,
        min_size=1,
        max_size=1,
        num_workers=1,
        open=False,
        timeout=10,
        check=_ask,
        reset=_used,
        kwargs={
            "connect_timeout": 5,
            "options": OPTIONS,
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
        },
    )


def _ask(connection: Rows) -> None:
    """Raises where the server has closed it while nobody used it."""
    if time.monotonic() - USED.get(connection, 0.0) > FRESH_S or spoken(connection.fileno()):
        connection.execute("")


def _used(connection: Rows) -> None:
    USED[connection] = time.monotonic()


def _set_up(connection: Rows) -> None:
    """LangGraph's tables, by one process at a time. The lock is asked for and not waited for: an
    index that is built concurrently waits until nobody waits."""
    asked = "SELECT pg_try_advisory_lock(%s) AS ours"
    while not any(row["ours"] for row in connection.execute(asked, [SETTING_UP])):
        time.sleep(0.1)
    PostgresSaver(connection).setup()  # the lock ends with the connection
