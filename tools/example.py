"""One request, span by span."""

from ..analysis.span_time import critical_path, exclusive_ms
from ..analysis.spans import Span, Trace, build_traces
from ..telemetry.model import Span as TracedSpan
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, graph_spans, number, one_of, seconds, spans, table, whole

MOST_SPANS = 60


@tool(Effect.read)
def example_trace(
    bench: Bench, kind: str = "failing", service: str = "", trace_id: str = ""
) -> Table:
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
    found = spans(bench, window)
    if trace_id:
        found = [span for span in found if span.trace_id == trace_id]
    failed = [span for span in found if span.status == "error"]
    messages = {(span.trace_id, span.span_id): _message(span) for span in failed}
    trace = _choose(build_traces(graph_spans(found)), kind, service, bool(trace_id))
    nothing = f"no {'such' if trace_id else kind} trace"
    nothing += f" through {service}" if service else ""
    nothing += f" among {len(found)} spans of {seconds(window)}"
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


def _choose(traces: list[Trace], kind: str, service: str, exact: bool) -> Trace | None:
    def fits(trace: Trace) -> bool:
        part = [span for span in trace.spans if span.error or kind == "slow"]
        return any(not service or service in (span.service, span.peer) for span in part)

    def order(trace: Trace) -> tuple[bool, float]:
        root = max(trace.roots, key=lambda span: span.duration_ms)
        return root.error and kind == "failing", root.duration_ms

    candidates = [trace for trace in traces if trace.roots and (exact or fits(trace))]
    return max(candidates, key=order, default=None)


def _rows(trace: Trace, messages: dict[tuple[str, str], str]) -> list[Row]:
    own = exclusive_ms(trace)
    critical = {span.span_id for span in critical_path(trace)}
    start = min(span.start for span in trace.spans)
    rows: list[Row] = []
    for span in _in_order(trace)[:MOST_SPANS]:
        depth = trace.depth(span)
        rows.append(
            {
                "depth": depth,
                "service": span.service,
                "operation": "  " * depth + cut(span.name, 120),
                "kind": span.kind,
                "offset_ms": number((span.start - start) * 1000) or 0.0,
                "duration_ms": number(span.duration_ms),
                "self_ms": number(own[span.span_id]),
                "status": "error" if span.error else "ok",
                "error": cut(messages.get((span.trace_id, span.span_id), ""), 200),
                "trace_id": span.trace_id,
                "critical": span.span_id in critical,
            }
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
