"""Exposes what the database and the supervisor know, for the scraper or Prometheus."""

import json
import sys
import threading
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .layout import Layout

STATES = ("active", "idle", "idle in transaction")
CONNECTIONS = """
    SELECT coalesce(state, 'other') AS state, count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1
"""
OTHERS = """
    SELECT current_setting('max_connections')::int,
           (SELECT count(*) FROM pg_locks WHERE NOT granted),
           pg_database_size(current_database())
"""


class DatabaseCollector(Collector):
    """pg_* gauges, measured at each scrape over one connection."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.connection: psycopg.Connection | None = None

    def collect(self) -> Iterator[Any]:
        counts, (largest, waiting, size) = self.ask()
        states = GaugeMetricFamily("pg_connections", "Client connections", labels=["state"])
        for state in STATES:
            states.add_metric([state], counts.get(state, 0))
        yield states
        yield GaugeMetricFamily("pg_max_connections", "Largest number", largest)
        yield GaugeMetricFamily("pg_locks_waiting", "Locks not granted", waiting)
        yield GaugeMetricFamily("pg_database_size_bytes", "Size on disk", size)

    def ask(self) -> tuple[dict[str, int], tuple[int, int, int]]:
        """Counts by state and the other figures; a failed scrape when the database is away."""
        if self.connection is None or self.connection.closed:
            self.connection = psycopg.connect(
                self.dsn, autocommit=True, connect_timeout=2, application_name="exporter"
            )
        counts = dict(self.connection.execute(CONNECTIONS).fetchall())
        row = self.connection.execute(OTHERS).fetchone()
        assert row is not None
        return counts, (row[0], row[1], row[2])


class RestartCollector(Collector):
    """process_restarts_total per instance: how often its process id was replaced."""

    def __init__(self, processes: Any, services: dict[str, str]) -> None:
        self.processes = processes
        self.services = services
        self.started: dict[str, int] = {}
        self.restarts: dict[str, int] = {}

    def collect(self) -> Iterator[Any]:
        family = CounterMetricFamily(
            "process_restarts", "Restarts seen", labels=["service", "instance"]
        )
        for name, count in sorted(self.count().items()):
            family.add_metric([self.services[name], name], count)
        yield family

    def count(self) -> dict[str, int]:
        for process in self.processes():
            name, start = process["name"], process["start"]
            if not process["pid"] or name not in self.services:
                continue
            if start != self.started.get(name, start):
                self.restarts[name] = self.restarts.get(name, 0) + 1
            self.started[name] = start
            self.restarts.setdefault(name, 0)
        return self.restarts


def main(root: Path) -> None:
    layout = Layout.load(root)
    operations = json.loads((root / "operations.json").read_text())
    supervisor: Any = xmlrpc.client.ServerProxy(operations["supervisor_url"]).supervisor
    services = {instance.name: instance.service for instance in layout.instances}
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector(operations["database_dsn"]))
    registry.register(RestartCollector(supervisor.getAllProcessInfo, services))
    start_http_server(layout.ports["exporter"], addr="127.0.0.1", registry=registry)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
