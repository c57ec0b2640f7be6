"""The connection pool, with a span per statement."""

import re
from typing import Any

from opentelemetry.trace import SpanKind, Tracer
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from .config import Settings
from .observability import Metrics

ACQUIRE_TIMEOUT_S = 1.5
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)


class Database:
    """Autocommit statements through a pool of at most `settings.pool_size` connections."""

    def __init__(self, settings: Settings, tracer: Tracer, metrics: Metrics) -> None:
        self.tracer = tracer
        self.pool = AsyncConnectionPool(
            settings.database_dsn,
            min_size=min(2, settings.pool_size),
            max_size=settings.pool_size,
            timeout=ACQUIRE_TIMEOUT_S,
            open=False,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "application_name": settings.instance,
            },
        )
        metrics.gauge("db_pool_size", "Largest number of connections", settings.pool_size)
        self.in_use = metrics.gauge("db_pool_in_use", "Connections handed out")
        self.waiting = metrics.gauge("db_pool_waiting", "Requests waiting for a connection")

    def measure(self) -> None:
        stats = self.pool.get_stats()
        self.in_use.set(stats.get("pool_size", 0) - stats.get("pool_available", 0))

    async def take(self) -> AsyncConnection[Any]:
        """A connection; whoever takes one gives it back with `give_back`."""
        with self.waiting.track_inprogress():
            return await self.pool.getconn()

    async def give_back(self, connection: Any) -> None:
        await self.pool.putconn(connection)

    async def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        """Every row of a query."""
        with self.span(sql):
            connection = await self.take()
            try:
                cursor = await connection.execute(sql.encode(), params)
                return await cursor.fetchall() if cursor.description else []
            finally:
                await self.give_back(connection)

    async def row(self, sql: str, params: Any = ()) -> dict[str, Any] | None:
        """The first row, or None."""
        rows = await self.rows(sql, params)
        return rows[0] if rows else None

    async def run(self, connection: AsyncConnection[Any], sql: str, params: Any = ()) -> None:
        """A statement on a connection that the caller holds."""
        with self.span(sql):
            await connection.execute(sql.encode(), params)

    def span(self, sql: str) -> Any:
        table = TABLE.search(sql)
        return self.tracer.start_as_current_span(
            f"{sql.split(maxsplit=1)[0].upper()} {table.group(1) if table else ''}".strip(),
            kind=SpanKind.CLIENT,
            attributes={
                "db.system": "postgresql",
                "db.query.text": " ".join(sql.split()),
                "peer.service": "database",
            },
        )
