"""Queues in PostgreSQL: a job is put on one, taken by one worker at a time, tried again, given up.

A job that is being done is a locked row: where its worker dies it is free again.
"""

import json
import re
from typing import Any

import psycopg
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector
from psycopg.rows import dict_row

from ..shop.config import Settings
from ..shop.observability import Log, make_tracer

PUT = "INSERT INTO jobs (queue, payload, trace) VALUES (%s, %s, %s)"
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)
WAY = TraceContextTextMapPropagator()


class Desk:
    """What every process of the parcel desk has: its log, spans, metrics and one connection."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log, self.tracer = Log(settings), make_tracer(settings)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        limit = Gauge("service_memory_limit_bytes", "Memory limit", registry=self.registry)
        limit.set(settings.memory_limit_bytes)
        names, name = ("messaging_destination_name", "error_type"), "messaging_process_duration"
        self.seconds = Histogram(f"{name}_seconds", "Of a job", names, registry=self.registry)
        self.open: psycopg.Connection[Any] | None = None

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The connection, opened anew where it broke."""
        if self.open is None or self.open.closed:
            where, name = self.settings.database_dsn, self.settings.instance
            self.open = psycopg.connect(where, autocommit=True, application_name=name)
            self.open.row_factory = dict_row  # pyright: ignore[reportAttributeAccessIssue]
        return self.open

    def rows(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        """Every row of a statement, which is a span."""
        table = TABLE.search(sql)
        name = f"{sql.split(maxsplit=1)[0].upper()} {table.group(1) if table else ''}".strip()
        facts = {"db.system": "postgresql", "db.query.text": sql, "peer.service": "database"}
        with self.tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=facts):
            cursor = self.connection.execute(sql.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def put(self, queue: str, payload: dict[str, Any]) -> None:
        """Put a job on a queue; it carries the trace along."""
        trace: dict[str, str] = {}
        with self.span("send", queue, SpanKind.PRODUCER):
            WAY.inject(trace)
            self.rows(PUT, (queue, json.dumps(payload), json.dumps(trace)))

    def span(self, what: str, queue: str, kind: SpanKind, trace: dict[str, str] | None = None):
        """A span of messaging, as OpenTelemetry names it."""
        facts = {"messaging.system": "postgresql", "messaging.operation.type": what}
        facts["messaging.destination.name"] = queue
        above = WAY.extract(trace) if trace else None
        name = f"{what} {queue}"
        return self.tracer.start_as_current_span(name, above, kind, attributes=facts)
