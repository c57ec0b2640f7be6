"""Work that takes longer than it did, by its own time, when nobody knows since when: the earliest
third of what was seen is held against the incident.

A busy machine slows everything alike; what stands out from that is told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..analysis.departure import last_departure
from ..analysis.requests.tables import Bools, Floats, Ints, Op, SpanTable
from ..telemetry.model import Window
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, seconds, table

FEWEST = 6
"""Spans of either side below which nothing is said."""
SLOWER = 1.5
"""Times what nearly all took, from which one span is slower."""
LEAST_MS = 5.0
APART, FAR_APART = (0.9, 1.5), (0.7, 2.5)
"""Share of all pairs of a span before and one now of which the one now took longer, and times of
the usual time, from which work is slower; the second for work of those who leave no spans, such as
databases: no wait for a processor of ours is in it."""
PART, FEWEST_SLOW, USUALLY = 0.1, 10, 0.02
"""Share of the spans that take longer than nearly any did, and how many, from which a part of the
work is slow; what the share was before at the most."""


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


@tool(Effect.read, shares=("traces",))
def slowed_work(bench: Bench) -> Table[SlowedWork]:
    """Operations and database statements whose own time (without their callees') has clearly
    grown against the earliest time seen, beyond what everything has. Most added time first."""
    window = bench.frame.looked_at
    spans = bench.telemetry.span_table(window)
    compared = list(_compared(spans, window, bench.frame.incident))
    usual = max(1.0, float(np.median([work.ratio for work in compared]))) if compared else 1.0
    rows = [
        _row(bench, spans, work, slow) for work in compared if (slow := work.slowed(usual)).any()
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


@dataclass(frozen=True)
class _Work:
    """The good spans of one kind of work by their own time; arrays of shape (spans,)."""

    op: Op
    rows: Ints
    start: Floats
    ms: Floats
    early: Bools
    late: Bools
    unseen: bool
    """It is work of a callee that leaves no spans."""

    @cached_property
    def before_ms(self) -> float:
        """Median."""
        return float(np.median(self.ms[self.early]))

    @cached_property
    def ratio(self) -> float:
        """Median now ÷ median before."""
        return float(np.median(self.ms[self.late])) / max(self.before_ms, 0.1)

    def slowed(self, usual: float) -> Bools:
        """The spans now that are slower: all, where nearly every one is longer than nearly every
        one before and by enough to matter; else the part that is longer than nearly any was."""
        then, since = np.sort(self.ms[self.early]), self.ms[self.late]
        longer = float(np.searchsorted(then, since).mean()) / then.size
        added = float(np.median(since)) - self.before_ms
        limits = (APART, FAR_APART) if self.unseen else (APART,)
        apart = any(longer >= part and self.ratio >= by * usual for part, by in limits)
        if apart and added >= LEAST_MS:
            return self.late
        top = float(np.quantile(then, 1 - USUALLY / 2)) * SLOWER * usual + LEAST_MS
        slow = self.late & (self.ms > top)
        few = np.mean(then > top) <= USUALLY
        return slow & (few and slow.sum() >= max(FEWEST_SLOW, PART * since.size))


def _compared(spans: SpanTable, window: Window, incident: Window) -> Iterator[_Work]:
    """Each kind of work that came often enough on either side: of what others do for us against
    the first third of what was seen, of our own, which waits for room as well, of all the time."""
    seen = max(window.start, float(spans.start.min(initial=window.end)))
    thirds = [begin + (window.end - begin) / 3 for begin in (window.start, seen)]
    for op in np.unique(spans.op).tolist():
        rows = np.flatnonzero(~spans.error & (spans.op == op))
        kind = spans.ops[op]
        unseen = bool(kind.peer) and kind.peer not in spans.services
        early = spans.end[rows] < thirds[unseen]
        late = spans.start[rows] >= incident.start
        if min(early.sum(), late.sum()) >= FEWEST:
            times = spans.start[rows], spans.exclusive_ms[rows]
            yield _Work(kind, rows, *times, early, late, unseen)


def _row(bench: Bench, spans: SpanTable, work: _Work, slow: Bools) -> SlowedWork:
    record = bench.telemetry.spans_of(spans, work.rows[slow][-1:])[0]
    text = record.attributes.get("db.query.text") or record.attributes.get("db.statement") or ""
    now, share = float(np.median(work.ms[slow])), float(slow.sum() / work.late.sum())
    left = last_departure(work.ms, work.before_ms, now) if share == 1 else None
    since = work.start[left] if left is not None else work.start[slow][0]
    return SlowedWork(
        service=work.op.service,
        operation=cut(work.op.name, 200),
        callee=work.op.peer,
        statement=cut(text, 300),
        before_ms=number(work.before_ms, 3) or 0.0,
        now_ms=number(now, 3) or 0.0,
        ratio=number(now / max(work.before_ms, 0.1), 3) or 0.0,
        calls_before=int(work.early.sum()),
        calls=int(slow.sum()),
        share=number(share, 3) or 0.0,
        since=number(float(since)),
    )
