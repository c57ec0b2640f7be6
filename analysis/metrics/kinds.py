"""What a metric measures, told by the words of its name.

Names are split at punctuation, digits and CamelCase. The words are those of the OpenTelemetry
semantic conventions (`http.server.request.duration`), the Prometheus naming practices (unit last:
`_seconds`, `_bytes`, `_total`, `_ratio`), CloudWatch (`CPUUtilization`, `ThrottledRequests`) and
the four golden signals (Beyer et al., "Site Reliability Engineering", 2016, chapter 6): latency,
traffic, errors, saturation. A name that says nothing is "unknown", never a guess.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from ...yaml_tables import Entry, Words, read_table

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


class KindWords(Entry):
    """Words of metric names, by what they say."""

    error: Words
    availability: Words
    latency: Words
    saturation: Words
    traffic: Words
    cpu: Words
    memory: Words
    disk: Words
    network: Words
    flow: Words
    left: Words
    client: Words
    host: Words
    percent: Words
    share: Words
    usage: Words
    seconds: dict[float, Words]
    """By how many seconds the unit has."""


@cache
def _known() -> KindWords:
    return read_table("analysis/metrics/kinds.yaml", KindWords)


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
    words = tuple(word.lower() for word in _WORD.findall(name))
    kind, worse = _kind(words)
    said, known = set(words), _known()
    units = {word: length for length, names in known.seconds.items() for word in names}
    unit = next((units[word] for word in reversed(words) if word in units), None)
    return MetricKind(
        kind,
        worse,
        client=bool(said & known.client),
        host=bool(said & known.host),
        seconds=unit if kind == "latency" else None,
        percent="%" in name or bool(said & known.percent),
        ratio=bool(said & known.share),
        mean=bool(said & {"average", "avg", "mean"}),
    )


def _kind(words: tuple[str, ...]) -> tuple[Kind, int]:
    said, known = set(words), _known()
    resources: tuple[tuple[Kind, frozenset[str]], ...] = (
        *(("cpu", known.cpu), ("memory", known.memory)),
        *(("disk", known.disk), ("network", known.network)),
    )
    if said & known.error:
        return "error", 1
    for kind, names in resources:
        if said & names:
            return kind, _resource_worse(kind, said, known)
    if said & known.latency or {"response", "time"} <= said:
        return ("traffic", 0) if words[-1] in ("count", "total", "bucket") else ("latency", 1)
    if said & known.saturation or {"in", "use"} <= said:
        return "saturation", -1 if said & known.left else 1
    if said & known.availability:
        return "availability", -1
    return _last_resort(said, known)


def _resource_worse(kind: Kind, said: set[str], known: KindWords) -> int:
    """More in use is worse, less left is; how much passes through is neither."""
    if said & known.left:
        return -1
    passes = kind in ("network", "disk") and not said & (known.usage | {"depth", "wait"})
    return 0 if passes else 1


def _last_resort(said: set[str], known: KindWords) -> tuple[Kind, int]:
    if said & (known.traffic | {"per"}):
        return "traffic", 0
    if said & known.usage:
        return "saturation", 1
    if said & known.flow:
        return "network", 0
    if said & frozenset({"time", "percentile"}.union(*known.seconds.values())):
        return "latency", 1
    return "unknown", 0
