"""The receiver of telemetry over a store in a folder, and rows of a bundle as OTLP has them."""

import shutil
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from warroom.intake.configuration import Authorization
from warroom.service.otlp import JSON, Receiver
from warroom.telemetry.rolling import RollingStore
from warroom.telemetry.sources.otlp import KINDS
from warroom.tests.support.bundles import START

Row = dict[str, Any]
SIGNALS = {"traces": "Spans", "logs": "Logs", "metrics": "Metrics"}


class OtlpBackend:
    """Takes what a test writes over HTTP, in this process."""

    modality = "traces"

    def __init__(
        self, root: Path, authorization: Authorization | None = None, **bounds: Any
    ) -> None:
        self.where, self.now = str(root), START + 600
        known = {"hours": 6.0, "megabytes": 16.0, "clock": lambda: self.now}
        self.store = RollingStore(root, **known | bounds)
        self.receiver = Receiver(self.store, authorization)
        self.client = TestClient(self.receiver.app(), raise_server_exceptions=False)

    def write(self, modality: str, *rows: Row) -> None:
        """Sent by OTLP, a resource for each row."""
        answer = self.client.post(f"/v1/{modality}", json=document(modality, *rows))
        assert (answer.status_code, answer.json()) == (200, {}), answer.text

    def post(self, signal: str, body: bytes, media: str = JSON, **headers: str):
        """Whatever body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"/v1/{signal}", content=body, headers={"content-type": media, **given}
        )

    def files(self, modality: str) -> list[Path]:
        """What there is of it on disk, oldest first."""
        return sorted((Path(self.where) / modality).iterdir())

    def fail(self) -> None:
        """The folder is gone."""
        shutil.rmtree(self.where)


def document(modality: str, *rows: Row) -> Row:
    """One request."""
    scope, made = {
        "traces": ("scopeSpans", span),
        "logs": ("scopeLogs", record),
        "metrics": ("scopeMetrics", gauge),
    }[modality]
    item = {"traces": "spans", "logs": "logRecords", "metrics": "metrics"}[modality]
    parts = [
        {
            "resource": {"attributes": pairs(_whose(row))},
            scope: [{item: [made(row)]}],
        }
        for row in rows
    ]
    return {f"resource{SIGNALS[modality]}": parts}


def _whose(row: Row) -> Row:
    known = {"service.instance.id": row["instance"]} if row.get("instance") else {}
    return {"service.name": row["service"], **known}


def pairs(facts: Row) -> list[Row]:
    """OTLP's list of keys and values."""
    kinds = {str: "stringValue", int: "intValue", bool: "boolValue", float: "doubleValue"}
    return [{"key": name, "value": {kinds[type(held)]: held}} for name, held in facts.items()]


def nanos(seconds: float) -> str:
    """As JSON of protobuf has it."""
    return str(round(seconds * 1e9))


def span(row: Row) -> Row:
    """A row of traces."""
    made = {"traceId": row["trace_id"], "spanId": row["span_id"], "name": row["name"]}
    made |= {"startTimeUnixNano": nanos(row["start"])}
    made |= {"endTimeUnixNano": nanos(row["start"] + row["duration_ms"] / 1000)}
    made |= {
        "kind": KINDS.index(row.get("kind", "server")),
        "parentSpanId": row.get("parent_id", ""),
    }
    made |= {"attributes": pairs(row.get("attributes", {}))}
    status = {"code": 2, "message": row.get("status_message", "")}
    return made | ({"status": status} if row.get("status") == "error" else {})


def record(row: Row) -> Row:
    """A row of logs."""
    number = {"debug": 5, "info": 9, "warning": 13, "error": 17}[row.get("level", "info")]
    return {
        "timeUnixNano": nanos(row["ts"]),
        "severityNumber": number,
        "body": {"stringValue": row["message"]},
        "traceId": row.get("trace_id", ""),
        "attributes": pairs(row.get("attributes", {})),
    }


def gauge(row: Row) -> Row:
    """A row of metrics."""
    point = {"timeUnixNano": nanos(row["ts"]), "asDouble": row["value"]}
    point |= {"attributes": pairs(row.get("labels", {}))}
    return {"name": row["name"], "gauge": {"dataPoints": [point]}}
