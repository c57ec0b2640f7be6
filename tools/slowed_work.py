"""Work that takes longer than it did, by its own time, when nobody knows since when: the earliest
third of what was seen is held against the incident.

A busy machine slows everything alike; what stands out from that is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..analysis.departure import last_departure
from ..analysis.requests.tables import Ints, Op, SpanTable
from ..telemetry.model import Window
from .base import Bench, Effect, Row, Table, tool
from .new_failures import looked_at
from .reading import cut, number, seconds, table

FEWEST = 6
"""Spans of either side below which nothing is said."""
SLOWER = 1.5
"""Times the usual time, beyond what everything is slower by."""
LEAST_MS = 5.0
APART = 0.9
"""Share of all pairs of a span before and one now of which the one now took longer."""
PART, USUALLY = 0.1, 0.02
"""Share of the spans that take longer than nearly any did, from which a part of the work is slow;
what it was before at the most."""


@dataclass(frozen=True, slots=True)
class SlowedWork(Row):
    """One kind of work by the median of its own time; `since` in unix seconds."""

    service: str
    operation: str
    callee: str
    statement: str
    before_ms: float
    now_ms: float
    ratio: float
    calls_before: int
    calls: int
    share: float
    """Of the calls now, those that are slower; `now_ms` is theirs."""
    since: float | None


@tool(Effect.read)
def slowed_work(bench: Bench) -> Table[SlowedWork]:
    """Operations and database statements whose own time (without their callees') has clearly
    grown against the earliest time seen, beyond what everything has. Most added time first."""
    window = looked_at(bench.frame)
    spans = bench.telemetry.span_table(window)
    compared = list(_compared(spans, window, bench.frame.incident))
    growth = [_ratio(spans, before, now) for _, before, now in compared]
    usual = max(1.0, float(np.median(growth))) if growth else 1.0
    rows = [
        _row(bench, spans, op, before, slow, slow.size / now.size)
        for op, before, now in compared
        if (slow := _slowed(spans, before, now, usual)).size
    ]
    rows.sort(key=lambda row: -row.calls * (row.now_ms - row.before_ms))
    summary = f"{len(rows)} kinds of work take longer"
    if rows:
        summary += f"; most added by {rows[0].service}: {rows[0].operation}, "
        summary += f"{rows[0].before_ms:g} -> {rows[0].now_ms:g} ms"
    nothing = f"of {len(compared)} kinds of work none stands out as slower in {seconds(window)}"
    if not compared:
        nothing = f"no kind of work came often enough to be compared in {seconds(window)}"
    return table(rows, summary, nothing, window)


def _compared(
    spans: SpanTable, window: Window, incident: Window
) -> Iterator[tuple[Op, Ints, Ints]]:
    """Each kind of work with the rows of its good spans before and now."""
    early = spans.end < window.start + window.seconds / 3
    late, good = spans.start >= incident.start, ~spans.error
    for op in np.unique(spans.op).tolist():
        own = good & (spans.op == op)
        before, now = np.flatnonzero(own & early), np.flatnonzero(own & late)
        if min(before.size, now.size) >= FEWEST:
            yield spans.ops[op], before, now


def _median(spans: SpanTable, rows: Ints) -> float:
    return float(np.median(spans.exclusive_ms[rows]))


def _ratio(spans: SpanTable, before: Ints, now: Ints) -> float:
    return _median(spans, now) / max(_median(spans, before), 0.1)


def _slowed(spans: SpanTable, before: Ints, now: Ints, usual: float) -> Ints:
    """The spans now that are slower: all, where nearly every one is longer than nearly every one
    before and by enough to matter; else the part that is longer than nearly any was."""
    then, since = np.sort(spans.exclusive_ms[before]), spans.exclusive_ms[now]
    longer = float(np.searchsorted(then, since).mean()) / then.size
    added = _median(spans, now) - _median(spans, before)
    if longer >= APART and added >= LEAST_MS and _ratio(spans, before, now) >= SLOWER * usual:
        return now
    top = float(np.quantile(then, 1 - USUALLY / 2)) * SLOWER * usual + LEAST_MS
    slow = now[since > top]
    few = np.mean(then > top) <= USUALLY
    return slow if few and slow.size >= max(FEWEST, PART * now.size) else now[:0]


def _row(
    bench: Bench, spans: SpanTable, op: Op, before: Ints, now: Ints, share: float
) -> SlowedWork:
    record = bench.telemetry.spans_of(spans, now[-1:])[0]
    text = record.attributes.get("db.query.text") or record.attributes.get("db.statement") or ""
    was, is_ = _median(spans, before), _median(spans, now)
    every = np.flatnonzero((spans.op == spans.op[now[0]]) & ~spans.error)
    left = last_departure(spans.exclusive_ms[every], was, is_) if share == 1 else None
    return SlowedWork(
        service=op.service,
        operation=cut(op.name, 200),
        callee=op.peer,
        statement=cut(text, 300),
        before_ms=number(was, 3) or 0.0,
        now_ms=number(is_, 3) or 0.0,
        ratio=number(is_ / max(was, 0.1), 3) or 0.0,
        calls_before=int(before.size),
        calls=int(now.size),
        share=number(share, 3) or 0.0,
        since=number(float(spans.start[every[left] if left is not None else now[0]])),
    )
