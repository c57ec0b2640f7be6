"""What a service tells of itself: spans and logs as JSON lines, tied to each other, and metrics."""

import json
import logging
import os
import traceback
from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer, format_span_id, format_trace_id, get_current_span
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from .config import Settings

disable_created_metrics()

BUCKETS = (0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class JsonLines:
    """telemetry/<kind>/<instance>.jsonl, to which whole lines are appended."""

    def __init__(self, settings: Settings, kind: str) -> None:
        folder = settings.telemetry / kind
        folder.mkdir(parents=True, exist_ok=True)
        self.file = os.open(folder / f"{settings.instance}.jsonl", APPEND, 0o644)

    def write(self, line: dict) -> None:
        os.write(self.file, (json.dumps(line, default=str) + "\n").encode())


class FileExporter(SpanExporter):
    """Writes finished spans."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lines = JsonLines(settings, "traces")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            self.lines.write(self.line(span))
        return SpanExportResult.SUCCESS

    def line(self, span: ReadableSpan) -> dict:
        context, start, end = span.context, span.start_time or 0, span.end_time or 0
        return {
            "trace_id": format_trace_id(context.trace_id) if context else "",
            "span_id": format_span_id(context.span_id) if context else "",
            "parent_id": format_span_id(span.parent.span_id) if span.parent else "",
            "service": self.settings.service,
            "instance": self.settings.instance,
            "name": span.name,
            "kind": span.kind.name.lower(),
            "start": start / 1e9,
            "duration_ms": round((end - start) / 1e6, 3),
            "status": span.status.status_code.name.lower(),
            "status_message": span.status.description or "",
            "attributes": {**(span.attributes or {}), **exception_of(span)},
        }


def exception_of(span: ReadableSpan) -> dict:
    """The recorded exception's type and message, lifted onto the span."""
    for event in span.events:
        if event.name == "exception" and event.attributes:
            keys = ("exception.type", "exception.message")
            return {key: event.attributes[key] for key in keys if key in event.attributes}
    return {}


def make_tracer(settings: Settings) -> Tracer:
    provider = TracerProvider(
        resource=Resource({"service.name": settings.service}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(FileExporter(settings)))
    return provider.get_tracer("shop")


class JsonHandler(logging.Handler):
    """Writes log records."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.lines = JsonLines(settings, "logs")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.write(self.line(record))

    def line(self, record: logging.LogRecord) -> dict:
        context = get_current_span().get_span_context()
        attributes = dict(getattr(record, "attributes", {}))
        if record.exc_info and record.exc_info[1] is not None:
            attributes |= exception_attributes(record.exc_info[1])
        return {
            "ts": record.created,
            "service": self.settings.service,
            "instance": self.settings.instance,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "trace_id": format_trace_id(context.trace_id) if context.is_valid else "",
            "span_id": format_span_id(context.span_id) if context.is_valid else "",
            "attributes": attributes,
        }


def exception_attributes(error: BaseException) -> dict[str, str]:
    kind = type(error)
    return {
        "exception.type": kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }


class Log:
    """`log.info("message", **{"otel.attribute": value})`."""

    def __init__(self, settings: Settings) -> None:
        self.logger = logging.getLogger(f"shop.{settings.service}")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.handlers = [JsonHandler(settings)]

    def info(self, message: str, **attributes: object) -> None:
        self.logger.info("%s", message, extra={"attributes": attributes})

    def warning(self, message: str, **attributes: object) -> None:
        self.logger.warning("%s", message, extra={"attributes": attributes})

    def error(self, message: str, error: BaseException | None = None, **attributes: object) -> None:
        self.logger.error("%s", message, exc_info=error, extra={"attributes": attributes})

    def critical(self, message: str, **attributes: object) -> None:
        self.logger.critical("%s", message, extra={"attributes": attributes})


class Metrics:
    """The RED metrics, saturation and limits of one process."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests",
            "Requests served",
            ("route", "method", "code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from first byte in to last byte out",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight", "Running and waiting requests", registry=self.registry
        )
        self.gauge("service_concurrency_limit", "Requests at once", settings.concurrency)
        self.gauge("service_memory_limit_bytes", "Memory limit", settings.memory_limit_bytes)

    def gauge(self, name: str, text: str, value: float = 0.0) -> Gauge:
        gauge = Gauge(name, text, registry=self.registry)
        gauge.set(value)
        return gauge
