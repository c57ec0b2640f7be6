"""One request, span by span: a telling one, or any by its id."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from ..analysis.requests.tables import NONE, Op, SpanTable, span_table
from ..telemetry.model import Span, Window, span_failed
from .base import Bench, Effect, Row, Table, tool
from .reading import Spelled, checked, cut, facts, number, seconds, table

MOST_SPANS = 60
LONGEST = 2000
"""Characters of a span's attributes that are kept."""


@dataclass(frozen=True, slots=True)
class TraceSpan(Row):
    """One span of a trace, `offset_ms` after its begin."""

    depth: int
    service: str
    operation: str
    kind: str
    offset_ms: float
    duration_ms: float | None
    self_ms: float | None
    status: str
    error: str
    trace_id: str
    critical: bool
    attributes: str


@tool(Effect.read)
def example_trace(
    bench: Bench,
    kind: Annotated[Literal["failing", "slow"], Spelled] = "failing",
    service: str = "",
    trace_id: str = "",
) -> Table[TraceSpan]:
    """One trace of the incident as indented rows in order of start.

    kind "failing" takes the longest of the traces that fail for the customer, else of those with
    any failing span; "slow" the longest of all. `service` asks for one in which that service or
    a call of it fails (or takes part); `trace_id` asks for exactly that trace.
    `critical` marks spans whose shortening would shorten the request.
    """
    if service:
        checked(bench, [service])
    window = bench.frame.whole if trace_id else bench.frame.incident
    if trace_id:
        found = bench.telemetry.spans(window, trace_id=trace_id)
    else:
        found = _chosen(bench, kind, service)
    nothing = f"no {'such' if trace_id else kind} trace"
    nothing += f" through {service}" if service else ""
    count = 0 if trace_id else len(bench.telemetry.span_table(window, linked=False))
    nothing += f" among {count} spans of {seconds(window)}"
    return _told(found, nothing, window)


@tool(Effect.read)
def trace(bench: Bench, trace_id: str) -> Table[TraceSpan]:
    """All spans of one trace as a tree, parents before children, with durations, errors and
    attributes (name=value). Ids stand in tables of spans and log lines."""
    window = Window(0.0, bench.frame.incident.end)
    found = bench.telemetry.spans(window, trace_id=trace_id.strip())
    nothing = f"no trace {cut(trace_id, 60)!r} is recorded"
    return _told(found, nothing, window, attributes=True)


def _told(
    found: list[Span], nothing: str, window: Window, attributes: bool = False
) -> Table[TraceSpan]:
    """The spans of one trace as a table, with their attributes or without."""
    if not found:
        return table([], "", nothing, window)
    spans = sorted(found, key=lambda span: (span.start, span.span_id))
    tree = _trace(spans)
    rows = [_row(tree, row, spans[tree.op[row]], attributes) for row in _in_order(tree)]
    root = spans[tree.op[max(_children(tree, NONE), key=lambda row: tree.ms[row])]]
    summary = f"{root.service} {root.name}: {root.duration_ms:.0f} ms, {len(tree)} spans, "
    summary += f"{tree.error.sum()} failed"
    if len(tree) > len(rows):
        summary += f"; the first {len(rows)} are shown"
    return table(rows, summary, nothing, window)


def _message(span: Span) -> str:
    facts = span.attributes
    named = facts.get("exception.type") or facts.get("error.type")
    return span.status_message.strip() or str(named or facts.get("http.response.status_code") or "")


def _chosen(bench: Bench, kind: str, service: str) -> list[Span]:
    """The spans of the longest trace that fits, of failing ones first those whose root fails."""
    table = bench.telemetry.span_table(bench.frame.incident)
    named = np.array([not service or service in (op.service, op.peer) for op in table.ops], bool)
    part = named[table.op] & (table.error | (kind == "slow"))
    roots = np.flatnonzero((table.parent < 0) & np.isin(table.trace, table.trace[part]))
    roots = roots[np.lexsort((roots, -table.ms[roots], table.trace_order[roots]))]
    _, longest = np.unique(table.trace[roots], return_index=True)
    roots = roots[np.sort(longest)]
    if not roots.size:
        return []
    loud = table.error[roots] & (kind == "failing")
    best = roots[np.lexsort((np.arange(roots.size), -table.ms[roots], ~loud))[0]]
    return bench.telemetry.spans_of(table, np.flatnonzero(table.trace == table.trace[best]))


def _trace(spans: list[Span]) -> SpanTable:
    """The spans of one trace, each with its parent; `op` is a span's place in the list."""
    key = {span.span_id: number for number, span in enumerate(spans, 1)}
    return span_table(
        [Op(span.service, span.name, kind=span.kind) for span in spans],
        np.arange(len(spans)),
        np.zeros(len(spans), np.int64),
        np.array([key[span.span_id] for span in spans], np.uint64),
        np.array([key.get(span.parent_id, 0) for span in spans], np.uint64),
        start=np.array([span.start for span in spans]),
        ms=np.array([span.duration_ms for span in spans]),
        error=np.array([span_failed(span) for span in spans]),
    )


def _in_order(trace: SpanTable) -> list[int]:
    """The first rows: parents before children, children by start."""
    ordered: list[int] = []
    pending = _children(trace, NONE)[::-1]
    while pending and len(ordered) < MOST_SPANS:
        ordered.append(pending.pop())
        pending += _children(trace, ordered[-1])[::-1]
    return ordered


def _children(trace: SpanTable, row: int) -> list[int]:
    """Rows under a row, in order of start; the roots are under none."""
    return np.flatnonzero(trace.parent == row).tolist()


def _row(trace: SpanTable, row: int, span: Span, attributes: bool) -> TraceSpan:
    depth = int(trace.depth[row])
    return TraceSpan(
        depth=depth,
        service=span.service,
        operation="  " * depth + cut(span.name, 120),
        kind=span.kind,
        offset_ms=number((span.start - float(trace.start.min())) * 1000) or 0.0,
        duration_ms=number(span.duration_ms),
        self_ms=number(float(trace.exclusive_ms[row])),
        status="error" if trace.error[row] else "ok",
        error=cut(_message(span) if span.status == "error" else "", 200),
        trace_id=span.trace_id,
        critical=bool(trace.critical[row]),
        attributes=cut(facts(span.attributes, "; "), LONGEST) if attributes else "",
    )
