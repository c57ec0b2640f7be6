"""Spans and log lines as columns: a million of them in arrays instead of objects.

A row is a span or a line. A span's kind of work is a number (`op`) that stands for service,
operation and, where it calls somebody who leaves no spans, the peer. Parents are rows; -1 is none.
Texts of lines stay where they are until needed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = -1
SERVING = ("server", "consumer")
"""Kinds of spans that are a service's own work: a request that it answers, a job that it takes."""


class Op(NamedTuple):
    """One kind of work."""

    service: str
    name: str
    peer: str = ""
    """Whom a client span calls, as it says itself; "" where it does not."""
    kind: str = ""
    """server, client, internal, producer or consumer."""


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
    entry: Bools
    """Whether it names no parent; an orphan names one that is not here."""
    record: Ints | None = None
    """Number of the record behind each row, where spans are listed as they came: then several may
    have one key."""

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

    def of_kind(self, *kinds: str) -> Bools:
        """Which rows are spans of one of these kinds."""
        return np.array([op.kind in kinds for op in self.ops], bool)[self.op]

    @cached_property
    def serving(self) -> frozenset[str]:
        """Services with a span of work of their own: those that are instrumented."""
        ops = np.unique(self.op).tolist()
        return frozenset(self.ops[i].service for i in ops if self.ops[i].kind in SERVING)

    @cached_property
    def trace_order(self) -> Ints:
        """For each row the first row of its trace: sorts traces by their beginning."""
        _, first, trace = np.unique(self.trace, return_index=True, return_inverse=True)
        return first[trace]

    @cached_property
    def end(self) -> Floats:
        """Unix seconds."""
        return self.start + self.ms / 1000

    @cached_property
    def crossings(self) -> Ints:
        """Rows whose parent is another service's."""
        child = np.flatnonzero(self.parent >= 0)
        return child[self.service[child] != self.service[self.parent[child]]]

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
        child = np.flatnonzero(self.parent >= 0)
        child = child[np.lexsort((self.start[child], self.parent[child]))]
        above = self.parent[child]
        end = np.minimum(self.end[child], self.end[above])
        reached = _reached(end, above, self.start[above])
        begin = np.maximum(self.start[child], reached)
        covered = np.bincount(above, np.maximum(0.0, end - begin), len(self))
        return np.maximum(0.0, self.ms - covered * 1000)

    @cached_property
    def critical(self) -> Bools:
        """Spans of a table of one trace whose shortening would shorten the request: walked back
        from the end of its longest root, always into the child that finished last (Zhang et al.,
        CRISP, USENIX ATC 2022)."""
        found, start, end = np.zeros(len(self), bool), self.start.tolist(), self.end.tolist()
        roots = np.flatnonzero(self.parent == NONE)
        longest = roots[self.ms[roots] == self.ms[roots].max(initial=0.0)][-1:].tolist()
        pending = [(row, end[row]) for row in longest]
        while pending:
            row, until = pending.pop()
            found[row] = True
            children = np.flatnonzero(self.parent == row).tolist()
            for child in sorted(children, key=lambda child: (end[child], child), reverse=True):
                stop = min(end[child], end[row])
                # The next link must have finished before the one after it began.
                if stop <= until + 1e-9 and start[child] < until:
                    pending.append((child, stop))
                    until = max(start[child], start[row])
        return found

    def chosen(self, rows: Bools) -> "SpanTable":
        """Only these rows (a mask). A child whose parent is left out becomes a root."""
        place = np.cumsum(rows) - 1
        above = self.parent[rows]
        kept = (above >= 0) & rows[np.maximum(above, 0)]
        parent = np.where(kept, place[np.maximum(above, 0)], NONE)
        op, trace, key = self.op[rows], self.trace[rows], self.key[rows]
        start, ms, error = self.start[rows], self.ms[rows], self.error[rows]
        return SpanTable(self.ops, op, trace, key, parent, start, ms, error, self.entry[rows])


def _reached(end: Floats, group: Ints, low: Floats) -> Floats:
    """The highest end before each row within its group, at least `low`; groups lie together.

    Ranks instead of times: whole numbers keep groups apart in one running maximum, exactly.
    """
    values, rank = np.unique(end, return_inverse=True)
    first = np.append(True, group[1:] != group[:-1])[: end.size]
    apart = np.cumsum(first) * (values.size + 1)
    highest = np.maximum.accumulate(rank + apart) - apart
    before = np.append(0, highest[:-1])[: end.size]
    return np.where(first, low, np.maximum(low, values[before] if end.size else end))


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
    """Rows in order of start, then as they come, linked to their parents by key; of spans with
    one key the last to start is kept.

    `parent_key` of a root is 0. A span that is its own ancestor is made a root.
    """
    rows = np.argsort(start, kind="stable")
    _, last = np.unique(key[rows][::-1], return_index=True)
    if last.size < rows.size:
        rows = rows[np.sort(rows.size - 1 - last)]
    key, parent_key = key[rows], parent_key[rows]
    parent = _without_loops(rows_of(parent_key, key))
    times = start[rows], ms[rows]
    columns = op[rows], trace[rows], key, parent
    return SpanTable(tuple(ops), *columns, *times, error[rows], parent_key == 0)


def rows_of(wanted: NDArray[np.uint64], known: NDArray[np.uint64]) -> Ints:
    """Row of the span with each of these keys, the table's being known; NONE where none has it."""
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
    done: set[int] = set()  # each row is walked once, however long its chain
    for row in np.flatnonzero(above >= 0):
        seen, at = set(), int(row)
        while at >= 0 and at not in seen and at not in done:
            seen.add(at)
            at = int(fixed[at])
        if at in seen:
            fixed[at] = NONE
        done |= seen
    return fixed


@dataclass(frozen=True)
class LogTable:
    """Log lines of a window, oldest first; arrays of shape (n,)."""

    services: tuple[str, ...]
    """What the numbers in `service` stand for."""
    levels: tuple[str, ...]
    """What the numbers in `level` stand for, in our spelling: info, warning, error …"""
    ts: NDArray[np.float64]
    """Unix seconds."""
    service: NDArray[np.int64]
    level: NDArray[np.int64]
    span: NDArray[np.uint64]
    """`key` of the span that wrote the line, as in SpanTable; 0 where it names none."""
    row: NDArray[np.int64]
    """Where the line stands at its source: texts are asked for by it."""
    weight: NDArray[np.float64]
    """How many lines of its kind it stands for: more than 1 in a sample."""

    def __len__(self) -> int:
        return self.ts.size

    def chosen(self, lines: NDArray[np.bool_]) -> "LogTable":
        """Only these lines (a mask)."""
        ts, service, level = self.ts[lines], self.service[lines], self.level[lines]
        names = self.services, self.levels
        rest = self.span[lines], self.row[lines], self.weight[lines]
        return LogTable(*names, ts, service, level, *rest)

    def of_services(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which lines are of one of these services."""
        return np.array([service in names for service in self.services], bool)[self.service]

    def of_levels(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which lines have one of these levels."""
        return np.array([level in names for level in self.levels], bool)[self.level]
