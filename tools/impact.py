"""Who is hurt: requests and failures at the edge, by route."""

from collections import defaultdict
from dataclasses import dataclass

from .base import Bench, Effect, Row, Table, tool
from .edge_requests import Request, edge_requests, edge_services
from .reading import number, seconds, table


@dataclass(frozen=True, slots=True)
class RouteImpact(Row):
    """Requests of customers on one route, "*" all of them; clients are distinct addresses."""

    route: str
    requests: int
    failed: int
    share: float | None
    requests_before: int
    failed_before: int
    share_before: float | None
    slow: int | None
    clients: int
    failed_clients: int


@tool(Effect.read)
def traffic_impact(bench: Bench) -> Table[RouteImpact]:
    """Requests that customers made in the incident, and how many failed, by route, against the
    baseline. The first row, route "*", is all of them.

    `slow` counts requests over the edge's latency objective; `clients` are distinct addresses.
    """
    frame = bench.frame
    before, after = edge_requests(bench, frame.baseline), edge_requests(bench, frame.incident)
    limit = _latency_limit(bench)
    groups, usual = _by_route(after), _by_route(before)
    routes = sorted(groups | usual, key=lambda r: (-sum(q.failed for q in groups.get(r, [])), r))
    rows = [_row("*", after, before, limit)] if after or before else []
    rows += [_row(name, groups.get(name, []), usual.get(name, []), limit) for name in routes]
    summary = ""
    if rows:
        total = rows[0]
        summary = f"{total.failed} of {total.requests} requests at the edge failed"
        summary += f" ({total.share or 0:.1%}; {total.share_before or 0:.1%} before)"
    nothing = f"no request spans at the edge in {seconds(frame.incident)}"
    return table(rows, summary, nothing, frame.incident)


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


def _by_route(found: list[Request]) -> dict[str, list[Request]]:
    groups: dict[str, list[Request]] = defaultdict(list)
    for request in found:
        groups[request.route].append(request)
    return dict(groups)


def _row(route: str, now: list[Request], before: list[Request], limit: float | None) -> RouteImpact:
    failed = sum(request.failed for request in now)
    failed_before = sum(request.failed for request in before)
    slow = sum(request.duration_ms > limit for request in now) if limit is not None else None
    return RouteImpact(
        route=route,
        requests=len(now),
        failed=failed,
        share=number(failed / len(now)) if now else None,
        requests_before=len(before),
        failed_before=failed_before,
        share_before=number(failed_before / len(before)) if before else None,
        slow=slow,
        clients=len({request.client for request in now if request.client}),
        failed_clients=len({r.client for r in now if r.client and r.failed}),
    )
