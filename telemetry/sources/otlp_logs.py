"""Log records of OpenTelemetry's protocol into lines of a bundle. Reads nothing."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .datasource import SourceLabels
from .log_lines import Line
from .otlp import NAMES, Row, attributes, fields, hex_id, nanos, objects, text, value_of

SEVERITY = ("debug", "debug", "info", "warning", "error", "critical")
"""Four numbers of the protocol each, from 1 on: trace, debug, info, warn, error, fatal."""
USUAL = SourceLabels(service=("service.name",), instance=NAMES.instance)


def log_rows(document: Any) -> Iterator[Row]:
    """The records of an OTLP document (`resourceLogs`), one line each; time is None where it is."""
    for part in objects(fields(document).get("resourceLogs")):
        resource = attributes(fields(part.get("resource")).get("attributes"))
        for scope in objects(part.get("scopeLogs")):
            for record in objects(scope.get("logRecords")):
                yield _row(record, resource)


def _row(record: dict[str, Any], resource: Mapping[str, Any]) -> Row:
    ns = nanos(record.get("timeUnixNano")) or nanos(record.get("observedTimeUnixNano"))
    body = value_of(record.get("body"))
    said = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    own = attributes(record.get("attributes"))
    known = {**resource, **own, **_level(record)}
    kept = {name: one for name, one in known.items() if not name.startswith(NAMES.noise)}
    line = Line(ns or 0, kept, said or text(record, "eventName") or text(own, "event.name"))
    row = line.row(text(resource, "service.name"), USUAL)
    ids = {name: hex_id(record.get(key)) for name, key in IDS.items() if record.get(key)}
    return {**row, **ids, "ts": row["ts"] if ns else None}


IDS = {"trace_id": "traceId", "span_id": "spanId"}


def _level(record: Mapping[str, Any]) -> dict[str, str]:
    """By its number, which says the same in every language; else by its text."""
    number = record.get("severityNumber")
    if isinstance(number, str):  # an enumeration by its name: SEVERITY_NUMBER_WARN2
        word = number.removeprefix("SEVERITY_NUMBER_").rstrip("234").lower()
        return {"level": word}
    if isinstance(number, int) and 0 < number <= 4 * len(SEVERITY):
        return {"level": SEVERITY[(number - 1) // 4]}
    return {"level": text(record, "severityText")}
