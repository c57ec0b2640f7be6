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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .span_table import Bools, Floats, Ints, SpanTable

RARE = 0.03
"""Share up to which an event counts as never seen."""
FEWEST = 3
"""Spans of a kind that a window must hold."""
SHIFTED = 0.5
"""What an event counts that was there before and is more or less frequent now: callers may just
ask for other things."""
QUIET = 0.6
"""What a new line without an error counts: other data make other lines."""
Z = 1.2816
"""Bounds are one-sided at 90 %."""


@dataclass(frozen=True)
class Events:
    """What spans did; `row` and `event` of shape (m,), each pair once."""

    names: tuple[str, ...]
    loud: Bools
    """By event: whether it is a log line of an error; shape (len(names),)."""
    row: Ints
    event: Ints


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
    callee: str
    """Service of the call that it is about; "" for a log line."""
    first: float
    """Unix seconds of its first odd span."""
    trace: int
    """A trace that shows it, as numbered in the table."""

    @property
    def weight(self) -> float:
        """Strength of what begins here."""
        return self.strength * self.deepest


def events_of(table: SpanTable, row: Ints, label: Ints, said: Sequence[str], loud: Bools) -> Events:
    """Events of a table's spans: their calls, their log lines, and the last call of each.

    row, label: span and statement of each log line (shape (k,); lines without a span are left
    out before). said: the statements; loud: which lines (by line) are errors.
    """
    n = len(table.ops)
    child = np.flatnonzero(table.parent >= 0)
    last = child[np.lexsort((table.start[child], table.parent[child]))]
    last = last[np.append(table.parent[last][1:] != table.parent[last][:-1], True)[: last.size]]
    childless = np.setdiff1d(np.arange(len(table)), table.parent[child])
    names = [f"calls {op.service} {op.name}" for op in table.ops]
    names += [f"calls {op.service} {op.name} last" for op in table.ops]
    names += ["calls nobody"]
    base = len(names)
    names += [f"logs {text}" for text in said] + [f"logs an error: {text}" for text in said]
    rows = np.concatenate([table.parent[child], table.parent[last], childless, row])
    event = np.concatenate(
        [
            table.op[child],
            n + table.op[last],
            np.full(childless.size, 2 * n),
            base + label + np.where(loud, len(said), 0),
        ]
    )
    pair = np.unique(rows * len(names) + event)
    is_loud = np.zeros(len(names), bool)
    is_loud[base + len(said) :] = True
    return Events(tuple(names), is_loud, pair // len(names), pair % len(names))


def oddities(table: SpanTable, events: Events, before: Bools, now: Bools) -> list[Oddity]:
    """Every event that sets the spans of `now` apart from those of `before` (masks of rows)."""
    kind = _kinds(table)
    counted = _Counted.of(table, events, kind, before, now, _failed(table, events))
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


@dataclass(frozen=True)
class _Counted:
    """Pairs of kind and event with their counts; arrays of shape (pairs,)."""

    key: Ints
    of_pair: Ints  # by (row, event) of Events: its pair
    row: Ints
    kind: Ints
    event: Ints
    k0: Ints
    n0: Ints
    k1: Ints
    n1: Ints
    grown: Floats  # how much more often odd spans of the pair come per request, 0..1
    failed0: Floats  # share of the kind's spans that failed before
    failed1: Floats
    ill0: Floats  # share of the spans with the event before that failed

    @classmethod
    def of(cls, table: SpanTable, events: Events, kind: Ints, before: Bools, now: Bools, ill: Bools) -> "_Counted":
        names, kinds = len(events.names), int(kind.max(initial=-1)) + 1
        key, pair = np.unique(kind[events.row] * names + events.event, return_inverse=True)
        at, what = key // names, key % names

        def spans(rows: Bools) -> Ints:
            return np.bincount(kind[rows], minlength=kinds)[at]

        def having(rows: Bools) -> Ints:
            return np.bincount(pair[rows[events.row]], minlength=key.size)

        n0, n1, k0, k1 = spans(before), spans(now), having(before), having(now)
        grown = _grown(n0, k0, n1, k1, _per_request(table, before, now))
        quiet = ~events.loud[what] & (spans(before & ~ill) < n0)
        # A line that only success logs is not new where nothing succeeded before.
        fresh = quiet & (k0 <= RARE * n0)
        n0, k0 = np.where(fresh, spans(before & ~ill), n0), np.where(fresh, having(before & ~ill), k0)
        return cls(
            key, pair, events.row, at, what, k0, n0, k1, n1, grown,
            spans(before & ill) / np.maximum(1, spans(before)),
            spans(now & ill) / np.maximum(1, n1),
            having(before & ill) / np.maximum(1, having(before)),
        )

    def strength(self, events: Events) -> Floats:
        """Per pair, 0..1; 0 where nothing stands out."""
        enough = (self.n0 >= FEWEST) & (self.n1 >= FEWEST)
        low0, high0 = wilson(self.k0, self.n0)
        low1, high1 = wilson(self.k1, self.n1)
        rise, fall = np.maximum(0, low1 - high0), np.maximum(0, low0 - high1)
        loud = events.loud[self.event]
        new, gone = self.k0 <= RARE * self.n0, self.k1 <= RARE * self.n1
        said = np.array([name.startswith("logs") for name in events.names])[self.event]
        rise *= np.where(new, np.where(loud | ~said, 1.0, QUIET), SHIFTED)
        fall *= np.where(gone, 1.0, SHIFTED)
        # What failed before and does so less is no loss; an error that goes away even less.
        better = (self.ill0 > 0.5) & (self.failed1 < 0.5 * self.failed0)
        strength = np.maximum(rise, np.where(loud | better, 0.0, fall))
        return np.where(enough, strength * self.grown, 0.0)

    def odd_rows(self, pair: int, kind: Ints, now: Bools) -> Ints:
        """Spans of now that show what appeared, or lack what went."""
        having = self.row[self.of_pair == pair]
        if self.rises(pair):
            return having[now[having]]
        lacking = now & (kind == self.kind[pair])
        lacking[having] = False
        return np.flatnonzero(lacking)

    def rises(self, pair: int) -> bool:
        return bool(self.k1[pair] * self.n0[pair] > self.k0[pair] * self.n1[pair])


def _per_request(table: SpanTable, before: Bools, now: Bools) -> float:
    """Requests of the baseline for each one now."""
    return np.unique(table.trace[before]).size / max(1, np.unique(table.trace[now]).size)


def _grown(n0: Ints, k0: Ints, n1: Ints, k1: Ints, requests: float) -> Floats:
    """Callers that ask for less leave fewer spans, and those that remain look different: odd
    spans must come more often per request than they did, 0 where they do not."""
    rises = k1 * n0 > k0 * n1
    odd0, odd1 = np.where(rises, k0, n0 - k0), np.where(rises, k1, n1 - k1)
    return np.clip(1.0 - odd0 / np.maximum(1e-9, odd1 * requests), 0.0, 1.0)


def wilson(k: Ints, n: Ints) -> tuple[Floats, Floats]:
    """Lower and upper one-sided bounds of a share (Wilson 1927)."""
    m = np.maximum(n, 1)
    share = k / m
    centre = (share + Z**2 / (2 * m)) / (1 + Z**2 / m)
    half = Z / (1 + Z**2 / m) * np.sqrt(share * (1 - share) / m + Z**2 / (4 * m**2))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def _below(table: SpanTable, odd: Floats) -> Bools:
    """Whether a span has one below it that is nearly as odd or odder."""
    worst = np.zeros(len(table))
    depth = table.depth
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero(depth == level)
        np.maximum.at(worst, table.parent[rows], np.maximum(worst[rows], odd[rows]))
    return worst > 0.5 * odd


def _oddity(
    table: SpanTable, events: Events, counted: _Counted, pair: int, strength: float,
    rows: Ints, below: Bools,
) -> Oddity:
    some = int(rows[np.argmin(table.start[rows])])
    above = int(table.parent[some])
    op = table.ops[table.op[some]]
    event = int(counted.event[pair])
    n = len(table.ops)
    return Oddity(
        op.service, op.name, table.ops[table.op[above]].name if above >= 0 else "",
        events.names[event], counted.rises(pair),
        int(counted.k0[pair]), int(counted.n0[pair]), int(counted.k1[pair]), int(counted.n1[pair]),
        strength, float((~below[rows]).mean()),
        table.ops[event % n].service if event < 2 * n else "",
        float(table.start[some]), int(table.trace[some]),
    )
