"""Requests at the edge, one by one: what customers asked for, what they got, and one attribute
of each, from the logs where spans lack it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from ..telemetry.model import Span, Window
from .base import Bench
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
    """One request at the edge."""

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


def edge_services(bench: Bench) -> list[str]:
    """Services that the catalogue calls an edge; else the one with the most root spans."""
    frame, every = bench.frame, bench.telemetry.every or bench.telemetry
    telemetry = every.needing(shares=["traces"])  # who is an edge a sample tells as well
    services = telemetry.catalogue().services
    named = [service.name for service in services if service.kind == "edge"]
    if named:
        return named
    tables = [telemetry.span_table(w, linked=False) for w in (frame.baseline, frame.incident)]
    roots = Counter(
        found.services[i] for found in tables for i in found.service[found.entry].tolist()
    )
    return [roots.most_common(1)[0][0]] if roots else []


def edge_requests(bench: Bench, window: Window) -> list[EdgeRequest]:
    """Server spans at the edge inside a window, oldest first. Shared: never written into."""
    edges = edge_services(bench)

    def read() -> list[EdgeRequest]:
        found = bench.telemetry.span_table(window, linked=False)
        ours = np.array([op.service in edges and op.kind == "server" for op in found.ops], bool)
        return [
            _request(span)
            for span in bench.telemetry.spans_of(found, np.flatnonzero(ours[found.op]))
        ]

    return bench.telemetry.remember(("edge requests", window, *edges), read)


def _request(span: Span) -> EdgeRequest:
    facts = span.attributes
    status = facts.get("http.response.status_code")
    code = int(status) if isinstance(status, (int, float, str)) and str(status).isdigit() else None
    failed = span.status == "error" or (code is not None and (code >= 500 or code == 499))
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
    )


@dataclass(frozen=True)
class Arrival:
    """One request: its value, and whether the answer was 400 or above."""

    value: str
    refused: bool


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
        Arrival(value, request.failed or (request.status or 0) >= 400)
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
        if value:
            refused = status_code(log.attributes) >= 400 or is_failed_login(log)
            key = log.trace_id or f"line {next(numbers)}"
            known = found.get(key)
            found[key] = Arrival(value, refused or (known is not None and known.refused))
    return list(found.values())
