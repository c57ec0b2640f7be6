"""Bringing the parts of a run up, in the order that is quickest on two cores."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from signal import SIGQUIT
from typing import Any

import httpx
import psycopg

from ..errors import DrillError
from .catalogue import catalogue, operations
from .configuration import ConfigurationRepository, write_json
from .keeper import Keeper
from .layout import Layout
from .monitoring import Monitoring
from .postgres import Postgres
from .releases import ReleaseRepository
from .seed import analyse, dump, fill
from .supervision import Supervision

HEALTHY_S = 30.0  # longest wait for one part; a start on two idle cores takes a third of it


class Parts:
    """Everything that belongs to a run, and the keeper that ends it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.releases = ReleaseRepository(layout)
        self.configuration = ConfigurationRepository(layout)
        self.supervision = Supervision(layout)
        self.keeper = Keeper()
        self.postgres = Postgres(layout, secrets.token_hex(12))
        if self.postgres.home:
            self.keeper.remove(self.postgres.home)
        self.processes: list[subprocess.Popen] = []

    def watch(self, process: subprocess.Popen, **how: Any) -> None:
        self.processes.append(process)
        self.keeper.watch(process, **how)

    def end(self) -> None:
        self.keeper.close()
        for process in self.processes:
            process.wait(timeout=5)

    def run(self, module: str, *arguments: str) -> None:
        """Start one of the run's own modules; its output goes to output/<module>.log."""
        root = str(self.layout.root)
        with (self.layout.output / f"{module}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.{module}", root, *arguments],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.watch(process)

    def start_prometheus(self, alerting: str, webhook: str | None) -> Monitoring:
        monitoring = Monitoring(self.layout)
        for process in monitoring.start(alerting, webhook):
            self.watch(process)
        return monitoring

    def start_scraper(self, prometheus: bool) -> None:
        self.run("scraper", *([self.layout.url("prometheus")] if prometheus else []))

    def start_load(self) -> None:
        self.run("load")

    def first_traffic(self) -> None:
        file = self.layout.traffic / "answers.json"

        def served() -> bool:
            return file.exists() and "200" in json.loads(file.read_text())["answers"]

        wait_until(served, "the customers", self.layout.output / "load.log")


def bring_up(parts: Parts, rules: list[dict[str, Any]], windows: dict[str, float] | None) -> None:
    """Database, repositories, supervisor, services: up to the point where all are healthy."""
    with ThreadPoolExecutor(1) as pool:
        database = pool.submit(start_database, parts)
        write_files(parts, rules, windows)
        database.result()
        filling = pool.submit(fill_database, parts)
        for name in parts.layout.links:
            parts.run("link", name)
        parts.watch(parts.supervision.start())
        parts.supervision.wait()
        parts.run("provider")
        filling.result()
    parts.run("exporter")
    for instance in parts.layout.instances:
        if instance.active:
            log = parts.layout.output / f"{instance.name}.log"
            wait_until(answers(f"{instance.url}/healthz"), instance.name, log)
    for name in ("exporter", "ai-primary"):
        log = parts.layout.output / f"{'exporter' if name == 'exporter' else 'provider'}.log"
        wait_until(answers(f"{parts.layout.url(name)}/metrics"), name, log)


def start_database(parts: Parts) -> None:
    parts.watch(parts.postgres.start(), stop_with=SIGQUIT)
    parts.postgres.wait()
    with psycopg.connect(parts.postgres.admin, autocommit=True) as connection:
        parts.postgres.roles(connection)


def fill_database(parts: Parts) -> None:
    with psycopg.connect(parts.postgres.admin) as connection:
        fill(connection)
    with psycopg.connect(parts.postgres.admin, autocommit=True) as connection:
        analyse(connection)
        dump(connection, parts.layout.backup)


def write_files(
    parts: Parts, rules: list[dict[str, Any]], windows: dict[str, float] | None
) -> None:
    """The repositories, the supervisor's configuration and the bundle's own description."""
    layout = parts.layout
    parts.releases.create()
    parts.configuration.create()
    parts.supervision.write(parts.postgres.dsn)
    acting = operations(layout, parts.supervision.url, parts.postgres.admin)
    file = layout.root / "operations.json"
    write_json(file, acting)
    file.chmod(0o600)
    write_json(layout.telemetry / "catalogue.json", catalogue(rules, windows))
    bundle = {
        "format": "warroom-bundle/1",
        "name": "shop",
        "scrape_interval_s": 1.0,
        "recorded_from": time.time(),
        "description": "A small web store on loopback, recorded while it runs",
    }
    write_json(layout.telemetry / "bundle.json", bundle)


def answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return httpx.get(url, timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return ask


def wait_until(ready: Callable[[], bool], name: str, log: object) -> None:
    """Poll until `ready`; DrillError names what did not come up and its output."""
    deadline = time.monotonic() + HEALTHY_S
    while not ready():
        if time.monotonic() > deadline:
            raise DrillError(f"{name} did not start within {HEALTHY_S:g} s; read {log}")
        time.sleep(0.05)
