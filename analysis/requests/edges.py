"""Calls between services: how many, how many fail, how long they take, and who stays silent.

Latency is what the caller waited; quantiles are exact, over the calls given.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ..ranks import group_quantiles
from .calls import Calls, calls_of
from .span_table import Bools, SpanTable

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """The calls over one edge in one window."""

    caller: str
    callee: str
    count: int
    errors: int
    unanswered: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def error_share(self) -> float:
        """Errors per call."""
        return self.errors / self.count


@dataclass(frozen=True, slots=True)
class EdgeShift:
    """One edge before and now; None where it was not called."""

    caller: str
    callee: str
    before: EdgeStats | None
    after: EdgeStats | None
    error_rise: float
    """Error share now minus before (-1..1); 0 for an edge that is not called now."""
    latency_ratio: float | None
    """p95 now ÷ before; None where either is unknown."""


@dataclass(frozen=True, slots=True)
class MissingCallee:
    """A service that is called and leaves no span of its own."""

    service: str
    callers: tuple[str, ...]
    calls: int
    unanswered: int
    """In error and without any span of the callee."""
    share: float


def edge_stats(table: SpanTable) -> dict[Edge, EdgeStats]:
    """Statistics of each caller -> callee edge, edges in alphabetical order."""
    calls = calls_of(table)
    edges, first, edge = np.unique(calls.edge, return_index=True, return_inverse=True)
    count = np.bincount(edge, minlength=edges.size)
    errors = np.bincount(edge, calls.error, edges.size)
    silent = np.bincount(edge, ~calls.answered, edges.size)
    quantiles = group_quantiles(calls.ms, edge, edges.size, (0.5, 0.95, 0.99))
    found = {}
    for row, *times in zip(first, count, errors, silent, *quantiles, strict=True):
        names = calls.names[calls.caller[row]], calls.names[calls.callee[row]]
        numbers, ms = map(int, times[:3]), map(float, times[3:])
        found[names] = EdgeStats(*names, *numbers, *ms)
    return found


def compare_edges(baseline: SpanTable, incident: SpanTable) -> list[EdgeShift]:
    """Every edge of either window: by rise of the error share, then by latency ratio."""
    before, after = edge_stats(baseline), edge_stats(incident)
    shifts = [_shift(edge, before.get(edge), after.get(edge)) for edge in before | after]
    return sorted(
        shifts, key=lambda s: (-s.error_rise, -(s.latency_ratio or 0.0), s.caller, s.callee)
    )


def _shift(edge: Edge, before: EdgeStats | None, after: EdgeStats | None) -> EdgeShift:
    if after is None:
        return EdgeShift(*edge, before, None, 0.0, None)
    if before is None:
        return EdgeShift(*edge, None, after, after.error_share, None)
    ratio = after.p95_ms / before.p95_ms if before.p95_ms > 0 else None
    return EdgeShift(*edge, before, after, after.error_share - before.error_share, ratio)


def missing_callees(table: SpanTable, known: Collection[str] = ()) -> list[MissingCallee]:
    """Services whose calls fail without a span of theirs, most silent first.

    `known` are services that emit spans when healthy (from the baseline): only they can go
    missing. Without it every called service counts, uninstrumented ones too.
    """
    calls = calls_of(table)
    total = np.bincount(calls.callee, minlength=len(calls.names))
    lost = calls.error & ~calls.answered
    missing = [
        _missing(calls, lost & (calls.callee == callee), int(total[callee]))
        for callee in np.unique(calls.callee[lost]).tolist()
        if not known or calls.names[callee] in known
    ]
    return sorted(missing, key=lambda m: (-m.share, -m.unanswered, m.service))


def _missing(calls: Calls, lost: Bools, total: int) -> MissingCallee:
    callers = tuple(calls.names[i] for i in np.unique(calls.caller[lost]))
    service, count = calls.names[calls.callee[lost][0]], int(lost.sum())
    return MissingCallee(service, callers, total, count, count / total)
