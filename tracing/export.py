"""Where spans go: OpenTelemetry's SDK, imported only when tracing is on."""

import hashlib
import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

OTLP_TIMEOUT_S = 5.0
"""Longest that one export may take, retries included: tracing must not hold up an exit. The
environment may say otherwise: OTEL_EXPORTER_OTLP_TIMEOUT."""
MISSING = "WARROOM_TRACING needs OpenTelemetry's SDK: pip install 'warroom[tracing]', or unset it"


def trace_id(incident_id: str) -> int:
    """One trace for one incident, also when another process goes on with it: 128 bits."""
    return int.from_bytes(hashlib.sha256(incident_id.encode()).digest()[:16], "big")


def provider(
    exporter: "SpanExporter | None", kind: str, incident: Callable[[], str]
) -> "TracerProvider":
    """A provider with one exporter: the one given, or by kind "console" or "otlp".

    A span without a parent belongs to the trace of the `incident` of now.
    Raises InputError when the extra is not installed.
    """
    try:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError as error:
        raise InputError(MISSING) from error

    class ByIncident(RandomIdGenerator):
        """Steps of an incident meet in one trace, though no span encloses them all."""

        def generate_trace_id(self) -> int:
            own = incident()
            return trace_id(own) if own else super().generate_trace_id()

    ours = Resource({"service.name": "warroom"})  # OTEL_SERVICE_NAME goes before it
    made = TracerProvider(
        resource=ours.merge(OTELResourceDetector().detect()), id_generator=ByIncident()
    )
    made.add_span_processor(SimpleSpanProcessor(exporter) if exporter else _processor(kind))
    return made


def _processor(kind: str) -> "SpanProcessor":
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    if kind == "otlp":
        return BatchSpanProcessor(_otlp())
    written = ConsoleSpanExporter(  # stdout belongs to the command's result
        out=sys.stderr, formatter=lambda span: (span.to_json(indent=None) or "") + "\n"
    )
    return SimpleSpanProcessor(written)


def _otlp() -> "SpanExporter":
    """To OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4318 without it."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise InputError(MISSING) from error
    logging.getLogger(OTLPSpanExporter.__module__).addFilter(Once())
    said = os.environ.keys() & {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"}
    return OTLPSpanExporter(timeout=None if said else OTLP_TIMEOUT_S)


class Once(logging.Filter):
    """Says once that spans are lost, not every few seconds and not between the console's lines."""

    said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown: the first error."""
        if record.levelno < logging.ERROR or self.said:
            return False
        self.said = True
        return True
