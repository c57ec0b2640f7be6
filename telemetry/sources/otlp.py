"""OpenTelemetry's protocol, as JSON or protobuf: its spans into lines of a bundle. Reads nothing.

What instrumentation of yesterday and of others calls a thing gets today's name (spans.yaml). What
is no span is passed on without what it lacks: the recording counts it.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from ...errors import TelemetryError
from ...yaml_tables import Entry, read_table

Row = dict[str, Any]
KINDS = ("internal", "internal", "server", "client", "producer", "consumer")
"""By number; what does not say is internal."""
STATUS = ("unset", "ok", "error")
MOST_ATTRIBUTES = 64
"""Of one span."""
DEEPEST = 3
"""Of lists in lists, and maps in maps."""
LONGEST = 20_000
"""Characters of one value: what the recording reads of a text."""
HEX = re.compile(r"(?:[0-9a-fA-F]{16}){1,2}")
IN_CLUSTER = re.compile(r"([a-z0-9-]+)\.[a-z0-9-]+\.svc(?:\.[a-z0-9.-]*)?")


class SpanNames(Entry):
    """What spans of others are called here."""

    renamed: dict[str, str] = Field(description="today's name by the older or other one")
    numbers: tuple[str, ...] = Field(description="attributes that are whole numbers, also as text")
    instance: tuple[str, ...] = Field(description="what names a process; the first that is there")
    noise: tuple[str, ...] = Field(description="beginnings of what tells nothing of a request")


NAMES = read_table("telemetry/sources/spans.yaml", SpanNames)


def span_rows(document: Any) -> Iterator[Row]:
    """The spans of an OTLP document (`resourceSpans`; Tempo once said `batches`), one line each."""
    found = document if isinstance(document, dict) else {}
    for part in objects(found.get("resourceSpans") or found.get("batches")):
        resource = attributes(fields(part.get("resource")).get("attributes"))
        for scope in objects(part.get("scopeSpans") or part.get("instrumentationLibrarySpans")):
            for span in objects(scope.get("spans")):
                yield _span(span, resource)


def from_protobuf(body: bytes, signal: str = "traces") -> Any:
    """An OTLP message of traces, logs or metrics in protobuf as the same document.

    Raises TelemetryError for what is none.
    """
    from google.protobuf.json_format import MessageToDict  # here: few who start need any of it
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
    from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    messages: dict[str, Any] = {"traces": TracesData, "logs": LogsData, "metrics": MetricsData}
    try:
        return MessageToDict(messages[signal].FromString(body))
    except DecodeError as error:
        raise TelemetryError("sent something that is no OTLP protobuf") from error


def span_row(
    ids: tuple[Any, Any, Any],
    name: Any,
    start: float | None,
    duration_ms: float | None,
    *,
    kind: str,
    status: tuple[str, Any],
    facts: Mapping[str, Any],
    resource: Mapping[str, Any],
) -> Row:
    """One span as a line of a bundle.

    `ids` of the trace, the span and the span above it; `start` in unix seconds; `kind` one of
    KINDS; `status` one of STATUS, and its message; `facts` its attributes, `resource` those of the
    process that it ran in. What it did not say is None.
    """
    trace_id, span_id, parent_id = map(hex_id, ids)
    known = (str(resource[name]) for name in NAMES.instance if resource.get(name))
    row = {
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_id": parent_id if parent_id.strip("0") else "",
        "service": text(resource, "service.name"),
        "instance": next(known, ""),
        "name": text(name)[:LONGEST],
        "kind": kind,
        "start": start,
        "duration_ms": duration_ms,
        "status": status[0],
        "status_message": text(status[1])[:LONGEST],
        "attributes": _facts(kind, facts, resource),
    }
    return {key: told for key, told in row.items() if told not in ("", {}) or key == "service"}


def attributes(pairs: Any) -> dict[str, Any]:
    """OTLP's list of keys and values as a plain object."""
    return {str(pair.get("key") or ""): value_of(pair.get("value")) for pair in objects(pairs)}


def hex_id(value: Any) -> str:
    """An id as hexadecimal digits: OTLP's JSON has it so, protobuf's own JSON in base64."""
    given = str(value or "")
    if HEX.fullmatch(given):
        return given.lower()
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    return raw.hex() if len(raw) in (8, 16) else given[:64].lower()


def number(value: Any) -> float | None:
    """A finite number of JSON, also where it stands as text; None for what is none."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < 1e300 else None


def _span(span: dict[str, Any], resource: Mapping[str, Any]) -> Row:
    start, end = nanos(span.get("startTimeUnixNano")), nanos(span.get("endTimeUnixNano"))
    lasted = None if start is None or end is None else round(max(0, end - start) / 1e6, 3)
    status = fields(span.get("status"))
    return span_row(
        (span.get("traceId"), span.get("spanId"), span.get("parentSpanId")),
        span.get("name"),
        None if start is None else start / 1e9,
        lasted,
        kind=word(span.get("kind"), "SPAN_KIND_", KINDS),
        status=(word(status.get("code"), "STATUS_CODE_", STATUS), status.get("message")),
        facts=attributes(span.get("attributes")) | _exception(span.get("events")),
        resource=resource,
    )


def nanos(value: Any) -> int | None:
    """Nanoseconds of JSON, which has them as text; None for what is none."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < 2**63 else None


def word(value: Any, prefix: str, words: tuple[str, ...]) -> str:
    """A value of an enumeration, which JSON has as a number or by its name."""
    if isinstance(value, int) and 0 <= value < len(words):
        return words[value]
    word = str(value or "").removeprefix(prefix).lower()
    return word if word in words else words[0]


def _exception(events: Any) -> dict[str, Any]:
    """What the last recorded exception says, lifted onto its span."""
    told = [event for event in objects(events) if event.get("name") == "exception"]
    facts = attributes(told[-1].get("attributes")) if told else {}
    return {name: value for name, value in facts.items() if name.startswith("exception.")}


def _facts(kind: str, facts: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a span, then of its process, by today's names; of two the first."""
    found: dict[str, Any] = {}
    own = {"service.name", *NAMES.instance}
    for name, value in [*facts.items(), *((n, v) for n, v in resource.items() if n not in own)]:
        if value is None or name.startswith(NAMES.noise) or len(found) == MOST_ATTRIBUTES:
            continue
        kept = value[:LONGEST] if isinstance(value, str) else value
        found.setdefault(NAMES.renamed.get(name, name), kept)
    for name in NAMES.numbers:
        if re.fullmatch("[0-9]{1,9}", str(found.get(name))):
            found[name] = int(found[name])
    inside = IN_CLUSTER.fullmatch(str(found.get("server.address")))
    if kind == "client" and inside:  # a Service of Kubernetes is called as its pods' service is
        found.setdefault("peer.service", inside[1])
    return found


def value_of(value: Any, depth: int = 0) -> Any:
    """OTLP's AnyValue; None for what is none, or nested too deep."""
    for kind, held in fields(value).items():
        if kind == "stringValue":
            return str(held)[:LONGEST]
        if kind in ("intValue", "doubleValue"):
            found = number(held)
            return int(found) if kind == "intValue" and found is not None else found
        if kind == "boolValue":
            return held is True
        if kind == "arrayValue" and depth < DEEPEST:
            return [value_of(one, depth + 1) for one in objects(fields(held).get("values"))]
        if kind == "kvlistValue" and depth < DEEPEST:
            pairs = objects(fields(held).get("values"))
            return {str(pair.get("key")): value_of(pair.get("value"), depth + 1) for pair in pairs}
    return None


def fields(value: Any) -> dict[str, Any]:
    """A JSON object; empty for what is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON list; none for what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Any, *path: str) -> str:
    """What stands there in a JSON document, as text; empty where nothing does."""
    for name in path:
        value = fields(value).get(name)
    return "" if value is None else str(value)
