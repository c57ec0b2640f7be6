"""OpenTelemetry spans, one JSON line each."""

import json
import os
from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer, format_span_id, format_trace_id

from .settings import Settings

APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class FileExporter(SpanExporter):
    """Appends finished spans to traces/<instance>.jsonl."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.telemetry / "traces"
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.file = os.open(folder / f"{settings.instance}.jsonl", APPEND, 0o644)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            os.write(self.file, (json.dumps(self.line(span)) + "\n").encode())
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
