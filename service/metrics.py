"""/metrics: Warroom itself, in Prometheus' format. What the tables know is asked of them at each
scrape and holds for every process; the rest is this process's own.
"""

import time
from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from ..record.counts import Count, counts

REQUESTS = Histogram(
    "warroom_http_request_seconds",
    "Requests answered by this process, of /hooks/{receiver} too.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


GLASS = Gauge(
    "warroom_break_glass_sessions", "Open sessions of the account for when nothing else works."
)


def exposition(engine: Engine, glass: int = 0, figures: Iterable[Count] = ()) -> bytes:
    """The page; `glass`: how many sessions the break-glass account has open; `figures`: more of the
    record. Raises StoreError when the database does not answer: then the scrape fails too."""
    GLASS.set(glass)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Record(engine, figures))
    return generate_latest(registry) + generate_latest(REGISTRY)


class _Record(Collector):
    """The record's figures, as of one scrape."""

    def __init__(self, engine: Engine, figures: Iterable[Count]) -> None:
        self.engine, self.figures = engine, figures

    def collect(self) -> Iterator[Metric]:
        """One look at the tables, and how long that took."""
        began = time.perf_counter()
        found = counts(self.engine)
        took = time.perf_counter() - began
        about = "One read of all of these figures from the database."
        for each in (*found, *self.figures, Count("database_read_seconds", about, {"": took})):
            yield _family(each)


def _family(count: Count) -> Metric:
    kind = CounterMetricFamily if count.grows else GaugeMetricFamily
    labels = [count.label] if count.label else []
    family = kind(f"warroom_{count.name}", count.about, labels=labels)
    for word, number in count.values.items():
        family.add_metric([word] if labels else [], number)
    return family
