"""Backends that sources are tried on: each is written to, and can be made to fail."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

from warroom.telemetry.recording import Recording
from warroom.telemetry.sources.files import PATTERNS
from warroom.telemetry.sources.source import EVER
from warroom.tests.support.change_backends import GitBackend, GitHubBackend, GrafanaBackend
from warroom.tests.support.elasticsearch_backend import ElasticsearchBackend, OpenSearchBackend
from warroom.tests.support.feed_backends import WRITTEN
from warroom.tests.support.journal_backend import JournalBackend
from warroom.tests.support.log_backends import LokiBackend, VictoriaLogsBackend
from warroom.tests.support.otlp_backend import OtlpBackend
from warroom.tests.support.pods_backend import PodsBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend
from warroom.tests.support.trace_backends import JaegerBackend, TempoBackend

Row = dict[str, Any]


class Backend(Protocol):
    """What a source stands before."""

    where: str
    modality: str  # that it is tried by

    def write(self, modality: str, *rows: Row) -> None:
        """Record rows, whatever they hold."""
        ...

    def fail(self) -> None:
        """Be down from now on."""
        ...


class Folder:
    """A bundle's files."""

    modality = "logs"

    def __init__(self, root: Path) -> None:
        self.root, self.where = root, str(root)
        for folder in ("metrics", "logs", "traces"):
            (root / folder).mkdir(parents=True)

    def write(self, modality: str, *rows: Row) -> None:
        """One line each."""
        path = self.root / PATTERNS[modality].replace("*", "all")
        with path.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def fail(self) -> None:
        """The folder is gone."""
        for path in self.root.rglob("*.jsonl"):
            path.unlink()


class Document:
    """What the example source reads."""

    modality = "logs"

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True)
        self.file = root / "backend.json"
        self.where = str(self.file)
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.write("logs")

    def write(self, modality: str, *rows: Row) -> None:
        """All in one."""
        self.rows[modality] += rows
        self.file.write_text(json.dumps(self.rows))

    def fail(self) -> None:
        """It answers rubbish."""
        self.file.write_text("<html>502 Bad Gateway</html>")


BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "files": Folder,
    "example": Document,
    "prometheus": PrometheusBackend,
    "tempo": TempoBackend,
    "jaeger": JaegerBackend,
    "git": GitBackend,
    "github": GitHubBackend,
    "grafana": GrafanaBackend,
    "loki": LokiBackend,
    "victorialogs": VictoriaLogsBackend,
    "elasticsearch": ElasticsearchBackend,
    "elasticsearch/opensearch": OpenSearchBackend,
    "journald": JournalBackend,
    "kubernetes": PodsBackend,
    "otlp": OtlpBackend,
    **WRITTEN,
}
"""At least one for each kind of source there is; `kind/modality` where there are several."""


@dataclass(frozen=True)
class Told:
    """How a text is told in a modality, and the texts of a recording in their order of time."""

    row: Callable[[float, str, str], Row]  # (time, text, service)
    texts: Callable[[Recording], list[str]]


def _metrics(recording: Recording) -> list[str]:
    series = recording.metrics(EVER, ["up"])
    return [text for _, text in sorted((ts, s.labels["text"]) for s in series for ts in s.ts)]


TOLD = {
    "logs": Told(
        lambda ts, text, service: {"ts": ts, "service": service, "message": text},
        lambda recording: [log.message for log in recording.logs(EVER)],
    ),
    "metrics": Told(
        lambda ts, text, service: {
            **{"ts": ts, "name": "up", "service": service, "value": 1},
            "labels": {"text": text},
        },
        _metrics,
    ),
    "traces": Told(
        lambda start, text, service: {
            **{"start": start, "trace_id": f"{crc32(text.encode()):032x}", "name": text},
            **{"span_id": "1" * 16, "service": service, "duration_ms": 1.0},
        },
        lambda recording: [span.name for span in recording.spans(EVER)],
    ),
    "changes": Told(
        lambda at, text, service: {
            **{"at": at, "kind": "config", "service": service, "id": text, "summary": text}
        },
        # Tools say something before it.
        lambda recording: [one.summary.rpartition(": ")[2] for one in recording.changes(EVER)],
    ),
}
