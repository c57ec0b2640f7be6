"""Requests at the edge, one by one: what customers asked for, what they got, and one attribute
of each, from the logs where spans lack it.

Of a sample of the traces each request stands for as many as metrics count of its route and status:
who sends them, and how long they take, is told by those that are here.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from ..analysis.requests.tables import SERVING, Floats
from ..telemetry.model import Span, Window
from ..telemetry.outcomes import Answers, answers
from .base import Bench
from .guards import AUDIT, CATEGORY, NETWORK
from .logins import is_failed_login, status_code

FIELDS = {
    "source": ("client", "client.address"),
    "user_agent": ("agent", "user_agent.original"),
    "path": ("path", "url.path"),
    "route": ("route", "http.route"),
}
"""Name of a request at the edge, and of an attribute of a log record."""


@dataclass(frozen=True)
class EdgeRequest:
    """One request at the edge, or several of which it is a sample."""

    at: float
    service: str
    route: str
    path: str
    client: str
    agent: str
    status: int | None
    failed: bool
    duration_ms: float
    trace_id: str
    method: str = ""
    weight: float = 1.0
    """How many it stands for."""


def edge_services(bench: Bench) -> list[str]:
    """Services that the catalogue calls an edge; else the one with the most root spans. Where
    nobody answers requests it is whoever takes jobs: what is asked is that they are done."""
    frame, every = bench.frame, bench.telemetry.every or bench.telemetry
    telemetry = every.needing(shares=["traces"])  # who is an edge a sample tells as well
    services = telemetry.catalogue().services
    named = [service.name for service in services if service.kind == "edge"]
    if named:
        return named
    tables = [telemetry.span_table(w, linked=False) for w in (frame.baseline, frame.incident)]
    takers = frozenset[str]().union(*(found.serving for found in tables))
    if takers and not any(found.of_kind("server").any() for found in tables):
        return sorted(takers)
    roots = Counter(
        found.services[i] for found in tables for i in found.service[found.entry].tolist()
    )
    return [roots.most_common(1)[0][0]] if roots else []


def edge_requests(bench: Bench, window: Window) -> list[EdgeRequest]:
    """Requests and jobs at the edge inside a window, oldest first; of a sample none where no
    metrics count answers by status. Shared: never written into."""
    edges = edge_services(bench)
    sampled = "traces" in bench.telemetry.sampled

    def read() -> list[EdgeRequest]:
        found = bench.telemetry.span_table(window, linked=False)
        ours = np.array([op.service in edges and op.kind in SERVING for op in found.ops], bool)
        rows = bench.telemetry.spans_of(found, np.flatnonzero(ours[found.op]))
        every = [request_of(span) for span in rows]
        return list(_weighed(every, _counted(bench, window, edges))) if sampled else every

    return bench.telemetry.remember(("edge requests", window, *edges), read)


def _counted(bench: Bench, window: Window, edges: Sequence[str]) -> list[Answers]:
    return [one for one in answers(bench.telemetry, window) if one.service in edges]


def _weighed(drawn: Iterable[EdgeRequest], counted: Iterable[Answers]) -> Iterator[EdgeRequest]:
    """What is counted of each route and status, by who was drawn of them; by nobody where none
    was."""
    kinds: dict[tuple[str, str, str], list[EdgeRequest]] = defaultdict(list)
    for one in drawn:
        for route in (one.route, f"{one.method} {one.route}"):
            kinds[one.service, route, str(one.status)].append(one)
    for one in counted:
        for status, cells in one.by_status.items():
            number = float(cells.sum())
            own = kinds.get((one.service, one.route, status), []) if number else []
            yield from (replace(r, route=one.route, weight=number / len(own)) for r in own)
            if number and not own:
                at, code = one.start + one.step * int(cells.argmax()), int(status or 0)
                yield EdgeRequest(
                    *(at, one.service, one.route, one.route, "", "", code, fails(code), 0.0, ""),
                    weight=number,
                )


def edge_clock(bench: Bench, window: Window) -> Floats | None:
    """When each request came to the edge, unix seconds, by the cells in which metrics count them;
    None where traces are whole, or nobody counts.

    It never runs slower than in health: of failures that were sought out no more come for more
    requests, and with fewer requests they must not seem to be more.
    """
    if "traces" not in bench.telemetry.sampled:
        return None
    found = _counted(bench, window, edge_services(bench))
    if not found:
        return None
    cells = np.sum([one.every for one in found], axis=0)
    at = found[0].start + found[0].step * np.arange(cells.size)
    counted = at >= at[np.argmax(cells > 0)]
    healthy = cells[counted & (at < bench.frame.baseline.end)]
    usual = float(healthy.mean()) if healthy.size else 0.0
    return np.repeat(at[counted], np.maximum(cells, usual)[counted].round().astype(np.int64))


def fails(code: int | None) -> bool:
    """By its status: the server failed, or the client went away before there was an answer."""
    return code is not None and (code >= 500 or code == 499)


def number_of(requests: Iterable[EdgeRequest]) -> int:
    """How many they stand for."""
    return round(sum(request.weight for request in requests))


def request_of(span: Span) -> EdgeRequest:
    """What one server span at the edge tells of its request."""
    facts = span.attributes
    status = facts.get("http.response.status_code")
    code = int(status) if isinstance(status, (int, float, str)) and str(status).isdigit() else None
    failed = span.status == "error" or fails(code)
    return EdgeRequest(
        at=span.start,
        service=span.service,
        route=str(facts.get("http.route") or span.name),
        path=str(facts.get("url.path") or facts.get("http.route") or span.name),
        client=str(facts.get("client.address") or ""),
        agent=str(facts.get("user_agent.original") or ""),
        status=code,
        failed=failed,
        duration_ms=span.duration_ms,
        trace_id=span.trace_id,
        method=str(facts.get("http.request.method") or ""),
    )


@dataclass(frozen=True)
class Arrival:
    """One request, or several: its value, and whether the answer was 400 or above."""

    value: str
    refused: bool
    weight: float = 1.0


def summed(weighed: Iterable[tuple[str, float]]) -> Counter[str]:
    """How many there are of each value; of an empty one nobody knows whose they are."""
    found = Counter[str]()
    for value, weight in weighed:
        found[value] += weight  # pyright: ignore[reportArgumentType]
    del found[""]
    return found


def thinned(*sides: Sequence[EdgeRequest | Arrival]) -> float:
    """How many one stands for on average, at least 1: chance plays with those that are here."""
    weights = [one.weight for side in sides for one in side]
    return max(1.0, float(np.mean(weights))) if weights else 1.0


def arrivals(bench: Bench, by: str) -> tuple[list[Arrival], list[Arrival], str]:
    """(baseline, incident, what they were counted in); both windows from the same source.

    Access logs may be a sample and stand in where spans are one, or lack the attribute.
    """
    readers: list[tuple[str, Callable[[Window], list[Arrival]]]] = [
        ("requests", lambda window: _from_spans(bench, window, by)),
        ("logged requests", lambda window: _from_logs(bench, window, by, edge_services(bench))),
        ("log lines", lambda window: _from_logs(bench, window, by, None)),
    ]
    for name, read in readers:
        before, after = read(bench.frame.baseline), read(bench.frame.incident)
        if before or after:
            return before, after, name
    return [], [], "requests"


def _from_spans(bench: Bench, window: Window, by: str) -> list[Arrival]:
    return [
        Arrival(value, request.failed or (request.status or 0) >= 400, request.weight)
        for request in edge_requests(bench, window)
        if (value := getattr(request, FIELDS[by][0]))
    ]


def _from_logs(bench: Bench, window: Window, by: str, services: list[str] | None) -> list[Arrival]:
    """Log lines that carry the attribute, one a trace: several tell of the same request."""
    found: dict[str, Arrival] = {}
    numbers = count()
    name = FIELDS[by][1]
    for log in bench.telemetry.logs(window, services, having=[name]):
        value = str(log.attributes.get(name) or "")
        if value and log.attributes.get(CATEGORY) not in (NETWORK, AUDIT):
            refused = status_code(log.attributes) >= 400 or is_failed_login(log)
            key = log.trace_id or f"line {next(numbers)}"
            known = found.get(key)
            found[key] = Arrival(value, refused or (known is not None and known.refused))
    return list(found.values())
