"""What every handler of a service needs, made once per process; its database among it."""

import random
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode, Tracer, get_current_span
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from .client import Client
from .config import Config, Settings
from .observability import Log, Metrics, make_tracer

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


ACCESS_LOG_SHARE = 0.25  # of the requests that went well; the others are always logged


class Context:
    """Logging, tracing, metrics, configuration, and the ways out of the process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log(settings)
        self.tracer = make_tracer(settings)
        self.metrics = Metrics(settings)
        self.config = Config(settings.config)
        self.client = Client(
            self.config, self.tracer, settings.upstream_timeout_s, f"shop-{settings.service}"
        )

    @cached_property
    def database(self) -> Database:
        return Database(self.settings, self.tracer, self.metrics)

    @property
    def has_database(self) -> bool:
        return bool(self.settings.database_dsn)

    def access(self, request: Mapping[str, Any], seconds: float, agent: str) -> None:
        """The access log: a sample of the good requests, every other one."""
        status = request["http.response.status_code"]
        if status < 400 and random.random() > ACCESS_LOG_SHARE:
            return
        line = f"{request['http.request.method']} {request['url.path']} {status}"
        attributes = {"duration_ms": round(seconds * 1000, 1), "user_agent.original": agent}
        write = self.log.warning if status in (429, 499, 503, 504) else self.log.info
        write(f"{line} in {seconds * 1000:.0f} ms", **request, **attributes)

    def failed(self, request: Mapping[str, Any], status: int, error: Exception) -> None:
        """A request that ends with a server error: on the span and in the log."""
        span = get_current_span()
        span.record_exception(error)
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(StatusCode.ERROR, f"{type(error).__qualname__}: {error}")
        self.log.error(
            f"{request['http.request.method']} {request['http.route']} failed: {error}",
            error,
            **{**request, "http.response.status_code": status},
        )
