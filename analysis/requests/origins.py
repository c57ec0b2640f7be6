"""Which span of a failing request failed first.

An error travels up the call tree, so its origin is the deepest span in error whose children are
not. Two cases need more: a caller's span in error with no answering span below it points at the
callee (it did not answer, or it is not instrumented), and one whose callee answered too late
points at whatever took the callee's time.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple

import numpy as np

from .edges import answers
from .tables import NONE, Bools, Ints, SpanTable

Reason = Literal["own error", "no answer", "slow callee", "uninstrumented callee"]


class Origin(NamedTuple):
    """Where one failing trace began to fail."""

    service: str
    """The service to blame."""
    row: int
    """The span that shows it: the failed one, the unanswered call, or the slow one."""
    reason: Reason
    caller: str
    """Who called the blamed service; "" where it is the root."""


def find_origins(table: SpanTable, instrumented: Collection[str] = ()) -> list[Origin]:
    """One origin per failing trace, traces in order of their beginning.

    Services with a server span in the table count as instrumented; add those known from the
    baseline. A call that nothing answers is put down to an uninstrumented callee where the callee
    is not among them. Errors that reached the root go before tolerated ones, then the deepest,
    then the first.
    """
    reached = _reached_root(table)
    rows = _leaves(table, reached)
    answer = answers(table)[rows]
    silent, slow = _unanswered(table, rows, answer)
    shown = rows.copy()
    shown[slow] = _slowest(table, answer[slow])
    caller, known = _caller(table, shown), table.serving | set(instrumented)
    found = []
    for at, late, mute, above in zip(shown, slow, silent, caller, strict=True):
        op, reason = table.ops[table.op[at]], "own error"
        service, called_by = op.service, table.ops[table.op[above]].service if above >= 0 else ""
        if mute:
            reason = "no answer" if op.peer in known else "uninstrumented callee"
            service, called_by = op.peer, op.service
        elif late:
            reason = "slow callee"
        found.append(Origin(service, int(at), reason, called_by))
    return found


def _reached_root(table: SpanTable) -> Bools:
    """Whether every ancestor of a span is in error."""
    reached, above = np.ones(len(table), bool), table.parent.copy()
    while (going := np.flatnonzero(above >= 0)).size:
        reached[going] &= table.error[above[going]]
        above[going] = table.parent[above[going]]
    return reached


def _leaves(table: SpanTable, reached: Bools) -> Ints:
    """One row a failing trace: in error, and no child is."""
    leaf = table.error.copy()
    leaf[table.parent[table.error & (table.parent >= 0)]] = False
    rows = np.flatnonzero(leaf)
    trace = table.trace_order[rows]
    order = np.lexsort((rows, -table.depth[rows], ~reached[rows], trace))
    _, first = np.unique(trace[order], return_index=True)
    return rows[order][first]


def _unanswered(table: SpanTable, rows: Ints, answer: Ints) -> tuple[Bools, Bools]:
    """Which of these are calls to another service that nobody answered, and which were answered
    too late."""
    client = table.of_kind("client")[rows]
    away = np.array([bool(op.peer) and op.peer != op.service for op in table.ops], bool)
    silent = client & (answer < 0) & away[table.op[rows]]
    late = client & (answer >= 0)
    late[late] = table.end[answer[late]] >= table.end[rows[late]]
    return silent, late


def _slowest(table: SpanTable, tops: Ints) -> Ints:
    """For each of these, all of different traces, the span at or below it with the most time of
    its own."""
    label = np.full(len(table), NONE, np.int64)
    label[tops] = np.arange(tops.size)
    for depth in range(1, int(table.depth.max(initial=0)) + 1):
        rows = np.flatnonzero((table.depth == depth) & (label == NONE))
        label[rows] = label[table.parent[rows]]
    below = np.flatnonzero(label >= 0)
    order = below[np.lexsort((table.exclusive_ms[below], label[below]))]
    last = np.searchsorted(label[order], np.arange(tops.size), side="right") - 1
    return order[last]


def _caller(table: SpanTable, rows: Ints) -> Ints:
    """The nearest ancestor of another service; NONE where there is none."""
    above = table.parent[rows]
    while (same := (above >= 0) & (table.service[above] == table.service[rows])).any():
        above = np.where(same, table.parent[above], above)
    return above
