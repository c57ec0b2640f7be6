"""One request, span by span."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..analysis.requests.spans import Span, Trace, build_traces, critical_path, exclusive_ms
from ..telemetry.model import Span as TracedSpan
from ..telemetry.model import peer, span_failed
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, number, one_of, seconds, table

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
    window = bench.frame.whole if trace_id else bench.frame.incident
    if trace_id:
        found = bench.telemetry.spans(window, trace_id=trace_id)
    else:
        found = _chosen(bench, kind, service)
    failed = [span for span in found if span.status == "error"]
    messages = {(span.trace_id, span.span_id): _message(span) for span in failed}
    trace = next(iter(build_traces(_graph_spans(found))), None)
    nothing = f"no {'such' if trace_id else kind} trace"
    nothing += f" through {service}" if service else ""
    count = 0 if trace_id else len(bench.telemetry.span_table(window, linked=False))
    nothing += f" among {count} spans of {seconds(window)}"
    if trace is None:
        return table([], "", nothing, window)
    rows = _rows(trace, messages)
    root = max(trace.roots, key=lambda span: span.duration_ms)
    summary = f"{root.service} {root.name}: {root.duration_ms:.0f} ms, {len(trace.spans)} spans, "
    summary += f"{sum(span.error for span in trace.spans)} failed"
    if len(trace.spans) > len(rows):
        summary += f"; the first {len(rows)} are shown"
    return table(rows, summary, nothing, window)


def _message(span: TracedSpan) -> str:
    facts = span.attributes
    named = facts.get("exception.type") or facts.get("error.type")
    return span.status_message.strip() or str(named or facts.get("http.response.status_code") or "")


def _chosen(bench: Bench, kind: str, service: str) -> list[TracedSpan]:
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


def _rows(trace: Trace, messages: dict[tuple[str, str], str]) -> list[TraceSpan]:
    own = exclusive_ms(trace)
    critical = {span.span_id for span in critical_path(trace)}
    start = min(span.start for span in trace.spans)
    rows: list[TraceSpan] = []
    for span in _in_order(trace)[:MOST_SPANS]:
        depth = trace.depth(span)
        rows.append(
            TraceSpan(
                depth=depth,
                service=span.service,
                operation="  " * depth + cut(span.name, 120),
                kind=span.kind,
                offset_ms=number((span.start - start) * 1000) or 0.0,
                duration_ms=number(span.duration_ms),
                self_ms=number(own[span.span_id]),
                status="error" if span.error else "ok",
                error=cut(messages.get((span.trace_id, span.span_id), ""), 200),
                trace_id=span.trace_id,
                critical=span.span_id in critical,
            )
        )
    return rows


def _in_order(trace: Trace) -> list[Span]:
    """Parents before children, children by start."""
    ordered: list[Span] = []
    pending = sorted(trace.roots, key=lambda span: -span.start)
    while pending:
        span = pending.pop()
        ordered.append(span)
        pending += sorted(trace.children(span), key=lambda child: -child.start)
    return ordered


def _graph_spans(found: Iterable[TracedSpan]) -> list[Span]:
    """Spans as the analysis of traces wants them."""
    return [
        Span(
            span.trace_id,
            span.span_id,
            span.parent_id,
            span.service,
            span.name,
            span.kind,
            span.start,
            span.duration_ms,
            span_failed(span),
            peer(span) if span.kind == "client" else "",
        )
        for span in found
    ]
