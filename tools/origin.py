"""Calls between services, before and now, and where along them the degradation starts."""

from collections.abc import Collection
from dataclasses import dataclass

from ..analysis.anomaly import Anomaly
from ..analysis.propagation import rank_origins
from ..analysis.requests.edges import EdgeShift, EdgeStats, compare_edges, missing_callees
from ..analysis.requests.tables import SpanTable
from ..telemetry.signal_catalogue import SignalName
from .base import Bench, Effect, Row, Table, tool
from .health import BAD
from .reading import number, seconds, table, traces
from .requests import listed_calls
from .shifts import Shift, shifts


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


@tool(Effect.read, shares=("traces",))
def call_edges(bench: Bench) -> Table[CallEdge]:
    """Every caller -> callee: requests, share of failed calls, P95 and calls that nobody
    answered, in the incident against the baseline. The edge that got worst first."""
    frame = bench.frame
    before, after = traces(bench)
    instrumented = before.serving | after.serving
    rows = [_edge(shift, instrumented) for shift in compare_edges(before, after)]
    summary = f"{len(rows)} edges"
    if rows and rows[0].error_rise:
        summary += f"; worst {rows[0].caller} -> {rows[0].callee}"
        summary += f": {rows[0].error_share or 0:.0%} of calls fail"
    count_before, count = map(len, traces(bench, linked=False))
    nothing = f"no call between services among {count_before} spans of the baseline and {count} of "
    nothing += f"{seconds(frame.incident)} incident"
    return table(rows, summary, nothing, frame.incident)


def _edge(shift: EdgeShift, instrumented: Collection[str]) -> CallEdge:
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


CLEAR = 0.3
"""A service's own anomaly from which one can speak of a degradation."""


@dataclass(frozen=True, slots=True)
class OriginSuspect(Row):
    """One service by the blame that flows to it along the calls."""

    rank: int
    service: str
    blame: float
    own: float
    silent: bool
    path: str  # joined by " > "
    signal: str


@tool(Effect.read, shares=("traces",))
def origin(bench: Bench) -> Table[OriginSuspect]:
    """Where the degradation starts: services ranked by blame, which flows along the calls.

    Blame sums to 1. `own` is how ill the service itself is, `silent` says that it left no
    telemetry while its callers waited, `path` leads from the loudest service to this one.
    """
    found = shifts(bench)
    worst = _worst(found)
    before, after = traces(bench)
    silent = _silent(found, before, after)
    edges = compare_edges(before, after)
    calls = listed_calls(bench) | {(edge.caller, edge.callee) for edge in edges}
    calls_ill = {(shift.caller, shift.callee): _ill(shift) for shift in edges}
    scores = {
        name: own * _borne_out(name, found, edges, calls_ill) for name, (own, _) in worst.items()
    }
    suspects = rank_origins(scores, calls, silent=silent, edges=calls_ill)
    rows = [
        OriginSuspect(
            rank=rank,
            service=suspect.service,
            blame=number(suspect.blame, 3) or 0.0,
            own=number(suspect.own, 3) or 0.0,
            silent=suspect.silent,
            path=" > ".join(suspect.path),
            signal=worst.get(suspect.service, (0.0, ""))[1]
            or (SignalName.up if suspect.silent else ""),
        )
        for rank, suspect in enumerate(suspects, 1)
        if suspect.blame >= 0.005 or suspect.own > 0
    ]
    summary = ""
    if rows:
        ill = max(row.own for row in rows) >= CLEAR
        start = "the degradation starts at" if ill else "no service is clearly ill, least well is"
        summary = f"{start} {rows[0].service} (blame {rows[0].blame:.0%}, {rows[0].path})"
    nothing = f"no service is ill: {len(found)} signals are in their usual band"
    return table(rows, summary, nothing, bench.frame.whole)


def _worst(found: list[Shift]) -> dict[str, tuple[float, str]]:
    """Each service's own anomaly (0..1), and the signal that shows it."""
    worst: dict[str, tuple[float, str]] = {}
    for shift in found:
        known = shift.signal.known
        if not shift.worse or not known.weight or not isinstance(shift.scored, Anomaly):
            continue
        own = known.weight * shift.scored.strength
        if shift.score < BAD or shift.scored.current < known.harmless:
            own *= 0.3
        if own > worst.get(shift.signal.service, (0.0, ""))[0]:
            worst[shift.signal.service] = own, known.name
    return worst


def _borne_out(
    service: str, found: list[Shift], edges: list[EdgeShift], ill: dict[tuple[str, str], float]
) -> float:
    """How far all callers agree that a service seen only through them is ill.

    When one of several callers suffers, what it asks is to blame, not who answers.
    """
    sources = {shift.signal.source for shift in found if shift.signal.service == service}
    callers = [e for e in edges if e.callee == service and e.after and e.after.count >= 5]
    if "callers" not in sources or len(callers) < 2:
        return 1.0
    sick = sum(ill[edge.caller, edge.callee] >= 0.3 for edge in callers)
    return 1.0 if 2 * sick > len(callers) else 0.05


def _silent(found: list[Shift], before: SpanTable, after: SpanTable) -> set[str]:
    """Services that stopped answering: down by their own account, or mute to their callers."""
    answering = [shift for shift in found if shift.signal.name == SignalName.up]
    down = {shift.signal.service for shift in answering if _gone(shift)}
    lost = missing_callees(after, before.serving) if before.serving else []
    return down | {item.service for item in lost if item.share >= 0.5 and item.unanswered >= 3}


def _gone(shift: Shift) -> bool:
    """Not answering for most of what was seen of the incident."""
    return bool(shift.row().current is not None and shift.direction < 0 and shift.worse)


def _ill(shift: EdgeShift) -> float:
    """How ill the call itself is: by new errors, or by time."""
    slower = 0.0
    if shift.latency_ratio is not None and shift.after and shift.after.p95_ms > 20:
        slower = max(0.0, min(1.0, (shift.latency_ratio - 1.2) / 1.8))
    return max(min(1.0, 4 * max(0.0, shift.error_rise)), slower)
