"""Request rate, errors and latency out of spans, for services that expose no such metrics.

A service's own server spans are best; one that leaves none (a database, a provider) is seen
through its callers' client spans.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .grid import Grid
from .model import Span, Telemetry, Window

CALLEES = ("peer.service", "server.address", "db.system")
"""Attributes that say whom a client span calls, the best first."""
STATUS_CODE = "http.response.status_code"
NAMES = ("request_rate", "error_rate", "latency_p50", "latency_p95")


@dataclass(frozen=True)
class SpanView:
    """The spans of one service that count as its requests, and whose they are."""

    source: str  # spans, callers
    spans: list[Span]


def peer(span: Span) -> str:
    """The service that a client span calls; empty where it does not say."""
    return called(span.attributes.get(name) for name in CALLEES)


def called(names: Iterable[Any]) -> str:
    """Whom a call is for, by the values of CALLEES: the first that says something."""
    return str(next((name for name in names if name), ""))


def span_failed(span: Span) -> bool:
    """Whether a span is a failure of the system."""
    return is_failure(span.status, span.attributes.get(STATUS_CODE))


def is_failure(status: str, code: Any) -> bool:
    """Whether this status with this HTTP code is a failure of the system.

    OpenTelemetry marks every 4xx on a client span as an error; a wrong password or a missing
    page is none. Timeouts, refusals for load and callers that gave up are.
    """
    if status != "error":
        return False
    return not (isinstance(code, int) and 400 <= code < 500 and code not in (408, 429, 499))


def span_views(telemetry: Telemetry, window: Window, services: set[str]) -> dict[str, SpanView]:
    """The spans that stand for each service's requests; services without any are left out."""
    own: dict[str, list[Span]] = defaultdict(list)
    seen: dict[str, list[Span]] = defaultdict(list)
    for span in telemetry.spans(window):
        if span.kind == "server" and span.service in services:
            own[span.service].append(span)
        elif span.kind == "client" and peer(span) in services:
            seen[peer(span)].append(span)
    views = {name: SpanView("callers", spans) for name, spans in seen.items()}
    return views | {name: SpanView("spans", spans) for name, spans in own.items()}


def span_cells(
    spans: list[Span], grid: Grid, width: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(values, events) per signal; each cell looks at the spans that ended in the last `width`."""
    ends = np.array([span.start + span.duration_ms / 1000 for span in spans])
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    seconds = np.array([span.duration_ms / 1000 for span in spans])[order]
    errors = np.array([span_failed(span) for span in spans], float)[order]
    upper = np.searchsorted(ends, grid.ts + grid.step)
    lower = np.searchsorted(ends, grid.ts + grid.step - width * grid.step)
    events = (upper - lower).astype(float)
    bad = np.concatenate([[0.0], np.cumsum(errors)])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(events > 0, (bad[upper] - bad[lower]) / events, np.nan)
    chunks = [seconds[i:j] for i, j in zip(lower, upper, strict=True)]
    quantiles = {
        name: np.array([np.quantile(chunk, q) if chunk.size else np.nan for chunk in chunks])
        for name, q in (("latency_p50", 0.5), ("latency_p95", 0.95))
    }
    values = {"request_rate": events / (width * grid.step), "error_rate": share} | quantiles
    return {name: (cells, events) for name, cells in values.items()}
