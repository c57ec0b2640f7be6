"""What a metric measures, told by the words of its name.

Names are split at punctuation, digits and CamelCase. The words are those of the OpenTelemetry
semantic conventions (`http.server.request.duration`), the Prometheus naming practices (unit last:
`_seconds`, `_bytes`, `_total`, `_ratio`), CloudWatch (`CPUUtilization`, `ThrottledRequests`) and
the four golden signals (Beyer et al., "Site Reliability Engineering", 2016, chapter 6): latency,
traffic, errors, saturation. A name that says nothing is "unknown", never a guess.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal[
    "latency",
    "error",
    "availability",
    "traffic",
    "cpu",
    "memory",
    "network",
    "disk",
    "saturation",
    "unknown",
]

_WORD = re.compile(r"\d[xX]{2}s?|(?:[Uu]n)?[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ERROR = _set(
    "error errors err errs fail fails failed failure failures failing fault faults exception "
    "exceptions panic panics crash crashes crashed restart restarts timeout timeouts abort aborts "
    "aborted cancelled canceled cancellation reject rejects rejected rejections refused denied "
    "unauthorized forbidden invalid drop drops dropped discard discards discarded lost loss "
    "retry retries retransmit retransmits retransmission retransmissions exhausted oom killed "
    "evicted unhealthy unavailable unavailability unreachable dead deadlock deadlocks corrupt "
    "violation violations 5xx 4xx 5xxs 4xxs 500 502 503 504 down"
)
_AVAILABILITY = _set(
    "availability available success successes successful succeeded uptime healthy ready readiness "
    "up alive liveness apdex ok hit hits"
)
_LATENCY = _set(
    "latency latencies duration durations elapsed delay rtt ttfb wait waiting pause response"
)
_SATURATION = _set(
    "queue queued queues backlog pending pool pools connections connection conns inflight waiters "
    "saturation throttle throttled throttles throttling depth buffer buffers threads thread "
    "goroutines workers semaphore lag age concurrency concurrent sessions descriptors fds lock "
    "locks"
)
_TRAFFIC = _set(
    "request requests req reqs rps qps tps ops call calls invocations invocation workload "
    "throughput traffic hits messages records queries transactions orders operations count "
    "total sum rate rpm visits events processed flushed published consumed"
)
_CPU = _set("cpu cpus core cores processor millicores load load1 load5 load15")
_MEMORY = _set("memory mem heap rss swap gc jvm oldgen workingset swapped")
_NETWORK = _set("network net rx tx packet packets bandwidth tcp udp socket sockets nic ethernet")
_DISK = _set("disk fs filesystem io iops volume storage inode inodes syscall blk block ebs")
_FLOW = _set("byte bytes read reads write writes receive received transmit transmitted sent in out")
_LEFT = _set("free available idle remaining headroom")
_CLIENT = _set("client outbound egress upstream dependency remote outgoing")
_HOST = _set("node host machine hypervisor")
_RESOURCES: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("cpu", _CPU),
    ("memory", _MEMORY),
    ("disk", _DISK),
    ("network", _NETWORK),
)
_SECONDS = {
    **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "millis", "msec", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
}
_PERCENT = _set("pct percent percentage")
_SHARE = _set("ratio share fraction")


@dataclass(frozen=True, slots=True)
class MetricKind:
    """What a metric measures and which way is worse."""

    kind: Kind
    worse: int
    """+1 where more is worse, -1 where less is, 0 where neither is by itself."""
    client: bool = False
    """Measured on outgoing calls: says something of those called, or of the way there."""
    host: bool = False
    """The whole machine's, which others share."""
    seconds: float | None = None
    """A unit of time that the name gives, in seconds."""
    percent: bool = False
    """The name says percent (values up to 100)."""
    ratio: bool = False
    """The name says a ratio or share (values up to 1)."""
    mean: bool = False
    """An average, which times a number of requests gives a total; not so a percentile."""


@lru_cache(maxsize=65_536)
def metric_kind(name: str) -> MetricKind:
    """The kind of a metric by its name, in any of the usual spellings."""
    words = _words(name)
    kind, worse = _kind(words)
    said = set(words)
    unit = next((_SECONDS[w] for w in reversed(words) if w in _SECONDS), None)
    return MetricKind(
        kind,
        worse,
        client=bool(said & _CLIENT),
        host=bool(said & _HOST),
        seconds=unit if kind == "latency" else None,
        percent="%" in name or bool(said & _PERCENT),
        ratio=bool(said & _SHARE),
        mean=bool(said & {"average", "avg", "mean"}),
    )


def _words(name: str) -> tuple[str, ...]:
    return tuple(w.lower() for w in _WORD.findall(name))


def _kind(words: tuple[str, ...]) -> tuple[Kind, int]:
    said = set(words)
    if said & _ERROR:
        return "error", 1
    for kind, names in _RESOURCES:
        if said & names:
            return kind, _resource_worse(kind, said)
    if said & _LATENCY or {"response", "time"} <= said:
        return ("traffic", 0) if words[-1] in ("count", "total", "bucket") else ("latency", 1)
    if said & _SATURATION or {"in", "use"} <= said:
        return "saturation", -1 if said & _LEFT else 1
    if said & _AVAILABILITY:
        return "availability", -1
    return _last_resort(said)


def _resource_worse(kind: Kind, said: set[str]) -> int:
    """More in use is worse, less left is; how much passes through is neither."""
    if said & _LEFT:
        return -1
    passes = kind in ("network", "disk") and not said & {
        "used",
        "utilization",
        "usage",
        "util",
        "depth",
        "wait",
    }
    return 0 if passes else 1


def _last_resort(said: set[str]) -> tuple[Kind, int]:
    if said & (_TRAFFIC | {"per"}):
        return "traffic", 0
    if said & {"utilization", "util", "usage", "used"}:
        return "saturation", 1
    if said & _FLOW:
        return "network", 0
    if said & (_SECONDS.keys() | {"time", "percentile"}):
        return "latency", 1
    return "unknown", 0
