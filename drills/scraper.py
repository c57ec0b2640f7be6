"""Writes the live bundle's metrics, changes and state, a process of its own.

Each second every target is scraped at once, directly or through Prometheus's /federate;
a target that hangs costs the others nothing. State is looked at by the product's own log.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ..targets.operations import Operations
from ..targets.state_log import StateLog
from ..telemetry.signal_catalogue import CATALOGUE, REQUEST_SECONDS, SignalName
from .change_log import ChangeWatch
from .layout import Layout, Target, targets
from .monitoring import write_targets

INTERVAL_S = 1.0
TIMEOUT_S = 0.8
KEPT = frozenset(
    (
        SignalName.up,
        *(f"{REQUEST_SECONDS}_{part}" for part in ("sum", "count")),
        *(metric for known in CATALOGUE.values() for metric in known.recipe.needs),
    )
)
"""What signals are made of."""
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
FEDERATE = "/federate?match[]={job=%22shop%22}"


def samples(text: str, ts: float, target: Target | None) -> Iterator[dict[str, Any]]:
    """The samples we keep; an instance named by a sample wins over the target's."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name not in KEPT:
                continue
            labels = {key: value for key, value in sample.labels.items() if key != "job"}
            service = labels.pop("service", target.service if target else "")
            instance = labels.pop("instance", target.instance if target else "")
            yield {
                "ts": float(sample.timestamp or ts),
                "name": sample.name,
                "service": service,
                "instance": instance,
                "labels": labels,
                "value": float(sample.value),
            }


class Scraper:
    """Appends samples to metrics/scrape.jsonl."""

    def __init__(self, layout: Layout, prometheus: str | None) -> None:
        self.layout = layout
        self.prometheus = prometheus
        self.seen: dict[tuple, float] = {}  # newest time per series, when federating
        folder = layout.telemetry / "metrics"
        folder.mkdir(exist_ok=True)
        self.file = os.open(folder / "scrape.jsonl", APPEND, 0o644)

    async def tick(self, http: httpx.AsyncClient) -> None:
        if self.prometheus:
            write_targets(self.layout)
            lines = await self.federate(http, self.prometheus)
        else:
            every = (self.scrape(http, target) for target in targets(self.layout))
            lines = [line for found in await asyncio.gather(*every) for line in found]
        self.write(lines)

    async def scrape(self, http: httpx.AsyncClient, target: Target) -> list[dict[str, Any]]:
        ts = time.time()
        try:
            answer = await http.get(f"{target.url}/metrics")
            found = list(samples(answer.text, ts, target)) if answer.is_success else []
            up = float(answer.is_success)
        except (httpx.HTTPError, ValueError):
            found, up = [], 0.0
        return [*found, one(SignalName.up, target, ts, up)]

    async def federate(self, http: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
        """What Prometheus scraped since the last look."""
        try:
            answer = await http.get(url + FEDERATE)
            found = samples(answer.text, time.time(), None)
            return [sample for sample in found if self.is_new(sample)]
        except (httpx.HTTPError, ValueError):
            return []

    def is_new(self, sample: dict[str, Any]) -> bool:
        series = (sample["name"], sample["instance"], *sorted(sample["labels"].items()))
        new = sample["ts"] > self.seen.get(series, 0.0)
        self.seen[series] = sample["ts"]
        return new

    def write(self, lines: Iterable[dict[str, Any]]) -> None:
        for line in lines:
            os.write(self.file, (json.dumps(line) + "\n").encode())


def one(name: str, target: Target, ts: float, value: float) -> dict[str, Any]:
    identity = {"service": target.service, "instance": target.instance}
    return {"ts": ts, "name": name, **identity, "labels": {}, "value": value}


def watch_state(layout: Layout) -> None:
    """Beside the scraping: a database that hangs holds nothing up."""
    log = StateLog(Operations.load(layout.operations).inspectors(), layout.telemetry)
    Thread(target=log.run, args=(Event(),), name="state", daemon=True).start()


async def main(root: Path, prometheus: str | None) -> None:
    layout = Layout.load(root)
    scraper, changes = Scraper(layout, prometheus), ChangeWatch(layout)
    watch_state(layout)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        due = time.monotonic()
        while True:
            await asyncio.gather(scraper.tick(http), asyncio.to_thread(changes.look))
            due = max(due + INTERVAL_S, time.monotonic())
            await asyncio.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
