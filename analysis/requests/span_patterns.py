"""Requests that take another way: what spans of one kind do now and never did, or no longer do.

A span is described by its events: whom it calls, what it logs, and which of these came last.
Spans of one kind (the same operation under the same parent operation) are compared between the
baseline and now; an event that is new, gone, or much more or less frequent makes the spans that
show it (or lack it) odd. A failure makes its callers odd too, so of a trace's odd spans only
those without an odder one below them count.

Whom an odd span speaks against: a call that is no longer answered is the callee's fault. One that
fails speaks against both ends where the callee leaves no spans of its own. A request that ends
early shows where it stopped, not why: the caller may have failed itself, or may have got an answer
with which it could not go on; who puts a job on a queue ends there, and whoever no longer takes it
is to blame. When several services stop after calls to the same one, chance is
out and what they have in common is its answer.

Sources: event patterns per trace compared between normal and faulty phases, the deepest first, as
in Nezha (Yu et al., ESEC/FSE 2023); spans described by what is under them as in TraceAnomaly (Liu
et al., ISSRE 2020). The strength is ours: the gap between one-sided Wilson bounds of both shares.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..tuning import STANDARD, Tuning
from .edges import far_ends
from .pattern_counts import FAILS, NOBODY, Events, PatternCounts
from .tables import Bools, Floats, Ints, SpanTable


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


def oddities(
    table: SpanTable, events: Events, before: Bools, now: Bools, tuning: Tuning = STANDARD
) -> list[Oddity]:
    """Every event that sets the spans of `now` apart from those of `before` (masks of rows)."""
    kind = _kinds(table)
    ill = _failed(table, events)
    counted = PatternCounts.of(table, events, kind, before, now, ill, tuning)
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


SHARED = 0.5
"""What either end of a call takes where the spans do not tell which it is."""
EXPLAINED = 0.3
"""What is left of a caller's weight where its stop is explained by what it called."""


@dataclass(frozen=True, slots=True)
class Blame:
    """An oddity, and the service that it speaks against."""

    service: str
    weight: float
    """0..1."""
    oddity: Oddity
    callers: tuple[str, ...] = ()
    """Services that newly stop after calling this one, or get no answer from it."""
    callee: str = ""
    """Who may be to blame instead, where the spans do not tell."""


def blamed(table: SpanTable, oddities: Sequence[Oddity]) -> list[Blame]:
    """Whom the oddities speak against, the clearest first."""
    far = far_ends(table)
    sent = {odd for odd in oddities if table.ops[odd.op].kind == "producer"}
    stops = _stops(far, [odd for odd in oddities if odd not in sent])
    explained = {o.service for group in stops.values() if len(group) > 1 for o in group}
    mute = {(odd.op, odd.under) for odd in oddities if odd.event == NOBODY and odd.new}
    found = []
    for odd in oddities:
        own = odd.weight * (EXPLAINED if odd.service in explained else 1.0)
        found += _ends(table, far, odd, own, (odd.op, odd.under) in mute)
    for callee, group in stops.items():
        weight = group[0].weight * (1.0 if len(group) > 1 else SHARED)
        found.append(Blame(callee, weight, group[0], tuple(odd.service for odd in group)))
    kept = [blame for blame in found if blame.weight > 0]
    return sorted(kept, key=lambda b: (-b.weight, b.service, b.oddity.operation, b.oddity.event))


def _ends(
    table: SpanTable, far: dict[int, str], odd: Oddity, own: float, mute: bool
) -> Iterator[Blame]:
    """Of a call whose other end is known; `mute`: it newly gets no answer. `own`: the caller's."""
    op, callee = table.ops[odd.op], far.get(odd.op, "")
    lost = not odd.new and odd.call >= 0 and table.ops[odd.call].service == callee
    taken = table.ops[odd.call] if op.kind == "producer" and odd.call >= 0 else op
    if taken.kind == "consumer" and not odd.new:
        yield Blame(taken.service, odd.weight, odd, (odd.service,))
    elif op.kind != "client" or not callee:
        yield Blame(odd.service, own, odd)
    elif mute or lost:
        yield Blame(callee, odd.weight, odd, (odd.service,))
    elif odd.event == FAILS and callee not in table.services:
        yield Blame(callee, SHARED * odd.weight, odd, (odd.service,))
        yield Blame(odd.service, SHARED * own, odd, callee=callee)
    else:
        yield Blame(odd.service, own, odd)


def _stops(far: dict[int, str], oddities: Sequence[Oddity]) -> dict[str, list[Oddity]]:
    """Called service -> the clearest oddity of each service that newly stops after it.

    To stop means to leave something out that came after; a call that is new itself ends nothing.
    """
    shorter = {(odd.op, odd.under) for odd in oddities if not odd.new and not odd.stops}
    fresh = {(odd.op, odd.under, odd.call) for odd in oddities if odd.new and not odd.stops}
    clearest: dict[tuple[str, str], Oddity] = {}
    for odd in sorted(oddities, key=lambda o: (-o.weight, o.service, o.operation, o.event)):
        callee = far.get(odd.call, "") if odd.new and odd.stops and odd.weight > 0 else ""
        stopped = (odd.op, odd.under) in shorter and (odd.op, odd.under, odd.call) not in fresh
        if callee and callee != odd.service and stopped:
            clearest.setdefault((callee, odd.service), odd)
    found: dict[str, list[Oddity]] = {}
    for (callee, _), odd in clearest.items():
        found.setdefault(callee, []).append(odd)
    return found
