"""Where requests wait longer: inside a service, or on a call between two of them.

A span's own time is split: what passes while a call to another service is under way and the callee
does not work on it (network, queues, a starved end) belongs to the call's edge; the rest belongs
to the service. An edge alone cannot say which end is slow. The ends of all edges together can: a
delay of a service shows on every edge it has, so each edge's added wait is taken for the sum of
its two ends' delays, and the sparsest delays that explain the edges are found.

Sources: exclusive time (Sigelman et al., Dapper, 2010); delays of ends out of delays of paths as
in network tomography (Vardi 1996; sparse as in Duffield 2006), here a non-negative lasso.
"""

from dataclasses import dataclass

import numpy as np

from ..quantiles import group_quantiles
from .edges import far_ends
from .tables import Bools, Floats, Ints, SpanTable

FEWEST = 3
"""Spans of a kind that a window must hold."""
QUANTILES = np.linspace(0.1, 0.9, 9)
"""A tenth at either end may be chance."""
LEAST_MS = 0.1
"""Spans are not timed better than this."""
DRIFT = 0.05
"""Share of the usual time that comes and goes without a cause."""
Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wait:
    """Time of one kind, before and now, per call."""

    place: Edge
    """(service, "") for time inside it, (caller, callee) for time on the call."""
    operation: str
    before_ms: float
    now_ms: float
    extra_ms: float
    """Mean difference of the quantiles from .1 to .9."""
    noise_ms: float
    """Spread of the usual times, at least LEAST_MS."""
    calls: int
    per_request: float
    """Calls for each request now."""
    first: float

    @property
    def score(self) -> float:
        """Extra in units of noise."""
        return self.extra_ms / self.noise_ms


def waits(table: SpanTable, before: Bools, now: Bools) -> list[Wait]:
    """Every kind of span that both windows hold, in no particular order."""
    callee = _callee(table)
    number = table.op * (len(table.services) + 1) + callee + 1
    _, some, kind = np.unique(number, return_index=True, return_inverse=True)
    was, is_ = _times(table, kind, some.size, before), _times(table, kind, some.size, now)
    spread = was.spread + DRIFT * was.median + LEAST_MS
    extra = np.ascontiguousarray((is_.quantiles - was.quantiles).T).mean(axis=1)
    requests = max(1, np.unique(table.trace[now]).size)
    columns = was.median, is_.median, extra, spread, is_.calls, is_.calls / requests, is_.first
    rows = zip(some.tolist(), *(values.tolist() for values in columns), strict=True)
    held = np.minimum(was.calls, is_.calls) >= FEWEST
    return [
        Wait(*_place(table, row, int(callee[row])), *facts)
        for (row, *facts), enough in zip(rows, held.tolist(), strict=True)
        if enough
    ]


def _place(table: SpanTable, row: int, callee: int) -> tuple[Edge, str]:
    """Where this span's time passes, and what it does."""
    op = table.ops[table.op[row]]
    return (op.service, table.services[callee] if callee >= 0 else op.peer), op.name


@dataclass(frozen=True)
class _Times:
    """Own times of every kind of span in one window, milliseconds; shape (kinds,)."""

    calls: Ints
    median: Floats
    spread: Floats
    """Median distance from the median."""
    quantiles: Floats
    """Shape (len(QUANTILES), kinds)."""
    first: Floats
    """Unix seconds; infinite where there is none."""


def _times(table: SpanTable, kind: Ints, kinds: int, window: Bools) -> _Times:
    own, group = table.exclusive_ms[window], kind[window]
    [median] = group_quantiles(own, group, kinds, (0.5,))
    [spread] = group_quantiles(np.abs(own - median[group]), group, kinds, (0.5,))
    first = np.full(kinds, np.inf)
    np.minimum.at(first, group, table.start[window])
    return _Times(
        np.bincount(group, minlength=kinds),
        median,
        spread,
        np.array(group_quantiles(own, group, kinds, QUANTILES.tolist())),
        first,
    )


def _callee(table: SpanTable) -> Ints:
    """Service at the other end of each span's call; -1 where it calls nobody.

    A call that got no answer counts for the service that usually answers it.
    """
    callee = np.full(len(table), -1, np.int64)
    number = {name: i for i, name in enumerate(table.services)}
    for op, name in far_ends(table).items():
        if table.ops[op].kind == "client" and name in number:
            callee[table.op == op] = number[name]
    far = table.crossings
    callee[table.parent[far]] = table.service[far]
    return callee
