"""A small system whose checkout fails since a minute, as its servers tell of it."""

import time

from warroom.tests.support.log_backends import LokiBackend
from warroom.tests.support.prometheus_backend import PrometheusBackend


def write_failing(prometheus: PrometheusBackend, loki: LokiBackend) -> None:
    """A quarter of an hour of it, up to now."""
    now = time.time()
    for ago in range(900, 0, -10):
        failing = ago < 60
        for code, total in (("200", 100 * (900 - ago)), ("500", failing * 90 * (60 - ago))):
            row = {"ts": now - ago, "name": "http_requests_total", "service": "checkout"}
            prometheus.write("metrics", row | {"labels": {"code": code}, "value": total})
        text = "ERROR connection refused by payments" if failing else "INFO served"
        loki.write("logs", {"ts": now - ago, "service": "checkout", "message": text})
