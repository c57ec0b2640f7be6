"""Request rate, errors and latency out of spans, for services that expose no such metrics.

A service's own server spans are best; one that leaves none (a database, a provider) is seen
through its callers' client spans.
"""

from dataclasses import dataclass

import numpy as np

from ..analysis.quantiles import window_quantiles
from ..analysis.requests.tables import SpanTable
from .grid import Grid
from .signal_catalogue import SignalName

SPAN_SIGNALS = (
    SignalName.request_rate,
    SignalName.error_rate,
    SignalName.latency_p50,
    SignalName.latency_p95,
)


@dataclass(frozen=True)
class SpanView:
    """The spans of one service that count as its requests, and whose they are."""

    source: str  # spans, callers
    ends: np.ndarray  # shape (n,), unix seconds
    ms: np.ndarray  # shape (n,), durations
    failed: np.ndarray  # shape (n,), bool


def span_views(table: SpanTable, services: set[str]) -> dict[str, SpanView]:
    """The spans that stand for each service's requests; services without any are left out."""
    own = [op.service if op.kind == "server" else "" for op in table.ops]
    seen = [op.peer if op.kind == "client" else "" for op in table.ops]
    return {
        name: SpanView(source, table.end[rows], table.ms[rows], table.error[rows])
        for source, names in (("callers", seen), ("spans", own))
        for name, rows in _rows(table, names, services).items()
    }


def _rows(table: SpanTable, names: list[str], wanted: set[str]) -> dict[str, np.ndarray]:
    """Rows by the name of their kind of work, for names that are wanted."""
    different = sorted(wanted.intersection(names) - {""})
    number = {name: i for i, name in enumerate(different)}
    group = np.array([number.get(name, -1) for name in names], np.int64)[table.op]
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(different) + 1))
    parts = {name: order[bounds[i] : bounds[i + 1]] for name, i in number.items()}
    return {name: rows for name, rows in parts.items() if rows.size}


def span_cells(view: SpanView, grid: Grid, width: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(values, events) per signal; each cell looks at the spans that ended in the last `width`."""
    order = np.argsort(view.ends, kind="stable")
    ends, seconds = view.ends[order], view.ms[order] / 1000
    upper = np.searchsorted(ends, grid.ts + grid.step)
    lower = np.searchsorted(ends, grid.ts + grid.step - width * grid.step)
    events = (upper - lower).astype(float)
    bad = np.concatenate([[0.0], np.cumsum(view.failed[order], dtype=float)])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(events > 0, (bad[upper] - bad[lower]) / events, np.nan)
    p50, p95 = window_quantiles(seconds, lower, upper, (0.5, 0.95))
    values = (events / (width * grid.step), share, p50, p95)
    return {name: (cells, events) for name, cells in zip(SPAN_SIGNALS, values, strict=True)}
