"""Calls between services, before and now."""

from collections.abc import Collection
from dataclasses import dataclass

from ..analysis.requests.edges import EdgeShift, EdgeStats, compare_edges
from .base import Bench, Effect, Row, Table, tool
from .reading import number, seconds, table, traces


@dataclass(frozen=True, slots=True)
class CallEdge(Row):
    """Calls from one service to another, before and now."""

    caller: str
    callee: str
    requests: int
    requests_before: int
    error_share: float | None
    error_share_before: float | None
    error_rise: float
    p95_ms: float | None
    p95_ms_before: float | None
    latency_ratio: float | None
    unanswered: int
    unanswered_share: float


@tool(Effect.read)
def call_edges(bench: Bench) -> Table[CallEdge]:
    """Every caller -> callee: requests, share of failed calls, P95 and calls that nobody
    answered, in the incident against the baseline. The edge that got worst first."""
    frame = bench.frame
    before, after = traces(bench)
    instrumented = before.serving | after.serving
    rows = [_row(shift, instrumented) for shift in compare_edges(before, after)]
    summary = f"{len(rows)} edges"
    if rows and rows[0].error_rise:
        summary += f"; worst {rows[0].caller} -> {rows[0].callee}"
        summary += f": {rows[0].error_share or 0:.0%} of calls fail"
    count_before, count = map(len, traces(bench, linked=False))
    nothing = f"no call between services among {count_before} spans of the baseline and {count} of "
    nothing += f"{seconds(frame.incident)} incident"
    return table(rows, summary, nothing, frame.incident)


def _row(shift: EdgeShift, instrumented: Collection[str]) -> CallEdge:
    before, after = shift.before, shift.after
    # A callee that never leaves spans (a database, a provider) answers without being seen.
    lost = after.unanswered if after and shift.callee in instrumented else 0
    return CallEdge(
        caller=shift.caller,
        callee=shift.callee,
        requests=after.count if after else 0,
        requests_before=before.count if before else 0,
        error_share=_errors(after),
        error_share_before=_errors(before),
        error_rise=number(shift.error_rise) or 0.0,
        p95_ms=number(after.p95_ms) if after else None,
        p95_ms_before=number(before.p95_ms) if before else None,
        latency_ratio=number(shift.latency_ratio, 3),
        unanswered=lost,
        unanswered_share=(number(lost / after.count) or 0.0) if after and after.count else 0.0,
    )


def _errors(stats: EdgeStats | None) -> float | None:
    return number(stats.error_share) if stats else None
