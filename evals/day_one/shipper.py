"""Ships what the shop's processes write to real servers, as a team's agents would: a process of its
own beside a run. Lines of logs go to VictoriaLogs, spans to Jaeger by OTLP, changes to where
`POST /api/v1/changes` keeps them.

    python -m warroom.evals.day_one.shipper TELEMETRY HOME LOGS TRACES
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from ...app.record import Record
from ...record.changes import SentChanges
from ...settings import Settings
from ...telemetry.sources.files import Files
from ...telemetry.sources.source import SourceQuery
from ..conformance.running import Row, send_lines, send_spans

EVERY_S = 0.3
PART = 2000
"""Rows at once."""
Send = Callable[[list[Row]], None]


class Shipping:
    """One modality on its way to one server; at least once."""

    def __init__(self, telemetry: Path, modality: str, send: Send) -> None:
        self.files, self.send = Files(telemetry, modality), send
        self.place: Any = None

    def go_on(self) -> None:
        """What was written since; where the server does not take it, all of that again."""
        batch = self.files.read(SourceQuery(after=self.place))
        rows = list(_rows(batch.lines))
        try:
            for start in range(0, len(rows), PART):
                self.send(rows[start : start + PART])
        except httpx.HTTPError as error:
            print(self.files.modality, error, flush=True)
        else:
            self.place = batch.after


def _rows(lines: bytes) -> Iterator[Row]:
    for line in lines.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            print("no JSON:", line[:100], flush=True)


def main(telemetry: Path, home: Path, logs: str, traces: str) -> None:
    """Until it is ended."""
    kept = SentChanges(Record(Settings(home=home, database_url="")).store.engine)

    def tell(rows: list[Row]) -> None:
        for row in rows:
            kept.keep("{kind} {service} {id}".format_map(row), row)

    senders = {"logs": partial(send_lines, logs), "traces": partial(send_spans, traces)}
    every = [Shipping(telemetry, *one) for one in {**senders, "changes": tell}.items()]
    while True:
        for one in every:
            one.go_on()
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5])
