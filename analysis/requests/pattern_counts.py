"""How often spans of one kind show an event, before and now, and how far apart that is.

An event is whom a span called, and last, and what it logged. The gap is taken between one-sided
Wilson bounds of both shares (Wilson 1927), so that few spans prove little. All weights of kinds of
evidence are by reasoning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..tuning import STANDARD, Tuning
from .tables import Bools, Floats, Ints, SpanTable

NOBODY, FAILS, AFTER = "calls nobody", "fails", " after "


@dataclass(frozen=True)
class Events:
    """What spans did; `row` and `event` of shape (m,), each pair once."""

    names: tuple[str, ...]
    loud: Bools
    """By event: whether it is an error, logged or in the span's status; shape (len(names),)."""
    line: Bools
    """By event: whether it is a log line."""
    order: Bools
    """By event: whether it is the order of two calls."""
    row: Ints
    event: Ints


def events_of(table: SpanTable, row: Ints, label: Ints, said: Sequence[str], loud: Bools) -> Events:
    """Events of a table's spans: their calls, which came last, what was called after what, and
    their log lines.

    row, label: span and statement of each log line (shape (k,); lines without a span are left
    out before). said: the statements; loud: which lines (by line) are errors.
    """
    n = len(table.ops)
    child, last, next_, turns = _calls(table)
    childless = np.setdiff1d(np.arange(len(table)), table.parent[child])
    failed = np.flatnonzero(table.error)
    names = [f"calls {op.service} {op.name}" for op in table.ops]
    names += [f"ends with {op.service} {op.name}" for op in table.ops]
    names += [NOBODY, FAILS]
    names += [f"calls {table.ops[b].name}{AFTER}{table.ops[a].name}" for a, b in turns]
    base = len(names)
    names += [f"logs {text}" for text in said] + [f"logs an error: {text}" for text in said]
    parts = [
        (table.parent[child], table.op[child]),
        (table.parent[last], n + table.op[last]),
        (childless, np.full(childless.size, 2 * n)),
        (failed, np.full(failed.size, 2 * n + 1)),
        (next_[0], 2 * n + 2 + next_[1]),
        (row, base + label + np.where(loud, len(said), 0)),
    ]
    rows, event = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    pair = np.unique(rows * len(names) + event)
    number = np.arange(len(names))
    return Events(
        tuple(names),
        loud=(number == 2 * n + 1) | (number >= base + len(said)),
        line=number >= base,
        order=(number >= 2 * n + 2) & (number < base),
        row=pair // len(names),
        event=pair % len(names),
    )


def _calls(table: SpanTable) -> tuple[Ints, Ints, tuple[Ints, Ints], list[tuple[int, int]]]:
    """Rows that have a parent; the last of each parent; per change from one call to another its
    parent and its number in the list of (operation, next operation)."""
    child = np.flatnonzero(table.parent >= 0)
    child = child[np.lexsort((table.start[child], table.parent[child]))]
    above, op = table.parent[child], table.op[child]
    same = above[1:] == above[:-1]
    last = child[np.append(~same, True)[: child.size]]
    turn = same & (op[1:] != op[:-1])
    key, number = np.unique(op[:-1][turn] * len(table.ops) + op[1:][turn], return_inverse=True)
    turns = [divmod(int(value), len(table.ops)) for value in key]
    return child, last, (above[1:][turn], number.astype(np.int64)), turns


FEWEST = 3
"""Spans of a kind that a window must hold: fewer cannot agree."""
REORDERED = 0.5
"""What another order of calls counts: calls under way together come in any."""
Z = 1.2816
"""Bounds are one-sided at 90 %."""


@dataclass(frozen=True)
class PatternCounts:
    """Pairs of a kind of span and an event that it shows; arrays of shape (pairs,)."""

    key: Ints
    of_pair: Ints  # by (row, event) of Events: its pair
    row: Ints
    kind: Ints
    event: Ints
    calling: Ints  # for "came last": the pair of the same call; else -1
    k0: Ints
    n0: Ints
    k1: Ints
    n1: Ints
    grown: Floats  # how much more often odd spans of the pair come per request, 0..1
    failed0: Floats  # share of the kind's spans that failed before
    failed1: Floats
    ill0: Floats  # share of the spans with the event before that failed
    tuning: Tuning

    @classmethod
    def of(
        cls,
        table: SpanTable,
        events: Events,
        kind: Ints,
        before: Bools,
        now: Bools,
        ill: Bools,
        tuning: Tuning = STANDARD,
    ) -> "PatternCounts":
        names, kinds = len(events.names), int(kind.max(initial=-1)) + 1
        key, pair = np.unique(kind[events.row] * names + events.event, return_inverse=True)
        at, what = key // names, key % names

        def spans(rows: Bools) -> Ints:
            return np.bincount(kind[rows], minlength=kinds)[at]

        def having(rows: Bools) -> Ints:
            return np.bincount(pair[rows[events.row]], minlength=key.size)

        # A call can only be the last one of spans that make it.
        calling = _same_call(key, what, len(table.ops))

        def able(rows: Bools) -> Ints:
            return np.where(calling >= 0, having(rows)[calling], spans(rows))

        n0, n1, k0, k1 = able(before), able(now), having(before), having(now)
        grown = _grown(n0, k0, n1, k1, _per_request(table, before, now))
        well = before & ~ill
        # A line that only success logs is not new where nothing succeeded before.
        fresh = ~events.loud[what] & (able(well) < n0) & (k0 <= tuning.rare * n0)
        n0, k0 = np.where(fresh, able(well), n0), np.where(fresh, having(well), k0)
        return cls(
            key,
            pair,
            events.row,
            at,
            what,
            calling,
            k0,
            n0,
            k1,
            n1,
            grown,
            spans(before & ill) / np.maximum(1, spans(before)),
            spans(now & ill) / np.maximum(1, spans(now)),
            having(before & ill) / np.maximum(1, having(before)),
            tuning,
        )

    def strength(self, events: Events) -> Floats:
        """Per pair, 0..1; 0 where nothing stands out."""
        enough = (self.n0 >= FEWEST) & (self.n1 >= FEWEST)
        low0, high0 = wilson(self.k0, self.n0)
        low1, high1 = wilson(self.k1, self.n1)
        rise, fall = np.maximum(0, low1 - high0), np.maximum(0, low0 - high1)
        loud = events.loud[self.event]
        rare, quiet, shifted = self.tuning.rare, self.tuning.quiet, self.tuning.shifted
        new, gone = self.k0 <= rare * self.n0, self.k1 <= rare * self.n1
        line, order = events.line[self.event], events.order[self.event]
        rise *= np.where(new, np.where(loud | ~line, 1.0, quiet), shifted)
        fall *= np.where(gone, 1.0, shifted)
        # What failed before and does so less is no loss; an error that goes away even less.
        better = (self.ill0 > 0.5) & (self.failed1 < 0.5 * self.failed0)
        turned = np.where(order, REORDERED, 1.0)
        rise, fall = rise * turned, fall * turned
        strength = np.maximum(rise, np.where(loud | better, 0.0, fall))
        return np.where(enough, strength * self.grown, 0.0)

    def odd_rows(self, pair: int, kind: Ints, now: Bools) -> Ints:
        """Spans of now that show what appeared, or lack what went."""
        having = self.row[self.of_pair == pair]
        if self.rises(pair):
            return having[now[having]]
        lacking = now & (kind == self.kind[pair])
        if self.calling[pair] >= 0:
            callers = np.zeros(now.size, bool)
            callers[self.row[self.of_pair == self.calling[pair]]] = True
            lacking &= callers
        lacking[having] = False
        return np.flatnonzero(lacking)

    def rises(self, pair: int) -> bool:
        return bool(self.k1[pair] * self.n0[pair] > self.k0[pair] * self.n1[pair])


def _same_call(key: Ints, event: Ints, ops: int) -> Ints:
    """For pairs of a call that came last: the pair of the same kind and call; else -1."""
    last = (event >= ops) & (event < 2 * ops)
    found = np.minimum(np.searchsorted(key, key - ops), max(0, key.size - 1))
    return np.where(last, found, -1)


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
