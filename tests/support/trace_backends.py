"""Fakes of Tempo and Jaeger, made from their published HTTP APIs: searches and traces.

A query that the API would not take is refused here as well (HTTP 400). They hold rows of a bundle.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

from warroom.tests.support.http_backends import HttpBackend, Question, Reply

Row = dict[str, Any]
CONDITION = re.compile(
    r'resource\.service\.name = (?P<service>"(?:[^"\\]|\\.)*")|status = (?P<status>error)'
    r"|traceDuration >= (?P<ms>\d+)ms"
)
"""The part of TraceQL that is asked here, as its grammar has it."""


class TraceBackend(HttpBackend):
    """Holds rows of spans."""

    kind: str
    modality = "traces"

    def __init__(self, _root: Path | None = None) -> None:
        super().__init__()
        self.traces: dict[str, list[Row]] = {}
        self.extra_rows: dict[str, Any] = {}

    def write(self, modality: str, *rows: Row) -> None:
        """Rows of a bundle; what is no span is not held."""
        for row in rows if modality == "traces" else ():
            self.traces.setdefault(row["trace_id"], []).append(row)

    def fail(self) -> None:
        """Be down from now on."""
        self.close()

    def asked_of(self, path: str) -> list[Question]:
        """The questions so far that were put to a path."""
        return [one for one in self.asked if one.path.startswith(path)]


class TempoBackend(TraceBackend):
    """`/api/search` and `/api/v2/traces/{id}`."""

    kind = "tempo"

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        if question.path == "/api/search":
            return self._search(question)
        trace_id = question.path.removeprefix("/api/v2/traces/")
        rows = self.traces.get(trace_id, [])
        spans = [self.extra_rows.get(trace_id) or self._batch(row) for row in rows]
        return Reply({"trace": {"resourceSpans": spans}, "metrics": {}})

    def _search(self, question: Question) -> Reply:
        inside = re.fullmatch(r"\{ (.*) \}", question["q"], re.DOTALL)
        found = [CONDITION.fullmatch(part) for part in inside[1].split(" && ")] if inside else []
        if not inside or (inside[1] and None in found):
            return Reply(b"invalid TraceQL query: parse error", 400)
        said = {
            name: value for one in found if one for name, value in one.groupdict().items() if value
        }
        start, end = int(question["start"]), int(question["end"])
        kept = [rows for rows in self.traces.values() if start <= rows[0]["start"] <= end]
        kept = [rows for rows in kept if self._is(rows, said)][: int(question["limit"])]
        return Reply({"traces": [self._metadata(rows) for rows in kept], "metrics": {}})

    def _is(self, rows: list[Row], said: dict[str, str]) -> bool:
        service = json.loads(said["service"]) if "service" in said else None
        own = [row for row in rows if service in (None, row["service"])]
        if "status" in said:
            own = [row for row in own if row.get("status") == "error"]
        return bool(own) and _lasted(rows) >= float(said.get("ms", 0))

    def _metadata(self, rows: list[Row]) -> Row:
        """Without leading zeros of the id, as Tempo has it."""
        nanos = str(int(rows[0]["start"] * 1e9))
        ms = int(_lasted(rows))
        short = rows[0]["trace_id"].lstrip("0")
        return {"traceID": short, "startTimeUnixNano": nanos, "durationMs": ms}

    def _batch(self, row: Row) -> Row:
        """One span as OTLP, with ids in base64, as the JSON of its protobuf has them."""
        ids = {"traceId": row["trace_id"], "spanId": row["span_id"]}
        ids |= {"parentSpanId": row["parent_id"]} if row.get("parent_id") else {}
        start = round(row["start"] * 1e9)
        span: Row = {
            name: base64.b64encode(bytes.fromhex(held)).decode() for name, held in ids.items()
        }
        span |= {"name": row["name"], "kind": "SPAN_KIND_" + row.get("kind", "internal").upper()}
        span |= {"startTimeUnixNano": str(start)}
        span |= {"endTimeUnixNano": str(start + round(row["duration_ms"] * 1e6))}
        if row.get("status") == "error":
            span["status"] = {"code": "STATUS_CODE_ERROR", "message": "it failed"}
        named = {"key": "service.name", "value": {"stringValue": row["service"]}}
        return {"resource": {"attributes": [named]}, "scopeSpans": [{"spans": [span]}]}


class JaegerBackend(TraceBackend):
    """`/api/services` and `/api/traces`."""

    kind = "jaeger"

    def answer(self, question: Question) -> Reply:
        """As the API does."""
        every = [row for rows in self.traces.values() for row in rows]
        if question.path == "/api/services":
            return Reply({"data": sorted({row["service"] for row in every}) or None})
        if not question.get("service"):
            wrong = {"code": 400, "msg": "parameter 'service' is required"}
            return Reply({"data": None, "errors": [wrong]}, 400)
        kept = [rows for rows in self.traces.values() if self._is(rows, question)]
        kept.sort(key=lambda rows: rows[0]["start"], reverse=True)
        found = [self._trace(rows) for rows in kept[: int(question["limit"])]]
        return Reply({"data": found, "total": 0, "limit": 0, "offset": 0, "errors": None})

    def _is(self, rows: list[Row], question: Question) -> bool:
        start, end = int(question["start"]) / 1e6, int(question["end"]) / 1e6
        own = [row for row in rows if row["service"] == question["service"]]
        own = [row for row in own if start <= row["start"] <= end]
        shortest = float(question.get("minDuration", "0us").removesuffix("us")) / 1000
        own = [row for row in own if row["duration_ms"] >= shortest]
        if json.loads(question.get("tags", "{}")) == {"error": "true"}:
            own = [row for row in own if row.get("status") == "error"]
        return bool(own)

    def _trace(self, rows: list[Row]) -> Row:
        services = sorted({row["service"] for row in rows})
        processes = {f"p{i}": {"serviceName": name} for i, name in enumerate(services)}
        spans = [self._span(row, f"p{services.index(row['service'])}") for row in rows]
        return {"traceID": rows[0]["trace_id"], "spans": spans, "processes": processes}

    def _span(self, row: Row, process: str) -> Row:
        ids = {"traceID": row["trace_id"], "spanID": row["span_id"], "processID": process}
        above = {"refType": "CHILD_OF", "traceID": row["trace_id"], "spanID": row.get("parent_id")}
        tags = [{"key": "span.kind", "type": "string", "value": row.get("kind", "internal")}]
        if row.get("status") == "error":
            tags += [
                {"key": "error", "type": "bool", "value": True},
                {"key": "otel.status_description", "type": "string", "value": "it failed"},
            ]
        times = {"startTime": round(row["start"] * 1e6), "duration": row["duration_ms"] * 1000}
        links = [above] if row.get("parent_id") else []
        return ids | times | {"operationName": row["name"], "references": links, "tags": tags}


def _lasted(rows: list[Row]) -> float:
    """Milliseconds from the first begin to the last end."""
    ends = [row["start"] * 1000 + row["duration_ms"] for row in rows]
    return max(ends) - min(row["start"] for row in rows) * 1000
