"""Spans of a bundle as a document of OpenTelemetry's protocol, in its JSON."""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
STATUS = ("unset", "ok", "error")


def document(rows: Iterable[Row]) -> Row:
    """All of them, each in a resource of its own."""
    return {"resourceSpans": [_resource(row) for row in rows]}


def _resource(row: Row) -> Row:
    own = {"service.name": row["service"], "service.instance.id": row.get("instance")}
    start = round(row["start"] * 1e6) * 1000
    status = {"code": STATUS.index(row.get("status", "unset"))}
    span = {
        **{"traceId": row["trace_id"], "spanId": row["span_id"], "name": row["name"]},
        **{"parentSpanId": row.get("parent_id", ""), "kind": _kind(row)},
        **{"startTimeUnixNano": str(start)},
        **{"endTimeUnixNano": str(start + round(row["duration_ms"] * 1e6))},
        **{"attributes": _pairs(row.get("attributes", {}))},
        **{"status": {**status, "message": row.get("status_message", "")}},
    }
    return {"resource": {"attributes": _pairs(own)}, "scopeSpans": [{"spans": [span]}]}


def _kind(row: Row) -> int:
    kinds = ("", "internal", "server", "client", "producer", "consumer")
    return kinds.index(row.get("kind", "internal"))


def _pairs(facts: Row) -> list[Row]:
    told = ((name, value) for name, value in facts.items() if value is not None)
    return [{"key": name, "value": _value(value)} for name, value in told]


def _value(value: Any) -> Row:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": str(value)}
