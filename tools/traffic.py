"""What customers ask for at the edge: where it comes from, how much more it is, and who is hurt."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Literal

from ..analysis.quantities import percent
from ..analysis.rates import rate_change
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import (
    EdgeRequest,
    arrivals,
    edge_requests,
    edge_services,
    number_of,
    summed,
    thinned,
)
from .reading import Lengths, Spelled, cut, durations, number, ratio, seconds, share, table

ALL = "*"
"""What stands for every route."""
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class TrafficRate(Row):
    """Arrivals per second of one route or source; "*" is all of the edge."""

    value: str
    rate: float
    rate_before: float
    ratio: float | None
    score: float
    share: float | None


@dataclass(frozen=True, slots=True)
class AccessPattern(Row):
    """Requests at the edge with one value of an attribute; rates are per second."""

    value: str
    requests: int
    requests_before: int
    rate: float
    rate_before: float
    share: float | None
    errors: int
    error_share: float | None
    ratio: float | None
    score: float


@tool(Effect.read, shares=("traces",))
def traffic(
    bench: Bench, by: Annotated[Literal["route", "source"], Spelled] = "route"
) -> Table[TrafficRate]:
    """Arrival rate at the edge by route or source, against the baseline.

    The first row, value "*", is all requests at the edge. Score is -log10 of the probability of
    chance; what grew most first.
    """
    frame, lengths = bench.frame, durations(bench)
    requests = [edge_requests(bench, window) for window in (frame.baseline, frame.incident)]
    before, after = (sum(request.weight for request in each) for each in requests)
    usual, now = (
        summed((r.route if by == "route" else r.client, r.weight) for r in each)
        for each in requests
    )
    thin = 1.0 if by == "route" else thinned(*requests)
    every = _rate(ALL, before, after, lengths, after)
    rows = [
        _rate(value, usual[value], now[value], lengths, now.total(), thin) for value in now | usual
    ]
    rows.sort(key=lambda row: (-_risen(row), -row.rate, row.value))
    summary = f"{every.rate} requests/s at the edge, {every.rate_before} before"
    summary += f"; first: {rows[0].value}" if rows else ""
    nothing = f"no requests in {seconds(frame.incident)} of spans"
    return table([every, *rows[:MOST_ROWS]] if rows else [], summary, nothing, frame.incident)


def _rate(
    value: str, before: float, now: float, lengths: Lengths, total: float, thin: float = 1.0
) -> TrafficRate:
    change = rate_change(round(before / thin), round(now / thin), *lengths)
    rate, rate_before = now / lengths[1], before / lengths[0]
    return TrafficRate(
        value=cut(value, 200),
        rate=number(rate) or 0.0,
        rate_before=number(rate_before) or 0.0,
        ratio=ratio(rate, rate_before),
        score=number(-change.log10_p, 3) or 0.0,
        share=share(now, total),
    )


def _risen(row: TrafficRate) -> float:
    return row.score if row.rate > row.rate_before else 0.0


@tool(Effect.read, shares=("traces",))
def access_patterns(
    bench: Bench,
    by: Annotated[Literal["source", "user_agent", "path", "route"], Spelled] = "source",
) -> Table[AccessPattern]:
    """Requests at the edge by source address, user agent, path or route, against the baseline:
    what appeared or surged first. Errors are answers of 400 and above. Score is -log10 of the
    probability that so many more come by chance."""
    window, (before, after, origin) = bench.frame.incident, arrivals(bench, by)
    usual, now = (summed((a.value, a.weight) for a in each) for each in (before, after))
    errors = summed((a.value, a.weight) for a in after if a.refused)
    lengths, thin = durations(bench), thinned(before, after)
    rows = [
        _pattern(value, (usual[value], now[value]), errors[value], lengths, now.total(), thin)
        for value in now | usual
    ]
    rows.sort(key=lambda row: (-row.score, -row.errors, -row.requests, row.value))
    summary = f"{len(now)} values of {by} in {round(now.total())} {origin}"
    summary += f"; first: {rows[0].value} ({rows[0].requests} requests)" if rows else ""
    nothing = f"no request at the edge carries a {by}, in {seconds(window)} of spans and logs"
    return table(rows, summary, nothing, window)


def _pattern(
    value: str,
    counts: tuple[float, float],
    errors: float,
    lengths: Lengths,
    total: float,
    thin: float,
) -> AccessPattern:
    before, now = counts
    change = rate_change(round(before / thin), round(now / thin), *lengths)
    rate, rate_before = now / lengths[1], before / lengths[0]
    return AccessPattern(
        value=cut(value, 200),
        requests=round(now),
        requests_before=round(before),
        rate=number(rate) or 0.0,
        rate_before=number(rate_before) or 0.0,
        share=share(now, total),
        errors=round(errors),
        error_share=share(errors, now),
        ratio=ratio(rate, rate_before),
        score=number(-change.log10_p if change.direction > 0 else 0.0, 3) or 0.0,
    )


@dataclass(frozen=True, slots=True)
class RouteImpact(Row):
    """Requests of customers on one route, "*" all of them; clients are distinct addresses. The
    service is the edge that they came to; several are joined by ", ". Of a sample nobody knows how
    many clients there were: None."""

    service: str
    route: str
    requests: int
    failed: int
    share: float | None
    requests_before: int
    failed_before: int
    share_before: float | None
    slow: int | None
    clients: int | None
    failed_clients: int | None


@tool(Effect.read, shares=("traces",))
def traffic_impact(bench: Bench) -> Table[RouteImpact]:
    """Requests that customers made in the incident, and how many failed, by route, against the
    baseline. The first row, route "*", is all of them.

    `slow` counts requests over the edge's latency objective; `clients` are distinct addresses.
    """
    frame = bench.frame
    before, after = edge_requests(bench, frame.baseline), edge_requests(bench, frame.incident)
    limit = _latency_limit(bench)
    routes: dict[str, tuple[list[EdgeRequest], list[EdgeRequest]]] = defaultdict(lambda: ([], []))
    for side, found in enumerate((after, before)):
        for request in found:
            routes[request.route][side].append(request)
    whole = "traces" not in bench.telemetry.sampled
    rows = [_impact(route, *both, limit, whole) for route, both in routes.items()]
    total = _impact(ALL, after, before, limit, whole)
    rows.sort(key=lambda row: (-row.failed, row.route))
    summary = f"{total.failed} of {total.requests} requests at the edge failed"
    summary += f" ({percent(total.share)}; {percent(total.share_before)} before)"
    nothing = f"no request spans at the edge in {seconds(frame.incident)}"
    return table([total, *rows] if rows else [], summary, nothing, frame.incident)


def _latency_limit(bench: Bench) -> float | None:
    """The strictest latency objective of the edge, milliseconds."""
    catalogue = bench.telemetry.catalogue()
    found = [
        objective.threshold_ms
        for name in edge_services(bench)
        if (service := catalogue.find(name))
        for objective in service.slos
        if objective.sli == "latency" and objective.threshold_ms is not None
    ]
    return min(found, default=None)


def _impact(
    route: str,
    now: list[EdgeRequest],
    before: list[EdgeRequest],
    limit: float | None,
    whole: bool,
) -> RouteImpact:
    requests, requests_before = number_of(now), number_of(before)
    failed, failed_before = (number_of(r for r in each if r.failed) for each in (now, before))
    slow = number_of(r for r in now if r.duration_ms > limit) if limit is not None else None
    clients = {r.client for r in now if r.client}, {r.client for r in now if r.client and r.failed}
    return RouteImpact(
        service=", ".join(sorted({request.service for request in (*now, *before)})),
        route=route,
        requests=requests,
        failed=failed,
        share=share(failed, requests),
        requests_before=requests_before,
        failed_before=failed_before,
        share_before=share(failed_before, requests_before),
        slow=slow,
        clients=len(clients[0]) if whole else None,
        failed_clients=len(clients[1]) if whole else None,
    )
