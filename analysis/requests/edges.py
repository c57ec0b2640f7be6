"""Calls between services: who calls whom, how long they take, how many fail, who stays silent.

A call is a client span, or a span whose parent is another service's. Latency is what the caller
waited; quantiles are exact, over the calls given.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ..quantiles import group_quantiles
from .tables import NONE, SERVING, Bools, Floats, Ints, SpanTable


@dataclass(frozen=True)
class CallTable:
    """Arrays of shape (n,)."""

    names: tuple[str, ...]
    """Services in order; numbers in `caller` and `callee` point here."""
    caller: Ints
    callee: Ints
    ms: Floats
    """What the caller waited."""
    error: Bools
    answered: Bools
    """A span of the callee exists below the caller's."""

    @property
    def edge(self) -> Ints:
        """One number for each pair of caller and callee, in order of their names."""
        return self.caller * len(self.names) + self.callee


def calls_of(table: SpanTable) -> CallTable:
    """Every call between two services."""
    names = tuple(sorted({name for op in table.ops for name in (op.service, op.peer)} - {""}))
    number = {"": NONE} | {name: i for i, name in enumerate(names)}
    service = np.array([number[op.service] for op in table.ops], np.int64)[table.op]
    peer = np.array([number[op.peer] for op in table.ops], np.int64)[table.op]
    client, answer = table.of_kind("client"), answers(table)
    callee = np.where(answer >= 0, service[answer], peer)
    # A span without a service is nobody's call, at either end.
    sent = np.flatnonzero(client & (callee >= 0) & (service >= 0) & (callee != service))
    inside = np.flatnonzero((table.parent >= 0) & ~client[table.parent])
    seen = inside[service[table.parent[inside]] != service[inside]]
    seen = seen[(service[seen] >= 0) & (service[table.parent[seen]] >= 0)]
    row = np.concatenate([sent, seen])
    answered = np.concatenate([answer[sent] >= 0, np.ones(seen.size, bool)])
    failed = np.concatenate([table.error[sent] | _failed(table, answer[sent]), table.error[seen]])
    caller = np.concatenate([service[sent], service[table.parent[seen]]])
    callee = np.concatenate([callee[sent], service[seen]])
    return CallTable(names, caller, callee, table.ms[row], failed, answered)


def answers(table: SpanTable) -> Ints:
    """For each client span the row of the callee's own first span under it: proof that the call
    arrived. NONE for other spans, and where there is none."""
    below = np.flatnonzero(table.parent >= 0)
    above = table.parent[below]
    other = table.service[below] != table.service[above]
    counts = table.of_kind("client")[above] & (other | table.of_kind(*SERVING)[below])
    caller, first = np.unique(above[counts], return_index=True)
    found = np.full(len(table), NONE, np.int64)
    found[caller] = below[counts][first]
    return found


def _failed(table: SpanTable, rows: Ints) -> Bools:
    return (rows >= 0) & table.error[rows] if len(table) else np.zeros(0, bool)


Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """The calls over one edge in one window."""

    caller: str
    callee: str
    count: int
    errors: int
    unanswered: int
    p95_ms: float

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
    [p95] = group_quantiles(calls.ms, edge, edges.size, (0.95,))
    found = {}
    for row, n, failed, mute, ms in zip(first, count, errors, silent, p95, strict=True):
        names = calls.names[calls.caller[row]], calls.names[calls.callee[row]]
        found[names] = EdgeStats(*names, int(n), int(failed), int(mute), float(ms))
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


def _missing(calls: CallTable, lost: Bools, total: int) -> MissingCallee:
    callers = tuple(calls.names[i] for i in np.unique(calls.caller[lost]))
    service, count = calls.names[calls.callee[lost][0]], int(lost.sum())
    return MissingCallee(service, callers, total, count, count / total)


NEARLY_ALL = 0.9
"""Share of an operation's answers that must come from one service."""


def far_ends(table: SpanTable) -> dict[int, str]:
    """Operation number -> the service that its calls go to, for those that call one service only.

    The service that answers counts more than the name by which the caller calls it.
    """
    ends = {number: op.peer for number, op in enumerate(table.ops) if op.peer}
    child = table.crossings
    answers: dict[int, Counter[int]] = defaultdict(Counter)
    pairs = table.op[table.parent[child]] * len(table.services) + table.service[child]
    for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
        op, service = divmod(int(pair), len(table.services))
        answers[op][service] += int(count)
    for op, services in answers.items():
        (service, most), *_ = services.most_common(1)
        if most >= NEARLY_ALL * services.total():
            ends[op] = table.services[service]
    return {op: name for op, name in ends.items() if name != table.ops[op].service}
