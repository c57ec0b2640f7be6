"""Work that got heavier: database statements that are slower each or many more of them per request
(N+1), and caches that help less, where every miss is work for somebody else.
"""

from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.latency import StatementCost
from ..causes.observations import finding
from .load import LoadObservations

HEAVIER, ADDED_MS, ENOUGH = 3.0, 10.0, 10
"""Times as much work as before, milliseconds more on average, and calls that it takes to tell."""
MANY = 5.0
"""Calls per request from which a risen fan-out is an N+1."""
FALL, LOOKUPS = 0.1, 1.0
"""Fall of the hit share, and lookups per second, from which it matters."""


def grown(observations: LoadObservations) -> Iterator[tuple[StatementCost, str]]:
    """Statements that got heavier, most total time first, and how."""
    for row in sorted(observations.queries.rows, key=lambda row: -row.total_ms):
        if row.calls < ENOUGH or executed(row) < 0.5:
            continue
        added = row.mean_ms - (row.mean_ms_before or 0)
        if (row.fanout_ratio or 1) >= HEAVIER and (row.calls_per_request or 0) >= MANY:
            yield row, "fan-out"
        elif (row.ratio or 1) >= HEAVIER and added >= ADDED_MS:
            yield row, "slower"
        elif not row.calls_before and added >= ADDED_MS:
            yield row, "new"


def executed(row: StatementCost) -> float:
    """Share of the runs that did not fail: a statement that waits for a connection in vain
    takes long and does no work."""
    return 1 - row.errors / row.calls if row.calls else 0.0


def heavier(observations: LoadObservations, service: str) -> StatementCost | None:
    """The heaviest grown statement of a service, or None."""
    return next((row for row, _ in grown(observations) if row.service == service), None)


def heavier_statements(observations: LoadObservations, most: int = 4) -> Iterator[Finding]:
    """One finding a statement."""
    for row, kind in list(grown(observations))[:most]:
        text = f"{row.service}: {row.statement[:90]} {_how(row, kind)}"
        proof = ("service", "calls", "mean_ms", "total_ms", "calls_per_request")
        yield finding("query", text, observations.queries, row, *proof)


def advice(observations: LoadObservations) -> Iterator[str]:
    """What to look at, per statement."""
    for row, kind in list(grown(observations))[:3]:
        text = f"{row.service}: {row.statement[:70]}"
        if kind == "fan-out":
            calls = row.calls_per_request
            yield f"{text}: fetch in one statement what is now fetched in {calls:.3g} per request"
        else:
            yield f"{text}: read its plan (EXPLAIN); look for a missing index or changed condition"


def _how(row: StatementCost, kind: str) -> str:
    if kind == "fan-out":
        before = row.calls_per_request_before or 0
        return f"runs {row.calls_per_request:.3g} times a request, {before:.3g} before (N+1)"
    if kind == "new":
        return f"is new and takes {row.mean_ms:.3g} ms"
    return f"takes {row.mean_ms:.3g} ms, {row.mean_ms_before or 0:.3g} before"


def missed_lookups(observations: LoadObservations) -> Iterator[Finding]:
    """One finding a cache whose hit share fell."""
    for row in observations.caches.rows:
        now, before = row.hit_share, row.hit_share_before
        if now is None or before is None or before - now < FALL:
            continue
        if (row.lookups_per_s or 0) >= LOOKUPS:
            text = f"{row.service} {row.cache}: {now:.0%} of the lookups hit, {before:.0%} before"
            proof = ("service", "cache", "hit_share", "hit_share_before", "misses_per_s")
            yield finding("cache", text, observations.caches, row, *proof)
