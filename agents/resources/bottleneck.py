"""The bottleneck: not the fullest service but the one that the full ones wait for.

A service whose callee got slow fills up as well: it is followed down the calls, as far as the
time goes. What is found there is full, silent, or slow by itself.
"""

from dataclasses import dataclass

from ...analysis.quantities import figure, in_use, percent, quantity
from ...incident.evidence import Quote
from ...incident.finding import Finding
from ...tools.capacity import ResourceUse
from ...tools.latency import SlowOperation
from ...tools.origin import CallEdge
from ..causes.observations import cite, first, where
from .load import LoadObservations, executed, heavier

FULL, RISE = 0.8, 0.1
"""Utilisation from which a resource limits, and its rise that makes it this incident's."""
SLOWER, ADDED_MS = 2.0, 20.0
"""A call got slow when it takes this many times as long and this much longer."""
SILENT = 0.2
"""Share of unanswered calls from which a callee counts as silent."""


@dataclass(frozen=True)
class Bottleneck:
    """A service and what there is too little of in it."""

    service: str
    resource: str
    reason: str
    quotes: tuple[Quote, ...]
    path: tuple[str, ...] = ()  # from the fullest service to this one

    @property
    def name(self) -> str:
        """Service and resource."""
        return f"{self.service}: {self.resource}"

    def finding(self) -> Finding:
        """As a finding."""
        way = f" (waited for by {' > '.join(self.path[:-1])})" if len(self.path) > 1 else ""
        text = f"the bottleneck is {self.resource} of {self.service}{way}: {self.reason}"
        return Finding(
            statement=text, service=self.service, kind="bottleneck", quotes=list(self.quotes)
        )


def strained(seen: LoadObservations) -> list[ResourceUse]:
    """Resources at their limit or with a queue that was not there, worst first."""
    rows = [row for row in seen.saturation.rows if _limits(row)]
    return sorted(rows, key=lambda row: (-_rise(row), -row.score))


def find(seen: LoadObservations) -> Bottleneck | None:
    """The bottleneck, or None: nothing is full and nothing waits."""
    full = strained(seen)
    start = (full[0].service if full else None) or _slowest(seen) or _caller(seen)
    if start is None:
        return None
    path = _down(seen, start)
    service = path[-1]
    return (
        _silent(seen, path)
        or _held(seen, full, path)
        or _statement(seen, path)
        or _resource(seen, [row for row in full if row.service == service], path)
        or _own_time(seen, path)
    )


def _limits(row: ResourceUse) -> bool:
    used = row.utilisation or 0
    if row.resource == "memory":  # a process that was killed for it begins again from little
        used = max(used, row.peak or 0)
        return used >= FULL and used - (row.utilisation_before or 0) >= RISE
    return (used >= FULL and _rise(row) >= RISE) or used >= 0.95 or (row.waiting or 0) >= 1


def _rise(row: ResourceUse) -> float:
    return round((row.utilisation or 0) - (row.utilisation_before or 0), 1)


def _slowest(seen: LoadObservations) -> str | None:
    """Without a full resource: the service that adds most time, where latency rose at all."""
    if not any(r.worse and r.signal.startswith("latency") for r in seen.signals.rows):
        return None
    rows = [row for row in seen.slow.rows if _got_slow(row)]
    row = max(rows, key=lambda row: row.share, default=None)
    return row.service if row else None


def _caller(seen: LoadObservations) -> str | None:
    """Else the caller that loses most time in one call."""
    row = max(filter(_costly, seen.edges.rows), key=_cost, default=None)
    return row.caller if row else None


def _got_slow(row: SlowOperation) -> bool:
    """Whether an operation takes clearly longer in itself than it did."""
    now, before = row.self_mean_ms or 0, row.self_mean_ms_before or 0
    return now >= SLOWER * before and now - before >= ADDED_MS


def _down(seen: LoadObservations, start: str) -> list[str]:
    """From a service along the calls that got slow or silent, to where that ends."""
    path = [start]
    while (call := _waits_for(seen, path[-1])) and call.callee not in path:
        path.append(call.callee)
    return path


def _waits_for(seen: LoadObservations, service: str) -> CallEdge | None:
    """The call of this service that costs it most added time, if one got slow or silent."""
    slow = [row for row in where(seen.edges, caller=service) if _costly(row)]
    return max(slow, key=_cost, default=None)


def _costly(row: CallEdge) -> bool:
    added = (row.p95_ms or 0) - (row.p95_ms_before or 0)
    slower = (row.latency_ratio or 0) >= SLOWER and added >= ADDED_MS
    return slower or row.unanswered_share >= SILENT


def _cost(row: CallEdge) -> float:
    return ((row.p95_ms or 0) - (row.p95_ms_before or 0)) * row.requests


def _silent(seen: LoadObservations, path: list[str]) -> Bottleneck | None:
    if len(path) < 2:
        return None
    call = first(seen.edges, caller=path[-2], callee=path[-1])
    known = seen.case.catalogue.find(path[-1])
    outside = known is not None and known.kind in ("database", "external")
    if call is None or outside or call.unanswered_share < SILENT:
        return None
    reason = f"{call.unanswered_share:.0%} of the calls of {path[-2]} to it get no answer"
    quotes = cite(seen.edges, call, "callee", "unanswered_share")
    return Bottleneck(path[-1], "answers", reason, tuple(quotes), tuple(path))


def _held(seen: LoadObservations, full: list[ResourceUse], path: list[str]) -> Bottleneck | None:
    """A full pool whose statements run far less than it is in use: connections are kept idle."""
    for row in full:
        if row.resource != "db pool" or row.service not in path or not row.used:
            continue
        statements = where(seen.queries, service=row.service)
        spent = sum(r.total_ms * executed(r) for r in statements)
        running = spent / 1000 / seen.case.frame.incident.seconds
        if running < row.used / 2:
            queue = f", {row.waiting:g} waiting" if row.waiting else ""
            reason = (
                f"{figure(row.used)} connections in use{queue}, and statements run on "
                f"{figure(running)} of them on average: connections are held and not given back"
            )
            quotes = cite(seen.saturation, row, "service", "resource", "used", "utilisation")
            upto = path[: path.index(row.service) + 1]
            return Bottleneck(row.service, "db pool", reason, tuple(quotes), tuple(upto))
    return None


def _statement(seen: LoadObservations, path: list[str]) -> Bottleneck | None:
    """The work is in a statement: it belongs to the service that sends it."""
    for service in reversed(path):
        row = heavier(seen, service)
        if row:
            reason = f"{row.statement[:70]} takes {row.total_ms:.0f} ms in all"
            quotes = cite(seen.queries, row, "service", "total_ms", "mean_ms", "calls")
            upto = path[: path.index(service) + 1]
            return Bottleneck(service, "database time", reason, tuple(quotes), tuple(upto))
    return None


def _resource(
    seen: LoadObservations, rows: list[ResourceUse], path: list[str]
) -> Bottleneck | None:
    if not rows:
        return None
    row = rows[0]
    queue = f", {row.waiting:g} waiting" if row.waiting else ""
    if row.resource == "concurrency" and (row.utilisation or 0) > 1:
        queue = f" ({figure(row.used)} requests for {figure(row.limit)} slots)"
    peak = row.peak or 0
    if row.resource == "memory" and peak > (row.utilisation or 0):
        queue = f", {percent(peak)} at its peak"
    why = "" if row.resource == "memory" else f"; {why_full(seen, row.service)}"
    reason = f"{in_use(row.utilisation)}{queue}{why}"
    quotes = cite(seen.saturation, row, "service", "resource", "utilisation", "used", "limit")
    return Bottleneck(row.service, row.resource, reason, tuple(quotes), tuple(path))


def _own_time(seen: LoadObservations, path: list[str]) -> Bottleneck | None:
    row = first(seen.slow, service=path[-1])
    if row is None or not _got_slow(row):
        return None
    reason = (
        f"{row.operation} spends {quantity(row.self_mean_ms, 'ms')} in itself, "
        f"{quantity(row.self_mean_ms_before, 'ms')} before"
    )
    quotes = cite(seen.slow, row, "service", "operation", "self_mean_ms", "self_mean_ms_before")
    return Bottleneck(path[-1], "time of its own", reason, tuple(quotes), tuple(path))


def why_full(seen: LoadObservations, service: str) -> str:
    """Little's law read backwards: more arrivals, or a longer stay of each?"""
    now, before = seen.arrivals(service)
    stay, stay_before = (seen.seconds_each(service), seen.seconds_each(service, usual=True))
    if not before or not stay or not stay_before:
        return "how many arrive and how long each stays is not recorded"
    more, longer = now / before, stay / stay_before
    facts = f"arrivals x{more:.1f}, time per request x{longer:.1f}"
    if more >= 1.5:
        return f"{facts}: more work than there is room for"
    if longer >= 1.5:
        return f"{facts}: each request holds its place longer"
    return f"{facts}: neither explains it, something is held and not given back"
