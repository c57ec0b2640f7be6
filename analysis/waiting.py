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

from .far_ends import far_ends
from .span_table import Bools, Floats, Ints, SpanTable

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
    kind = np.unique(np.stack([table.op, callee]), axis=1, return_inverse=True)[1]
    own = table.exclusive_ms
    order = np.argsort(kind, kind="stable")
    requests = max(1, np.unique(table.trace[now]).size)
    found = []
    for rows in np.split(order, np.flatnonzero(np.diff(kind[order])) + 1) if order.size else []:
        was, is_ = rows[before[rows]], rows[now[rows]]
        if min(was.size, is_.size) < FEWEST:
            continue
        op, other = table.ops[table.op[rows[0]]], int(callee[rows[0]])
        far = table.services[other] if other >= 0 else op.peer
        times = own[was], own[is_]
        found.append(
            _wait((op.service, far), op.name, times, requests, float(table.start[is_].min()))
        )
    return found


def _callee(table: SpanTable) -> Ints:
    """Service at the other end of each span's call; -1 where it calls nobody.

    A call that got no answer counts for the service that usually answers it.
    """
    callee = np.full(len(table), -1, np.int64)
    number = {name: i for i, name in enumerate(table.services)}
    for op, name in far_ends(table).items():
        if table.ops[op].kind == "client" and name in number:
            callee[table.op == op] = number[name]
    child = np.flatnonzero(table.parent >= 0)
    far = child[table.service[child] != table.service[table.parent[child]]]
    callee[table.parent[far]] = table.service[far]
    return callee


def _wait(
    place: Edge, operation: str, times: tuple[Floats, Floats], requests: int, first: float
) -> Wait:
    was, is_ = times
    usual, present = np.quantile(was, QUANTILES), np.quantile(is_, QUANTILES)
    middle = float(np.median(was))
    spread = float(np.median(np.abs(was - middle))) + DRIFT * middle + LEAST_MS
    extra = float((present - usual).mean())
    return Wait(
        place,
        operation,
        middle,
        float(np.median(is_)),
        extra,
        spread,
        is_.size,
        is_.size / requests,
        first,
    )
