"""Instances side by side: who gets how much of the work, how long it takes, how full it is; and how
often caches spare it, by the naming habits of the field.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..analysis.series import window_rate
from ..telemetry.model import Series, Window
from ..telemetry.signal_catalogue import (
    CONCURRENCY_LIMIT,
    FAILED,
    IN_FLIGHT,
    REQUEST_SECONDS,
    REQUESTS,
)
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, number, seconds, share, table

SUM, COUNT = f"{REQUEST_SECONDS}_sum", f"{REQUEST_SECONDS}_count"
NEEDED = [REQUESTS, SUM, COUNT, IN_FLIGHT, CONCURRENCY_LIMIT]

Pick = Callable[[Series], bool]


@dataclass
class Instance:
    """The raw series of one instance, by metric name."""

    service: str
    name: str
    series: dict[str, list[Series]] = field(default_factory=lambda: defaultdict(list))

    def rate(self, metric: str, window: Window, pick: Pick = lambda _: True) -> float | None:
        """Increase per second of a counter, summed over its label sets; None: not recorded."""
        chosen = [item for item in self.series[metric] if pick(item)]
        rates = [window_rate(s.ts, s.values, window.start, window.end) for s in chosen]
        known = [rate for rate in rates if rate is not None]
        return sum(known) if known else None

    def mean_s(self, window: Window) -> float | None:
        """Mean seconds per request."""
        spent, served = self.rate(SUM, window), self.rate(COUNT, window)
        return spent / served if spent is not None and served else None

    def usual_s(self, before: Window, now: Window) -> float | None:
        """Seconds per request that today's mix of routes took in the healthy window.

        A campaign on the slowest page changes the mean without making anything slower.
        """
        spent = served = 0.0
        for route in {item.labels.get("route", "") for item in self.series[COUNT]}:

            def pick(item: Series, route: str = route) -> bool:
                return item.labels.get("route", "") == route

            arrivals = self.rate(COUNT, now, pick)
            seconds, count = self.rate(SUM, before, pick), self.rate(COUNT, before, pick)
            if arrivals and count and seconds is not None:
                spent += arrivals * seconds / count
                served += arrivals
        return spent / served if served else None

    def level(self, metric: str, window: Window) -> float | None:
        """Mean of a gauge."""
        chosen = self.series[metric]
        parts = [s.values[(s.ts >= window.start) & (s.ts < window.end)] for s in chosen]
        found = np.concatenate(parts) if parts else np.array([])
        return float(found.mean()) if found.size else None


@dataclass(frozen=True, slots=True)
class InstanceLoad(Row):
    """The work of one instance; rates are per second, `share` of its service's requests."""

    service: str
    instance: str
    rate: float | None
    rate_before: float | None
    share: float | None
    error_share: float | None
    mean_s: float | None
    mean_s_before: float | None
    usual_s: float | None
    in_flight: float | None
    slots: float | None


@tool(Effect.read)
def instance_load(bench: Bench, services: list[str] | None = None) -> Table[InstanceLoad]:
    """Requests, errors and mean time of every instance, before and now, with its share of its
    service's requests and its slots for requests at once. Shows uneven load and gives what
    capacity is computed from: arrivals, slots, and `usual_s`, the seconds that a request of
    today's mix of routes took before. Busiest service first."""
    window, names = bench.frame.whole, checked(bench, services)
    found: dict[tuple[str, str], Instance] = {}
    for item in bench.telemetry.metrics(window, NEEDED, names):
        key = (item.service, item.instance)
        found.setdefault(key, Instance(*key)).series[item.name].append(item)
    rows = [_load(bench, instance) for instance in found.values()]
    rows = [row for row in rows if row.rate or row.rate_before]
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row.service] += row.rate or 0.0
    rows = [replace(row, share=share(row.rate, totals[row.service])) for row in rows]
    rows.sort(key=lambda row: (-totals[row.service], row.service, -(row.rate or 0.0)))
    several = sum(1 for name in totals if sum(row.service == name for row in rows) > 1)
    summary = f"{len(rows)} instances of {len(totals)} services; {several} services have several"
    return table(rows, summary, f"no request counters in {seconds(window)}", window)


def _load(bench: Bench, instance: Instance) -> InstanceLoad:
    before, now = bench.frame.baseline, bench.frame.incident
    rate = instance.rate(REQUESTS, now)
    errors = instance.rate(REQUESTS, now, lambda item: FAILED(item.labels)) or 0.0
    return InstanceLoad(
        service=instance.service,
        instance=instance.name,
        rate=number(rate),
        rate_before=number(instance.rate(REQUESTS, before)),
        share=None,
        error_share=share(errors, rate),
        mean_s=number(instance.mean_s(now)),
        mean_s_before=number(instance.mean_s(before)),
        usual_s=number(instance.usual_s(before, now)),
        in_flight=number(instance.level(IN_FLIGHT, now)),
        slots=number(
            instance.level(CONCURRENCY_LIMIT, now) or instance.level(CONCURRENCY_LIMIT, before)
        ),
    )


HIT = re.compile(r"^(.*(?:cache|blks|buffer).*?)_?(?:hits?)(?:_total)?$", re.IGNORECASE)
MISS = re.compile(r"^(.*(?:cache|blks|buffer).*?)_?(?:miss(?:es)?|read)(?:_total)?$", re.IGNORECASE)
EITHER = re.compile(r"cache.*(?:requests|lookups|operations|gets)(?:_total)?$", re.IGNORECASE)
RESULT_LABELS = ("result", "outcome", "status", "hit")

Counts = dict[tuple[str, str], dict[bool, list[Series]]]
"""Series of hits (True) and misses (False), by service and cache."""


@dataclass(frozen=True, slots=True)
class CacheHits(Row):
    """How often one cache helps."""

    service: str
    cache: str
    hit_share: float | None
    hit_share_before: float | None
    lookups_per_s: float | None
    misses_per_s: float | None
    misses_per_s_before: float | None


@tool(Effect.read)
def cache_hits(bench: Bench) -> Table[CacheHits]:
    """Hit share of every cache whose metrics say so (x_cache_hits_total beside
    x_cache_misses_total, or one counter with a result label), before and now. Worst fall first."""
    seen = bench.telemetry.metric_names()
    names = sorted({name for _, name in seen if HIT.match(name) or MISS.match(name)})
    names += sorted({name for _, name in seen if EITHER.search(name)})
    nothing = f"no cache metrics among {len({name for _, name in seen})} metric names"
    if not names:
        return table([], "", nothing, bench.frame.whole)
    counts: Counts = defaultdict(lambda: {True: [], False: []})
    for item in bench.telemetry.metrics(bench.frame.whole, names):
        if found := _meaning(item):
            cache, hit = found
            counts[item.service, cache][hit].append(item)
    rows = [_cache(bench, key, found) for key, found in counts.items() if all(found.values())]
    rows.sort(key=lambda row: (row.hit_share or 0.0) - (row.hit_share_before or 0.0))
    return table(rows, f"{len(rows)} caches with hits and misses", nothing, bench.frame.whole)


def _meaning(item: Series) -> tuple[str, bool] | None:
    """(cache, whether the series counts hits); None where it says neither."""
    for label in RESULT_LABELS:
        word = item.labels.get(label, "").lower()
        if word in ("hit", "true", "miss", "false"):
            return item.name, word in ("hit", "true")
    hit, miss = HIT.match(item.name), MISS.match(item.name)
    found = hit or miss
    return (found.group(1), hit is not None) if found else None


def _cache(bench: Bench, key: tuple[str, str], found: dict[bool, list[Series]]) -> CacheHits:
    now, before = (_lookups(found, w) for w in (bench.frame.incident, bench.frame.baseline))
    return CacheHits(
        service=key[0],
        cache=key[1],
        hit_share=number(now[0]),
        hit_share_before=number(before[0]),
        lookups_per_s=number(now[1]),
        misses_per_s=number(now[2]),
        misses_per_s_before=number(before[2]),
    )


def _lookups(found: dict[bool, list[Series]], window: Window) -> tuple[float | None, float, float]:
    """(hit share, lookups per second, misses per second) inside a window."""
    hits, misses = (
        sum(window_rate(s.ts, s.values, window.start, window.end) or 0.0 for s in found[kind])
        for kind in (True, False)
    )
    total = hits + misses
    return (hits / total if total else None), total, misses
