"""Calls between services as columns: who called whom, how long it took, whether it was answered.

A call is a client span, or a span whose parent is another service's.
"""

from dataclasses import dataclass

import numpy as np

from .span_table import NONE, Bools, Floats, Ints, SpanTable

SERVING = ("server", "consumer")


@dataclass(frozen=True)
class Calls:
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


def calls_of(table: SpanTable) -> Calls:
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
    return Calls(names, caller, callee, table.ms[row], failed, answered)


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
