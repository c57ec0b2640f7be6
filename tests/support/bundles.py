"""Writes small telemetry bundles with known contents, in the format that Warroom reads."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

START = 1_700_000_000.0
"""When written bundles begin, unix seconds, unless told otherwise."""


class BundleWriter:
    """Buffers records and appends them as JSON lines; `flush` writes what is buffered.

        with BundleWriter(tmp_path / "bundle") as bundle:
            bundle.metric(bundle.start, "up", "cart", 1)

    Without an instance a record belongs to "<service>-1".
    """

    def __init__(
        self, root: Path, catalogue: dict[str, Any] | None = None, start: float = START
    ) -> None:
        self.root = root
        self.start = start
        self.lines: dict[str, list[str]] = defaultdict(list)
        for folder in ("metrics", "logs", "traces"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        header = {"format": "warroom-bundle/1", "name": root.name, "description": ""}
        self.document("bundle.json", header | {"scrape_interval_s": 1.0, "recorded_from": start})
        self.document("catalogue.json", {"services": []} if catalogue is None else catalogue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def document(self, name: str, content: Any) -> None:
        """Write bundle.json, catalogue.json or alert.json."""
        (self.root / name).write_text(json.dumps(content))

    def metric(
        self, ts: float, name: str, service: str, value: float, instance: str = "", **labels: str
    ) -> None:
        """One sample."""
        row = {"ts": ts, "name": name, "service": service, "labels": labels, "value": value}
        self.add("metrics/scrape.jsonl", row | {"instance": instance or f"{service}-1"})

    def log(
        self,
        ts: float,
        service: str,
        message: str,
        level: str = "info",
        *,
        instance: str = "",
        trace_id: str = "",
        **attributes: Any,
    ) -> None:
        """One log record; `attributes` use __ for the dots of OpenTelemetry names."""
        row = {"ts": ts, "service": service, "level": level, "message": message}
        row |= {"trace_id": trace_id, "span_id": "", "attributes": dotted(attributes)}
        self.add(f"logs/{service}.jsonl", row | {"instance": instance or f"{service}-1"})

    def span(
        self,
        start: float,
        service: str,
        name: str,
        ids: tuple[str, str, str],
        *,
        ms: float = 10.0,
        kind: str = "server",
        error: str = "",
        **attributes: Any,
    ) -> None:
        """One span; ids = (trace, span, parent or ""); `error` sets the status and its message."""
        row = dict(zip(("trace_id", "span_id", "parent_id"), ids, strict=True))
        row |= {"service": service, "instance": f"{service}-1", "name": name, "kind": kind}
        status = {"status": "error" if error else "unset", "status_message": error}
        timing = {"start": start, "duration_ms": ms, "attributes": dotted(attributes)}
        self.add(f"traces/{service}.jsonl", row | status | timing)

    def change(self, at: float, kind: str, service: str, id: str, **fields: Any) -> None:
        """One change."""
        empty = {"version": "", "previous": "", "author": "", "summary": "", "files": []}
        row = {"at": at, "kind": kind, "service": service, "id": id, "diff": ""}
        self.add("changes.jsonl", row | empty | fields)

    def add(self, file: str, row: dict[str, Any]) -> None:
        """Buffer one object for a file."""
        self.lines[file].append(json.dumps(row))

    def flush(self) -> None:
        """Append what is buffered."""
        for file, lines in self.lines.items():
            with (self.root / file).open("a") as out:
                out.write("".join(f"{line}\n" for line in lines))
        self.lines.clear()


def dotted(attributes: dict[str, Any]) -> dict[str, Any]:
    """exception__type -> exception.type."""
    return {key.replace("__", "."): value for key, value in attributes.items()}


def counter(
    bundle: BundleWriter, name: str, service: str, rates: Sequence[float], **labels: str
) -> None:
    """A counter scraped once a second that grows by rates[i] in second i."""
    value = 0.0
    for second, rate in enumerate(rates):
        value += rate
        bundle.metric(bundle.start + second, name, service, value, **labels)


def gauge(
    bundle: BundleWriter, name: str, service: str, values: Sequence[float], **labels: str
) -> None:
    """A gauge scraped once a second."""
    for second, value in enumerate(values):
        bundle.metric(bundle.start + second, name, service, value, **labels)
