"""A bundle whose traces come as a tracing backend hands them out: a sample."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from warroom.telemetry.bundle import CatalogueFile
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.http import HttpApi
from warroom.telemetry.sources.registry import sources_of
from warroom.telemetry.sources.source import Scope
from warroom.telemetry.sources.traces import Found, Question, Traces

NOWHERE = {"name": "kept", "type": "tempo", "url": "http://127.0.0.1:9"}


class KeptTraces(Traces):
    """The traces of a bundle, found in no order, as those of Tempo are."""

    def __init__(self, root: Path) -> None:
        super().__init__(HttpApi(Datasource.model_validate(NOWHERE)))
        self.kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for file in sorted((root / "traces").glob("*.jsonl")):
            for row in map(json.loads, file.read_text().splitlines()):
                self.kept[row["trace_id"]].append(row)
        self.order = sorted(self.kept, key=lambda trace: crc32(trace.encode()))

    def services(self, scope: Scope, window: Window) -> Sequence[str]:
        return [""] if scope.services is None else sorted(scope.services)

    def find(self, question: Question) -> Sequence[Found]:
        found = [one for one in self.order if self._is_so(self.kept[one], question)]
        return [Found(one, _ms(self.kept[one]), partial(self.kept.get, one, [])) for one in found]

    def _is_so(self, rows: list[dict[str, Any]], question: Question) -> bool:
        begun, window = min(row["start"] for row in rows), question.window
        own = [row for row in rows if question.service in ("", row["service"])]
        failing = any(row["status"] == "error" for row in own)
        sort = {"any": True, "failing": failing, "slow": _ms(rows) >= question.slow_ms}
        return bool(own) and window.start <= begun < window.end and sort[question.sort]


def _ms(rows: list[dict[str, Any]]) -> float:
    return max(row["duration_ms"] for row in rows)


def sampled(root: Path, start: float, end: float) -> Recorder:
    """What a recorder has of a bundle whose traces are asked for from `start` to `end`."""
    files = [source for source in sources_of("files", str(root)) if source.modality != "traces"]
    catalogue = CatalogueFile(root / "catalogue.json").catalogue
    recorder = Recorder([*files, KeptTraces(root)], catalogue, clock=lambda: end)
    recorder.focus("", start)
    recorder.advance()
    return recorder
