"""Prometheus metrics that every service exposes."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from .settings import Settings

disable_created_metrics()

BUCKETS = (0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The RED metrics, saturation and limits of one process."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "http_requests",
            "Requests served",
            ("route", "method", "code"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from first byte in to last byte out",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight", "Running and waiting requests", registry=self.registry
        )
        self.gauge("service_concurrency_limit", "Requests at once", settings.concurrency)
        self.gauge("service_memory_limit_bytes", "Memory limit", settings.memory_limit_bytes)

    def gauge(self, name: str, text: str, value: float = 0.0) -> Gauge:
        gauge = Gauge(name, text, registry=self.registry)
        gauge.set(value)
        return gauge
