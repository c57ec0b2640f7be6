"""A run's whole environment: the shop, its database, its operations and its customers.

    with Shop.start(root) as shop:
        shop.deploy("catalog", [("shop/catalog.py", "24", "48")], "Show more", "Catalog <c@x>")

Leaving the block, an exception, Ctrl-C or the death of this process ends every process. The parts
are brought up in the order that is quickest on two cores.
"""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from signal import SIGQUIT
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from ..errors import DrillError
from .catalogue import catalogue, operations
from .keeper import Keeper, spawn
from .layout import Layout
from .monitoring import Monitoring
from .postgres import Postgres
from .releases import Edit, ReleaseRepository
from .repositories import AUTHOR, ConfigurationRepository, write_json
from .supervision import Supervision
from .world import SHOP

HEALTHY_S = 60.0  # longest wait for one part; a start on two idle cores takes a sixth of it


class Shop:
    """A running shop: its parts, and the keeper that ends them. `telemetry` is the live bundle."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.telemetry = layout.telemetry
        self.releases = ReleaseRepository(layout)
        self.configuration = ConfigurationRepository(layout)
        self.supervision = Supervision(layout)
        self.keeper = Keeper()
        self.postgres = Postgres(layout, secrets.token_hex(12))
        if self.postgres.home:
            self.keeper.remove(self.postgres.home)
        self.processes: list[subprocess.Popen] = []
        self.steering: dict[str, Any] = {}

    @classmethod
    def start(
        cls,
        root: Path,
        *,
        rules: Sequence[dict[str, Any]] = (),
        webhook: str | None = None,
        alerting: str = "",
        links: Sequence[str] = (),
        world: str = SHOP,
    ) -> "Shop":
        """Start everything in an empty `root`; returns when customers are being served.

        `rules` go into the catalogue. With a `webhook`, Prometheus scrapes and evaluates
        `alerting` (the text of a rule file) and Alertmanager posts there. `links` are laid
        between services from the start (`Layout.create`).
        DrillError says what did not start, and where its output is.
        """
        shop = cls(Layout.create(root, links, world))
        try:
            bring_up(shop, catalogue(shop.layout.world, list(rules)))
            monitoring = Monitoring(shop.layout)
            for process in monitoring.start(alerting, webhook) if webhook else ():
                shop.watch(process)
            shop.run("scraper", *([shop.layout.url("prometheus")] if webhook else []))
            traffic = shop.layout.world.traffic
            shop.run(traffic)
            wait_until(shop.serves, "the traffic", shop.layout.output / f"{traffic}.log")
            if webhook:
                wait_until(monitoring.ready, "Prometheus", shop.layout.output / "prometheus.log")
        except BaseException:
            shop.stop()
            raise
        return shop

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process; what was written stays."""
        self.keeper.close()
        for process in self.processes:
            process.wait(timeout=5)

    def watch(self, process: subprocess.Popen, **how: Any) -> None:
        self.processes.append(process)
        self.keeper.watch(process, **how)

    def run(self, module: str, *arguments: str) -> None:
        """Start one of the run's own modules; its output goes to output/<module>.log."""
        command = [sys.executable, "-m", f"{__package__}.{module}", str(self.layout.root)]
        self.watch(spawn([*command, *arguments], self.layout.output / f"{module}.log"))

    def deploy(
        self, service: str, patches: Sequence[Edit], message: str, author: str = AUTHOR
    ) -> str:
        """Release the edits (path, before, after) and run the service from them.

        Returns the new version. Every running instance of the service is restarted.
        """
        version = self.releases.release(patches, message, author)
        self.releases.deploy(service, version, author)
        for program in self.supervision.running(service):
            self.supervision.restart(program)
        return version

    def sql(self, statement: str) -> list[dict[str, Any]]:
        """Run a statement as the database's superuser; its rows, if it has any."""
        writes = "-c default_transaction_read_only=off"  # whatever the database's default is
        with psycopg.connect(self.postgres.admin, options=writes) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def load(self, **steering: Any) -> None:
        """Steer the traffic: rate=, surge=, stuffing=, brand=, client= (see traffic.Steering).

        What was set before stays; None takes a setting back.
        """
        merged = {**self.steering, **steering}
        self.steering = {name: value for name, value in merged.items() if value is not None}
        write_json(self.layout.traffic / "steering.json", self.steering)

    def set_quota(self, provider: str, tokens: int, **ill: Any) -> None:
        """What is left of an AI provider's token quota; how its models are ill, see provider."""
        if provider not in (known := self.layout.world.providers):
            raise DrillError(f"no AI provider {provider!r}; known: {', '.join(known) or 'none'}")
        url = f"{self.layout.url(f'ai-{provider}')}/quota/{tokens}"
        httpx.put(url, params=ill, timeout=2, trust_env=False).raise_for_status()

    def answers(self) -> dict[str, int]:
        """How many answers the customers got so far, by status or error."""
        return json.loads((self.layout.traffic / "answers.json").read_text())["answers"]

    def serves(self) -> bool:
        """Whether a customer got what was asked for."""
        file, good = self.layout.traffic / "answers.json", self.layout.world.good
        return file.exists() and good in self.answers()


def bring_up(shop: Shop, known: dict[str, Any]) -> None:
    """Database, repositories, supervisor, services: up to the point where all are healthy."""
    layout = shop.layout
    with ThreadPoolExecutor(1) as pool:
        database = pool.submit(start_database, shop)
        write_files(shop, known)
        database.result()
        filling = pool.submit(fill_database, shop)
        for name in layout.links:
            shop.run("link", name)
        shop.watch(shop.supervision.start())
        wait_until(shop.supervision.answers, "the supervisor", layout.output / "supervisord.out")
        if layout.world.providers:
            shop.run("provider")
        filling.result()
    shop.run("exporter")
    for instance in layout.instances:
        if instance.active:
            log = layout.output / f"{instance.name}.log"
            wait_until(answers(f"{instance.url}/healthz"), instance.name, log)
    others = [("exporter", "exporter")]
    others += [(f"ai-{name}", "provider") for name in layout.world.providers[:1]]
    for name, module in others:
        log = layout.output / f"{module}.log"
        wait_until(answers(f"{layout.url(name)}/metrics"), name, log)


def start_database(shop: Shop) -> None:
    shop.watch(shop.postgres.start(), stop_with=SIGQUIT)
    wait_until(shop.postgres.accepts, "PostgreSQL", shop.postgres.log)
    with psycopg.connect(shop.postgres.admin, autocommit=True) as connection:
        shop.postgres.roles(connection)


def fill_database(shop: Shop) -> None:
    """The world's tables, what is in them before anything comes, and a backup of it."""
    world = shop.layout.world
    with psycopg.connect(shop.postgres.admin) as connection:
        connection.execute(Path(__file__).with_name(world.database).read_bytes())
        if world.fills:
            import_module(f".{world.fills}", __package__).fill(connection)
        connection.execute(GRANT)
    with psycopg.connect(shop.postgres.admin, autocommit=True) as connection:
        connection.execute("ANALYZE")  # so that the first queries already take the index
        for table in world.tables:
            dump(connection, table, shop.layout.backup)


GRANT = b"""
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop
"""


def dump(connection: psycopg.Connection, table: str, folder: Path) -> None:
    """A CSV file with a header."""
    with (folder / f"{table}.csv").open("wb") as file:
        query = f"COPY {table} TO STDOUT WITH (FORMAT csv, HEADER true)"
        with connection.cursor().copy(query.encode()) as source:
            for block in source:
                file.write(block)


def write_files(shop: Shop, known: dict[str, Any]) -> None:
    """The repositories, the supervisor's configuration and the bundle's own description."""
    layout = shop.layout
    shop.releases.create()
    shop.configuration.create()
    shop.supervision.write(shop.postgres.dsn)
    write_json(layout.operations, operations(layout, shop.supervision.url, shop.postgres.admin))
    layout.operations.chmod(0o600)
    write_json(layout.telemetry / "catalogue.json", known)
    bundle = {
        "format": "warroom-bundle/1",
        "name": layout.world.name,
        "scrape_interval_s": 1.0,
        "recorded_from": time.time(),
        "description": layout.world.description,
    }
    write_json(layout.telemetry / "bundle.json", bundle)


def answers(url: str) -> Callable[[], bool]:
    """Asks whether something answers there, and well."""

    def ask() -> bool:
        try:
            return httpx.get(url, timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return ask


def wait_until(ready: Callable[[], bool], name: str, log: Path) -> None:
    """Poll until `ready`; DrillError names what did not come up and its output."""
    deadline = time.monotonic() + HEALTHY_S
    while not ready():
        if time.monotonic() > deadline:
            raise DrillError(f"{name} did not start within {HEALTHY_S:g} s; read {log}")
        time.sleep(0.05)
