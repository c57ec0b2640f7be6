"""Exposes what the database and the supervisor know, for the scraper or Prometheus."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .layout import Layout
from .supervision import RestartWatch

PRESSURE = Path("/proc/pressure/cpu")
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
    """pg_* gauges and the world's own, measured at each scrape over one connection."""

    def __init__(self, dsn: str, gauges: Mapping[str, str]) -> None:
        self.dsn, self.gauges = dsn, gauges
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
        for name, sql in self.gauges.items():
            family = GaugeMetricFamily(name, "By the service that does it", labels=["service"])
            assert self.connection is not None
            for service, value in self.connection.execute(sql.encode()).fetchall():
                family.add_metric([service], value)
            yield family

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


class HostCollector(Collector):
    """How long something waited for a processor of this machine, by the node exporter's name."""

    def collect(self) -> Iterator[Any]:
        if PRESSURE.exists():
            micros = int(PRESSURE.read_text().split("\n")[0].rpartition("=")[2])
            name = "node_pressure_cpu_waiting_seconds"
            family = CounterMetricFamily(name, "Something waited", labels=["service"])
            family.add_metric(["host"], micros / 1e6)
            yield family


class RestartCollector(Collector):
    """process_restarts_total per instance: how often its process was replaced."""

    def __init__(self, seen: RestartWatch) -> None:
        self.seen = seen
        self.count: Counter[str] = Counter()

    def collect(self) -> Iterator[Any]:
        family = CounterMetricFamily(
            "process_restarts", "Restarts seen", labels=["service", "instance"]
        )
        self.count.update(one.program for one in self.seen.new())
        for name in sorted(self.seen.known):
            family.add_metric([self.seen.services[name], name], self.count[name])
        yield family


def main(root: Path) -> None:
    layout = Layout.load(root)
    registry = CollectorRegistry(auto_describe=False)
    dsn = json.loads(layout.operations.read_text())["database_dsn"]
    registry.register(DatabaseCollector(dsn, layout.world.gauges))
    registry.register(HostCollector())
    registry.register(RestartCollector(RestartWatch(layout)))
    start_http_server(layout.ports["exporter"], addr="127.0.0.1", registry=registry)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
