"""What fails newly, in the system's own words: who says it, of whom, since when, in how many of
the failing requests.

A kind of failure that was always there (a mistyped password) is none; one that came up is, whatever
its status: a 404 where there was none, an exception never seen. Each has a begin of its own, found
by when it became more frequent than chance allows, so nobody has to know the onset first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np

from ..analysis.rates import Beginning, beginning
from ..analysis.requests.tables import SpanTable
from ..analysis.templates import mask_all
from ..telemetry.model import STATUS_CODE, Span, Window, peer
from ..yaml_tables import AnyCase, Entry, read_table
from .base import Bench, Effect, Frame, Row, Table, tool
from .edge_requests import edge_clock
from .reading import cut, number, seconds, table

WORDS = 240
"""Characters of the system's words that are kept."""
SURE = -2.0
"""log10 of the chance below which a kind of failure that was there before is a new one."""
EXAMPLES = 3
"""Failing calls of each kind of which the callee's own side is looked up."""


class Way(StrEnum):
    """How a request fails: at the callee's answer, for want of one, or by the service's own."""

    own = "own error"
    answered = "answered an error"
    refused = "refused"
    late = "not in time"
    pool = "no connection free"
    full = "no room"


class WayTable(Entry):
    """failure_ways.yaml, which says what each is for."""

    pool: AnyCase
    full: AnyCase
    late: AnyCase
    refused: AnyCase
    left: AnyCase


@cache
def _ways() -> WayTable:
    return read_table("tools/failure_ways.yaml", WayTable)


@dataclass(frozen=True, slots=True)
class NewFailure(Row):
    """One kind of failure that is new or came up; times in unix seconds."""

    service: str
    operation: str
    operations: int
    """How many different ones fail so; `operation` is the most frequent."""
    way: str
    callee: str
    words: str
    exception: str
    code: int | None
    count: int
    before: int
    share: float
    """Of all requests that newly fail."""
    log10_p: float
    since: float
    last: float
    waited_ms: float
    """What the caller waited, the median."""
    callee_ms: float | None
    """What the callee itself worked at such a call; None where it left no span."""
    callee_failed: bool
    good_ratio: float | None
    """Good calls of the same operation, per request, now and before; near 1 where the failing ones
    came on top. None without any before."""
    trace_id: str


@dataclass(frozen=True)
class _Kind:
    service: str
    callee: str
    way: Way
    label: str
    """The class of the exception at a call, else the words without their variable parts."""


@tool(Effect.read, examples=("traces",))
def new_failures(bench: Bench) -> Table[NewFailure]:
    """Kinds of failing requests that are new, by the words of the deepest failing span.

    `way` keeps apart what people mix up: the callee answered an error, refused the connection, was
    not in time, or was never asked for want of a free connection. `callee_ms` is what the callee
    worked by its own account: a caller that waited less gave up early. `share` is of all requests
    that newly fail; `since` when it became more frequent than chance allows. Most frequent first.
    """
    window = bench.frame.looked_at
    drawn, clock = bench.telemetry.needing(shares=["traces"]), edge_clock(bench, window)
    spans = drawn.span_table(window)
    failed = (drawn if clock is None else bench.telemetry).spans(window, failed=True)
    arrivals, groups = _arrivals(spans) if clock is None else clock, _groups(deepest(failed))
    begun = {k: beginning([span.start for span in found], arrivals) for k, found in groups.items()}
    whole = "traces" not in bench.telemetry.sampled
    new = {k: b for k, b in begun.items() if b and _is_new(groups[k], b, bench.frame, whole)}
    now = {k: [s for s in groups[k] if s.start >= one.since] for k, one in new.items()}
    failing = len({span.trace_id for found in now.values() for span in found})
    good = {k: _good(spans, groups[k], one) if whole else None for k, one in new.items()}
    rows = [_row(bench, kind, now[kind], one, failing, good[kind]) for kind, one in new.items()]
    rows.sort(key=lambda row: -row.count)
    summary = f"{len(rows)} kinds of new failures in {failing} requests"
    if rows:
        summary += f"; most: {rows[0].service}: {cut(rows[0].words, 100)}"
    nothing = f"nothing fails that did not fail before, in {seconds(window)}"
    return table(rows, summary, nothing, window)


def deepest(spans: Iterable[Span]) -> list[Span]:
    """Of each failing trace the failed span below which nothing failed: one whose callers failed
    with it up to the root before one that was tolerated, then the last to begin. A server that
    refuses, which is no error of its own, is told by its caller where that is seen."""
    known = {(span.trace_id, span.span_id): span for span in spans}
    above = {(span.trace_id, span.parent_id) for span in known.values()}
    best: dict[str, tuple[tuple[bool, float], Span]] = {}
    for key, span in known.items():
        if key not in above:
            rank = _reaches_root(span, known), span.start
            refuses = span.kind == "server" and span.status != "error"
            caller = known.get((span.trace_id, span.parent_id)) if refuses else None
            if span.trace_id not in best or rank > best[span.trace_id][0]:
                best[span.trace_id] = rank, caller or span
    return sorted((span for _, span in best.values()), key=lambda span: span.start)


def _reaches_root(span: Span, known: dict[tuple[str, str], Span]) -> bool:
    seen: set[str] = set()
    while span.parent_id and span.span_id not in seen:
        seen.add(span.span_id)
        parent = known.get((span.trace_id, span.parent_id))
        if parent is None:
            return False
        span = parent
    return True


def said_by(span: Span) -> str:
    """What a failed span says about its error: type and message, else status and code."""
    named = str(span.attributes.get("exception.type") or span.attributes.get("error.type") or "")
    message = str(span.attributes.get("exception.message") or span.status_message or "").strip()
    short = named.rpartition(".")[2]
    if short and not message.startswith(short):
        message = f"{short}: {message}" if message else short
    message = " ".join(message.partition("\n")[0].split())  # what follows names rows and hints
    return message or (f"HTTP {code}" if (code := span.attributes.get(STATUS_CODE)) else "error")


def way_of(span: Span, text: str, callee: str) -> Way:
    """How it failed, by what it says."""
    if _ways().pool.search(text):
        return Way.pool
    if not callee:
        return Way.full if _ways().full.search(text) else Way.own
    if span.attributes.get(STATUS_CODE):
        return Way.answered
    if _ways().late.search(text):
        return Way.late
    return Way.refused if _ways().refused.search(text) else Way.answered


def _good(spans: SpanTable, failed: list[Span], begun: Beginning) -> float | None:
    """Good calls of the operation that fails so, per request, now against before."""
    service, name = failed[-1].service, failed[-1].name
    same = np.array([(op.service, op.name) == (service, name) for op in spans.ops], bool)
    bad = [span.start for span in failed if (span.service, span.name) == (service, name)]
    times = [spans.start[same[spans.op]], np.array(bad), _arrivals(spans)]
    before, now = (
        (calls - failures) / max(1, requests)
        for calls, failures, requests in (
            [int(np.sum((at < begun.since) == early)) for at in times] for early in (True, False)
        )
    )
    return now / before if before > 0 else None


def _arrivals(spans: SpanTable) -> np.ndarray:
    """When each request began, sorted; of telemetry without whole traces, when each span did."""
    return np.sort(spans.start[spans.entry] if spans.entry.any() else spans.start)


def _groups(spans: list[Span]) -> dict[_Kind, list[Span]]:
    spans = [span for span in spans if not _ways().left.search(said_by(span))]
    said = [said_by(span) for span in spans]
    groups: dict[_Kind, list[Span]] = defaultdict(list)
    for span, text, template in zip(spans, said, mask_all(said), strict=True):
        callee = peer(span) if span.kind in ("client", "producer") else ""
        label = str(span.attributes.get("exception.type") or "") if callee else ""
        kind = _Kind(span.service, callee, way_of(span, text, callee), label or template)
        groups[kind].append(span)
    return groups


def _is_new(found: list[Span], one: Beginning, frame: Frame, whole: bool) -> bool:
    """More than chance allows; or first seen in the incident, where all was seen, and no refusal
    that people meet."""
    code = found[-1].attributes.get(STATUS_CODE)
    if isinstance(code, int) and code < 500:
        return one.log10_p <= SURE and one.after >= 2 * one.before
    start = min(frame.incident.start, frame.by_alert[1].start)
    return one.log10_p <= SURE or (whole and one.before == 0 and one.since >= start)


def _row(
    bench: Bench, kind: _Kind, now: list[Span], begun: Beginning, failing: int, good: float | None
) -> NewFailure:
    operations = Counter(span.name for span in now)
    code = now[0].attributes.get(STATUS_CODE)
    callee_ms, callee_failed = _other_side(bench, now[-EXAMPLES:]) if kind.callee else (None, False)
    return NewFailure(
        service=kind.service,
        operation=cut(operations.most_common(1)[0][0], 200),
        operations=len(operations),
        way=kind.way,
        callee=kind.callee,
        words=cut(said_by(now[0]), WORDS),
        exception=cut(now[0].attributes.get("exception.type"), 200),
        code=code if isinstance(code, int) else None,
        count=len(now),
        before=begun.before,
        share=number(len(now) / max(1, failing)) or 0.0,
        log10_p=number(begun.log10_p, 3) or 0.0,
        since=number(begun.since) or 0.0,
        last=number(now[-1].start) or 0.0,
        waited_ms=number(float(np.median([span.duration_ms for span in now]))) or 0.0,
        callee_ms=number(callee_ms),
        callee_failed=callee_failed,
        good_ratio=number(good, 3),
        trace_id=now[0].trace_id,
    )


def _other_side(bench: Bench, calls: list[Span]) -> tuple[float | None, bool]:
    """How long the callee worked at such calls by its own spans, and whether it failed."""
    answers = [
        span
        for call in calls
        for span in bench.telemetry.spans(
            Window(call.start - 1.0, bench.frame.incident.end), trace_id=call.trace_id
        )
        if span.parent_id == call.span_id
    ]
    longest = max(answers, key=lambda span: span.duration_ms, default=None)
    return (longest.duration_ms, longest.status == "error") if longest else (None, False)
