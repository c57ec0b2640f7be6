"""What Prometheus scrapes, in OpenMetrics with exemplars and as a native histogram."""

import struct
import time
from collections.abc import Callable

from warroom.tests.support.http_backends import HttpBackend, Question, Reply

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)
SLOW, FAST, FAILED = f"{7:032x}", f"{8:032x}", f"{9:016x}"


def shop(seconds: int) -> bytes:
    """Ten requests a second, one in ten of them failing and slow."""
    spent, own = "http_request_duration_seconds", 'service="shop"'
    return f"""\
# TYPE {spent} histogram
{spent}_bucket{{{own},le="0.1"}} {9 * seconds} # {{trace_id="{FAST}"}} 0.05
{spent}_bucket{{{own},le="4"}} {10 * seconds}
{spent}_bucket{{{own},le="+Inf"}} {10 * seconds} # {{traceID="{SLOW}"}} 2.5
{spent}_count{{{own}}} {10 * seconds}
{spent}_sum{{{own}}} {3 * seconds}
# TYPE http_requests counter
http_requests_total{{{own},code="200"}} {9 * seconds}
http_requests_total{{{own},code="500"}} {seconds} # {{trace_id="{FAILED}"}} 1
http_requests_total{{service="other",code="500"}} {seconds} # {{trace_id="not an id"}} 1
# EOF
""".encode()


def native(seconds: int) -> bytes:
    """The same requests in a native histogram of schema 0, whose bounds are powers of two: nine
    tenths in (0.25, 0.5] seconds, one tenth in (2, 4]."""
    spans = [part(12, part(1, offset) + part(2, 1)) for offset in (zigzag(-1), zigzag(2))]
    deltas = [part(13, zigzag(9 * seconds)), part(13, zigzag(-8 * seconds))]
    facts = part(1, 10 * seconds) + part(2, 6.0 * seconds) + part(5, zigzag(0)) + part(6, 1e-9)
    histogram = part(7, b"".join([facts, *spans, *deltas]))
    label = part(1, part(1, b"service") + part(2, b"native"))
    family = part(1, b"http_request_duration_seconds") + part(3, 4) + part(4, label + histogram)
    return varint(len(family)) + family


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def zigzag(number: int) -> int:
    return 2 * number if number >= 0 else -2 * number - 1


def part(field: int, value: bytes | int | float) -> bytes:
    """One field of a protobuf message (prometheus/client_model, metrics.proto)."""
    if isinstance(value, float):
        return varint(8 * field + 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(8 * field) + varint(value)
    return varint(8 * field + 2) + varint(len(value)) + value


class Exposition(HttpBackend):
    """A target's /metrics, by the seconds since it began."""

    def __init__(self, made: Callable[[int], bytes], kind: str) -> None:
        super().__init__()
        self.made, self.kind, self.began = made, kind, time.time()

    def answer(self, question: Question) -> Reply:
        body = self.made(1 + int(time.time() - self.began))
        return Reply(body, headers={"Content-Type": self.kind})
