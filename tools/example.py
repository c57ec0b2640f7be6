"""One request, span by span."""

from dataclasses import dataclass

import numpy as np

from ..analysis.requests.spans import critical_path, table_of
from ..analysis.requests.tables import SpanTable
from ..telemetry.model import Span as TracedSpan
from .base import Bench, Effect, Row, Table, tool
from .reading import (
    attempt,
    checked,
    cut,
    every_span,
    graph_spans,
    number,
    one_of,
    records,
    seconds,
    table,
    traces,
    whole,
)

MOST_SPANS = 60


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


@tool(Effect.read)
def example_trace(
    bench: Bench, kind: str = "failing", service: str = "", trace_id: str = ""
) -> Table[TraceSpan]:
    """One trace of the incident as indented rows in order of start.

    kind "failing" takes the longest of the traces that fail for the customer, else of those with
    any failing span; "slow" the longest of all. `service` asks for one in which that service or
    a call of it fails (or takes part); `trace_id` asks for exactly that trace.
    `critical` marks spans whose shortening would shorten the request.
    """
    one_of("kind", kind, ("failing", "slow"))
    if service:
        checked(bench, [service])
    window = whole(bench) if trace_id else bench.frame.incident
    if trace_id:
        found = attempt(lambda: bench.telemetry.spans(window, trace_id=trace_id))
    else:
        found = _chosen(bench, kind, service)
    nothing = f"no {'such' if trace_id else kind} trace"
    nothing += f" through {service}" if service else ""
    count = 0 if trace_id else len(every_span(bench, window))
    nothing += f" among {count} spans of {seconds(window)}"
    if not found:
        return table([], "", nothing, window)
    spans = _in_table(found)
    trace = table_of(graph_spans(spans))
    rows = _rows(spans, trace)
    root = spans[max(_roots(trace), key=lambda row: trace.ms[row])]
    summary = f"{root.service} {root.name}: {root.duration_ms:.0f} ms, {len(trace)} spans, "
    summary += f"{trace.error.sum()} failed"
    if len(trace) > len(rows):
        summary += f"; the first {len(rows)} are shown"
    return table(rows, summary, nothing, window)


def _in_table(found: list[TracedSpan]) -> list[TracedSpan]:
    """The spans as the table has its rows: in order of start, of several with one id the last."""

    def begin(span: TracedSpan) -> tuple[float, str]:
        return span.start, span.span_id

    return sorted({span.span_id: span for span in sorted(found, key=begin)}.values(), key=begin)


def _message(span: TracedSpan) -> str:
    facts = span.attributes
    named = facts.get("exception.type") or facts.get("error.type")
    return span.status_message.strip() or str(named or facts.get("http.response.status_code") or "")


def _chosen(bench: Bench, kind: str, service: str) -> list[TracedSpan]:
    """The spans of the longest trace that fits, of failing ones first those whose root fails."""
    table = traces(bench, bench.frame.incident)
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
    return records(bench, table, np.flatnonzero(table.trace == table.trace[best]))


def _rows(spans: list[TracedSpan], trace: SpanTable) -> list[TraceSpan]:
    """One for each span; `spans` are the records behind the table's rows."""
    critical = set(critical_path(trace))
    rows: list[TraceSpan] = []
    for row in _in_order(trace)[:MOST_SPANS]:
        span, depth, failed = spans[row], int(trace.depth[row]), bool(trace.error[row])
        rows.append(
            TraceSpan(
                depth=depth,
                service=span.service,
                operation="  " * depth + cut(span.name, 120),
                kind=span.kind,
                offset_ms=number((span.start - spans[0].start) * 1000) or 0.0,
                duration_ms=number(span.duration_ms),
                self_ms=number(float(trace.exclusive_ms[row])),
                status="error" if failed else "ok",
                error=cut(_message(span) if span.status == "error" else "", 200),
                trace_id=span.trace_id,
                critical=row in critical,
            )
        )
    return rows


def _roots(trace: SpanTable) -> list[int]:
    return np.flatnonzero(trace.parent < 0).tolist()


def _in_order(trace: SpanTable) -> list[int]:
    """Parents before children, children by start."""
    ordered: list[int] = []
    pending = _roots(trace)[::-1]
    while pending:
        row = pending.pop()
        ordered.append(row)
        pending += np.flatnonzero(trace.parent == row).tolist()[::-1]
    return ordered
