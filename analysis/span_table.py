"""Spans as columns: a million of them in arrays, linked by row number instead of by object.

A row is a span. Its kind of work is a number (`op`) that stands for service, operation and, where
a span calls somebody who leaves no spans, the peer. Parents are rows; -1 is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = -1


class Op(NamedTuple):
    """One kind of work."""

    service: str
    name: str
    peer: str = ""
    """Whom a client span calls, as it says itself; "" where it does not."""


@dataclass(frozen=True)
class SpanTable:
    """Spans of one or more traces; arrays of shape (n,)."""

    ops: tuple[Op, ...]
    """What the numbers in `op` stand for."""
    op: Ints
    trace: Ints
    """Equal for spans of one trace."""
    key: NDArray[np.uint64]
    """The span's own number, of trace and span id; logs name it too."""
    parent: Ints
    """Row of the parent; NONE for a root or an orphan."""
    start: Floats
    """Unix seconds."""
    ms: Floats
    """Duration."""
    error: Bools

    def __len__(self) -> int:
        return self.op.size

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Names in order; numbers in `service` point here."""
        return tuple(sorted({op.service for op in self.ops}))

    @cached_property
    def service(self) -> Ints:
        """Number of each span's service."""
        number = {name: i for i, name in enumerate(self.services)}
        return np.array([number[op.service] for op in self.ops], np.int64)[self.op]

    @cached_property
    def depth(self) -> Ints:
        """0 for a root; loops were cut when the table was made."""
        depth = np.zeros(len(self), np.int64)
        above = self.parent.copy()
        while (going := above >= 0).any():
            depth[going] += 1
            above[going] = self.parent[above[going]]
        return depth

    @cached_property
    def traces(self) -> int:
        """How many traces."""
        return np.unique(self.trace).size

    @cached_property
    def exclusive_ms(self) -> Floats:
        """Milliseconds in which a span ran and none of its children did: the union of the
        children's intervals, clipped to the parent, is taken away (Sigelman et al., Dapper, 2010).
        """
        covered = np.zeros(len(self))
        child = np.flatnonzero(self.parent >= 0)
        child = child[np.lexsort((self.start[child], self.parent[child]))]
        above = self.parent[child]
        # Times relative to the parent keep precision; a shift per parent keeps families apart
        # in one running maximum.
        begin = np.clip((self.start[child] - self.start[above]) * 1e3, 0.0, self.ms[above])
        end = np.clip(
            (self.start[child] - self.start[above]) * 1e3 + self.ms[child], 0.0, self.ms[above]
        )
        first = np.append(True, above[1:] != above[:-1])[: child.size]
        apart = np.cumsum(
            np.where(first, 1.0 + np.append(0.0, self.ms[above][:-1])[: child.size], 0.0)
        )
        reached = np.maximum.accumulate(end + apart) - apart if child.size else end
        before = np.where(first, 0.0, np.append(0.0, reached[:-1])[: child.size])
        np.add.at(covered, above, np.maximum(0.0, end - np.maximum(begin, before)))
        return np.maximum(0.0, self.ms - covered)

    def chosen(self, rows: Bools) -> "SpanTable":
        """Only these rows (a mask). A child whose parent is left out becomes a root."""
        place = np.cumsum(rows) - 1
        above = self.parent[rows]
        kept = (above >= 0) & rows[np.maximum(above, 0)]
        parent = np.where(kept, place[np.maximum(above, 0)], NONE)
        return SpanTable(
            self.ops,
            self.op[rows],
            self.trace[rows],
            self.key[rows],
            parent,
            self.start[rows],
            self.ms[rows],
            self.error[rows],
        )


def span_table(
    ops: Sequence[Op],
    op: Ints,
    trace: Ints,
    key: NDArray[np.uint64],
    parent_key: NDArray[np.uint64],
    *,
    start: Floats,
    ms: Floats,
    error: Bools,
) -> SpanTable:
    """Rows linked to their parents by key; of spans with one key the first is kept.

    `parent_key` of a root is a key that no span has. A span that is its own ancestor is made a
    root.
    """
    _, first = np.unique(key, return_index=True)
    rows = first[np.lexsort((key[first], start[first]))]
    key, parent_key = key[rows], parent_key[rows]
    parent = _without_loops(_rows_of(parent_key, key))
    return SpanTable(
        tuple(ops), op[rows], trace[rows], key, parent, start[rows], ms[rows], error[rows]
    )


def rows_of(table: SpanTable, keys: NDArray[np.uint64]) -> Ints:
    """Row of the span with each key; NONE where there is none."""
    return _rows_of(keys, table.key)


def _rows_of(wanted: NDArray[np.uint64], known: NDArray[np.uint64]) -> Ints:
    if known.size == 0:
        return np.full(wanted.size, NONE, np.int64)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], wanted), known.size - 1)
    row = order[place]
    return np.where(known[row] == wanted, row, NONE).astype(np.int64)


def _without_loops(parent: Ints) -> Ints:
    """Rows that reach a root by going up stay; of the others each becomes a root."""
    above, steps = parent.copy(), 0
    while (above >= 0).any() and steps <= 64:
        going = above >= 0
        above[going] = parent[above[going]]
        steps += 1
    if (above < 0).all():
        return parent
    # Deep chains are rare and loops rarer: only what is left is walked one by one.
    fixed = parent.copy()
    for row in np.flatnonzero(above >= 0):
        seen, at = set(), int(row)
        while at >= 0 and at not in seen:
            seen.add(at)
            at = int(fixed[at])
        if at >= 0:
            fixed[at] = NONE
    return fixed
