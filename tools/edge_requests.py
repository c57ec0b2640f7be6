"""Requests at the edge, one by one: what customers asked for and what they got."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..analysis.requests.tables import SpanTable
from ..telemetry.model import Span, Window
from .base import Bench
from .reading import attempt, every_span, records


@dataclass(frozen=True)
class Request:
    """One request at the edge."""

    at: float
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
    catalogue = attempt(bench.telemetry.catalogue)
    named = [service.name for service in catalogue.services if service.kind == "edge"]
    if named:
        return named
    frame = bench.frame
    roots = _roots(every_span(bench, frame.baseline)) + _roots(every_span(bench, frame.incident))
    return [roots.most_common(1)[0][0]] if roots else []


def edge_requests(bench: Bench, window: Window) -> list[Request]:
    """Server spans at the edge inside a window, oldest first. Shared: never written into."""
    edges = edge_services(bench)

    def read() -> list[Request]:
        found = every_span(bench, window)
        ours = np.array([op.service in edges and op.kind == "server" for op in found.ops], bool)
        return [_request(span) for span in records(bench, found, np.flatnonzero(ours[found.op]))]

    return bench.telemetry.remember(("edge requests", window, *edges), read)


def _roots(found: SpanTable) -> Counter[str]:
    """Spans without a parent, by service."""
    return Counter(found.services[i] for i in found.service[found.entry].tolist())


def _request(span: Span) -> Request:
    facts = span.attributes
    status = facts.get("http.response.status_code")
    code = int(status) if isinstance(status, (int, float, str)) and str(status).isdigit() else None
    failed = span.status == "error" or (code is not None and (code >= 500 or code == 499))
    return Request(
        at=span.start,
        route=str(facts.get("http.route") or span.name),
        path=str(facts.get("url.path") or facts.get("http.route") or span.name),
        client=str(facts.get("client.address") or ""),
        agent=str(facts.get("user_agent.original") or ""),
        status=code,
        failed=failed,
        duration_ms=span.duration_ms,
        trace_id=span.trace_id,
    )
