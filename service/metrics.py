"""/metrics: Warroom itself, in Prometheus' format. What the tables know is asked of them at each
scrape and holds for every process; the rest is this process's own.
"""

import time
from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from ..record.counts import Counted, Counts, count

REQUESTS = Histogram(
    "warroom_http_request_seconds",
    "Requests answered by this process, of /hooks/{receiver} too.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def exposition(engine: Engine) -> bytes:
    """The page. Raises StoreError when the database does not answer: then the scrape fails too."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Record(engine))
    return generate_latest(registry) + generate_latest(REGISTRY)


class _Record(Collector):
    """The record's numbers, as of one scrape."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time: a description would count everything once more."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One look at the tables, and how long that took."""
        began = time.perf_counter()
        found = count(self.engine)
        took = time.perf_counter() - began
        yield from _incidents(found)
        yield from _work(found)
        yield from _effects(found)
        text = "One read of all of these numbers from the database."
        yield GaugeMetricFamily("warroom_database_read_seconds", text, value=took)


def _incidents(found: Counts) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "warroom_alerts", "Alerts written down, repeats not counted.", value=found.alerts
    )
    text = "Alerts that should have been grouped into incidents by now."
    yield GaugeMetricFamily("warroom_alerts_untaken", text, value=found.untaken)
    text = "Deliveries taken, repeats counted."
    yield _counter("warroom_deliveries", text, "receiver", found.deliveries)
    yield _gauge("warroom_incidents", "Incidents by state.", "state", found.incidents)
    text = "Questions that wait for people."
    yield _gauge("warroom_approvals_waiting", text, "kind", found.asked)


def _work(found: Counts) -> Iterator[Metric]:
    yield _gauge("warroom_work", "Incidents by status of their work.", "status", found.work)
    text = "Incidents that are due and that nobody works."
    yield GaugeMetricFamily("warroom_work_due", text, value=found.due)
    text = "How long the longest of them has been due."
    yield GaugeMetricFamily("warroom_work_late_seconds", text, value=found.latest_s)
    text = "Times that an incident was taken up, first or again."
    yield CounterMetricFamily("warroom_leases", text, value=found.leases)
    text = "Attempts in a row that failed, over all incidents."
    yield GaugeMetricFamily("warroom_work_failures", text, value=found.failures)


def _effects(found: Counts) -> Iterator[Metric]:
    text = "Effects claimed; unrecorded: begun, and nobody knows yet what became of it."
    yield _gauge("warroom_effects", text, "state", found.effects)
    text = "Messages that were not delivered yet."
    yield GaugeMetricFamily("warroom_outbox", text, value=found.outbox)
    text = "Age of the oldest of them."
    yield GaugeMetricFamily("warroom_outbox_age_seconds", text, value=found.outbox_age_s)
    yield _counter("warroom_model_tokens", "Tokens of models.", "kind", found.tokens)


def _counter(name: str, text: str, label: str, found: Counted) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for word, number in found:
        family.add_metric([word], number)
    return family


def _gauge(name: str, text: str, label: str, found: Counted) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for word, number in found:
        family.add_metric([word], number)
    return family
