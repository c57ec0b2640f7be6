"""Queues in PostgreSQL: a job is put on one, taken by one worker, tried again, or given up.

A job that is being done is a locked row: where its worker dies it is free again.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from psycopg.rows import dict_row

from ..shop.config import Settings
from ..shop.observability import Log, make_tracer

ATTEMPTS = 3
PAUSE_S = 2.0  # before the second attempt, twice that before the third
PUT = "INSERT INTO jobs (queue, payload, trace) VALUES (%s, %s, %s)"
TAKE = """
    SELECT id, payload, trace, attempts FROM jobs
    WHERE queue = %s AND run_at <= now() ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
DONE = "DELETE FROM jobs WHERE id = %s"
AGAIN = """
    UPDATE jobs SET attempts = attempts + 1, run_at = now() + make_interval(secs => %s)
    WHERE id = %s
"""
GIVE_UP = """
    WITH gone AS (DELETE FROM jobs WHERE id = %s RETURNING id, queue, payload)
    INSERT INTO dead_letters SELECT id, queue, payload, %s FROM gone
"""
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)


class Desk:
    """What every process of the parcel desk has: one connection, its log, spans and metrics."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log(settings)
        self.tracer = make_tracer(settings)
        self.propagator = TraceContextTextMapPropagator()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        limit = Gauge("service_memory_limit_bytes", "Memory limit", registry=self.registry)
        limit.set(settings.memory_limit_bytes)
        self.seconds = Histogram(
            "messaging_process_duration_seconds",
            "Time that a job took",
            ("messaging_destination_name", "error_type"),
            registry=self.registry,
        )
        self.open: psycopg.Connection[Any] | None = None

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection, opened anew where it broke."""
        if self.open is None or self.open.closed:
            name = self.settings.instance
            self.open = psycopg.connect(
                self.settings.database_dsn, application_name=name, row_factory=dict_row
            )
            self.open.autocommit = True
        return self.open

    def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        """Every row of a statement, which is a span."""
        table = TABLE.search(sql)
        attributes = {
            "db.system": "postgresql",
            "db.query.text": " ".join(sql.split()),
            "peer.service": "database",
        }
        name = f"{sql.split(maxsplit=1)[0].upper()} {table.group(1) if table else ''}".strip()
        with self.tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes):
            cursor = self.connection.execute(sql.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def put(self, queue: str, payload: dict[str, Any]) -> None:
        """Put a job on a queue; it carries the trace along."""
        with self.span("send", queue, SpanKind.PRODUCER):
            trace: dict[str, str] = {}
            self.propagator.inject(trace)
            self.rows(PUT, (queue, json.dumps(payload), json.dumps(trace)))

    @contextmanager
    def span(
        self, what: str, queue: str, kind: SpanKind, trace: dict[str, str] | None = None
    ) -> Iterator[Span]:
        """A span of messaging, as OpenTelemetry names it."""
        attributes = {
            "messaging.system": "postgresql",
            "messaging.destination.name": queue,
            "messaging.operation.type": what,
        }
        above = self.propagator.extract(trace) if trace else None
        with self.tracer.start_as_current_span(
            f"{what} {queue}", context=above, kind=kind, attributes=attributes
        ) as span:
            yield span
