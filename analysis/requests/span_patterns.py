"""Requests that take another way: what spans of one kind do now and never did, or no longer do.

A span is described by its events: whom it calls, what it logs, and which of these came last.
Spans of one kind (the same operation under the same parent operation) are compared between the
baseline and now; an event that is new, gone, or much more or less frequent makes the spans that
show it (or lack it) odd. A failure makes its callers odd too, so of a trace's odd spans only
those without an odder one below them count.

Sources: event patterns per trace compared between normal and faulty phases, the deepest first, as
in Nezha (Yu et al., ESEC/FSE 2023); spans described by what is under them as in TraceAnomaly (Liu
et al., ISSRE 2020). The strength is ours: the gap between one-sided Wilson bounds of both shares.
"""

from dataclasses import dataclass

import numpy as np

from .pattern_counts import PatternCounts
from .span_events import Events
from .span_table import Bools, Floats, Ints, SpanTable


@dataclass(frozen=True, slots=True)
class Oddity:
    """One event of one kind of span that sets now apart from before."""

    service: str
    operation: str
    under: str
    """The parent's operation; "" for a root."""
    event: str
    new: bool
    """True: appears or more frequent. False: gone or less frequent."""
    before: int
    spans_before: int
    now: int
    spans_now: int
    strength: float
    """0..1: how far the shares lie apart at least."""
    deepest: float
    """Share of its odd spans that have no odder span below them."""
    op: int
    """Number of the odd operation in the table."""
    call: int
    """Number of the operation called, where it is about a call; else -1."""
    stops: bool
    """Whether the event is that the call was the last one."""
    first: float
    """Unix seconds of its first odd span."""
    trace: int
    """A trace that shows it, as numbered in the table."""

    @property
    def weight(self) -> float:
        """Strength of what begins here."""
        return self.strength * self.deepest


def oddities(table: SpanTable, events: Events, before: Bools, now: Bools) -> list[Oddity]:
    """Every event that sets the spans of `now` apart from those of `before` (masks of rows)."""
    kind = _kinds(table)
    counted = PatternCounts.of(table, events, kind, before, now, _failed(table, events))
    strength = counted.strength(events)
    chosen = np.flatnonzero(strength > 0)
    odd = np.zeros(len(table))
    shown: list[Ints] = []
    for pair in chosen:
        rows = counted.odd_rows(int(pair), kind, now)
        shown.append(rows)
        odd[rows] = np.maximum(odd[rows], strength[pair])
    below = _below(table, odd)
    return [
        _oddity(table, events, counted, int(pair), float(strength[pair]), rows, below)
        for pair, rows in zip(chosen, shown, strict=True)
        if rows.size
    ]


def _kinds(table: SpanTable) -> Ints:
    above = np.where(table.parent >= 0, table.op[np.maximum(table.parent, 0)] + 1, 0)
    return np.unique(table.op * (len(table.ops) + 1) + above, return_inverse=True)[1]


def _failed(table: SpanTable, events: Events) -> Bools:
    """Spans of a service that failed in this trace: one of its spans is in error or logs one."""
    ill = table.error.copy()
    ill[events.row[events.loud[events.event]]] = True
    where = table.trace * len(table.services) + table.service
    return np.isin(where, where[ill])


def _below(table: SpanTable, odd: Floats) -> Bools:
    """Whether a span has one below it that is nearly as odd or odder."""
    worst = np.zeros(len(table))
    depth = table.depth
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero(depth == level)
        np.maximum.at(worst, table.parent[rows], np.maximum(worst[rows], odd[rows]))
    return worst > 0.5 * odd


def _oddity(
    table: SpanTable,
    events: Events,
    counted: PatternCounts,
    pair: int,
    strength: float,
    rows: Ints,
    below: Bools,
) -> Oddity:
    some = int(rows[np.argmin(table.start[rows])])
    above = int(table.parent[some])
    op = table.ops[table.op[some]]
    event = int(counted.event[pair])
    n = len(table.ops)
    return Oddity(
        op.service,
        op.name,
        table.ops[table.op[above]].name if above >= 0 else "",
        events.names[event],
        counted.rises(pair),
        int(counted.k0[pair]),
        int(counted.n0[pair]),
        int(counted.k1[pair]),
        int(counted.n1[pair]),
        strength,
        float((~below[rows]).mean()),
        int(table.op[some]),
        event % n if event < 2 * n else -1,
        n <= event < 2 * n,
        float(table.start[some]),
        int(table.trace[some]),
    )
