"""How often caches help: hits and misses, by the naming habits of the field."""

import re
from collections import defaultdict
from dataclasses import dataclass

from ..analysis.series import window_rate
from ..telemetry.model import Series, Window
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table, whole

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
        return table([], "", nothing, whole(bench))
    raw = bench.telemetry.metrics(whole(bench), names)
    rows = [row for key, found in _sorted_out(raw).items() if (row := _row(bench, key, found))]
    rows.sort(key=lambda row: (row.hit_share or 0.0) - (row.hit_share_before or 0.0))
    return table(rows, f"{len(rows)} caches with hits and misses", nothing, whole(bench))


def _sorted_out(raw: list[Series]) -> Counts:
    counts: Counts = defaultdict(lambda: {True: [], False: []})
    for item in raw:
        found = _meaning(item)
        if found:
            counts[item.service, found[0]][found[1]].append(item)
    return counts


def _meaning(item: Series) -> tuple[str, bool] | None:
    """(cache, whether the series counts hits); None where it says neither."""
    for label in RESULT_LABELS:
        word = item.labels.get(label, "").lower()
        if word in ("hit", "true", "miss", "false"):
            return item.name, word in ("hit", "true")
    hit, miss = HIT.match(item.name), MISS.match(item.name)
    found = hit or miss
    return (found.group(1), hit is not None) if found else None


def _row(bench: Bench, key: tuple[str, str], found: dict[bool, list[Series]]) -> CacheHits | None:
    if not (found[True] and found[False]):
        return None
    now, before = (_share(found, w) for w in (bench.frame.incident, bench.frame.baseline))
    return CacheHits(
        service=key[0],
        cache=key[1],
        hit_share=number(now[0]),
        hit_share_before=number(before[0]),
        lookups_per_s=number(now[1]),
        misses_per_s=number(now[2]),
        misses_per_s_before=number(before[2]),
    )


def _share(found: dict[bool, list[Series]], window: Window) -> tuple[float | None, float, float]:
    """(hit share, lookups per second, misses per second) inside a window."""
    hits, misses = (
        sum(window_rate(s.ts, s.values, window.start, window.end) or 0.0 for s in found[kind])
        for kind in (True, False)
    )
    total = hits + misses
    return (hits / total if total else None), total, misses
