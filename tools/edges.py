"""Calls between services, before and now."""

from ..analysis.edges import EdgeShift, EdgeStats, compare_edges
from .base import Bench, Effect, Row, Table, tool
from .reading import graph_spans, number, seconds, spans, table


@tool(Effect.read)
def call_edges(bench: Bench) -> Table:
    """Every caller -> callee: requests, share of failed calls, P95 and calls that nobody
    answered, in the incident against the baseline. The edge that got worst first."""
    frame = bench.frame
    before = graph_spans(spans(bench, frame.baseline))
    after = graph_spans(spans(bench, frame.incident))
    instrumented = {span.service for span in [*before, *after] if span.kind == "server"}
    rows = [_row(shift, instrumented) for shift in compare_edges(before, after)]
    summary = f"{len(rows)} edges"
    if rows and rows[0]["error_rise"]:
        summary += f"; worst {rows[0]['caller']} -> {rows[0]['callee']}"
        summary += f": {rows[0]['error_share'] or 0:.0%} of calls fail"
    nothing = (
        f"no call between services among {len(before)} spans of the baseline and {len(after)} of "
        f"{seconds(frame.incident)} incident"
    )
    return table(rows, summary, nothing, frame.incident)


def _row(shift: EdgeShift, instrumented: set[str]) -> Row:
    before, after = shift.before, shift.after
    # A callee that never leaves spans (a database, a provider) answers without being seen.
    lost = after.unanswered if after and shift.callee in instrumented else 0
    return {
        "caller": shift.caller,
        "callee": shift.callee,
        "requests": after.count if after else 0,
        "requests_before": before.count if before else 0,
        "error_share": _errors(after),
        "error_share_before": _errors(before),
        "error_rise": number(shift.error_rise) or 0.0,
        "p95_ms": number(after.p95_ms) if after else None,
        "p95_ms_before": number(before.p95_ms) if before else None,
        "latency_ratio": number(shift.latency_ratio, 3),
        "unanswered": lost,
        "unanswered_share": number(lost / after.count) if after and after.count else 0.0,
    }


def _errors(stats: EdgeStats | None) -> float | None:
    return number(stats.error_share) if stats else None
