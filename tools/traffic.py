"""Where traffic comes from, and how much more of it there is."""

from collections import Counter
from dataclasses import dataclass

from ..analysis.rates import rate_change
from ..analysis.sources import AuthEvent, by_network
from ..telemetry.model import Window
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import edge_requests
from .reading import cut, number, one_of, ratio, seconds, table

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class TrafficRate(Row):
    """Arrivals per second of one route, source, network or service; "*" is all of the edge."""

    value: str
    rate: float
    rate_before: float
    ratio: float | None
    score: float
    share: float | None


@tool(Effect.read)
def traffic(bench: Bench, by: str = "route") -> Table[TrafficRate]:
    """Arrival rate at the edge by route, source or /24 network, or of every service, against the
    baseline.

    The first row, value "*", is all requests at the edge. Score is -log10 of the probability of
    chance; what grew most first.
    """
    one_of("by", by, ("route", "source", "network", "service"))
    frame = bench.frame
    before, after = _values(bench, frame.baseline, by), _values(bench, frame.incident, by)
    lengths = max(frame.baseline.seconds, 1e-3), max(frame.incident.seconds, 1e-3)
    usual, now = Counter(before), Counter(after)
    total = len(edge_requests(bench, frame.incident))
    every = _row("*", len(edge_requests(bench, frame.baseline)), total, lengths, total)
    rows = [_row(value, usual[value], now[value], lengths, len(after)) for value in now | usual]
    rows.sort(key=lambda row: (-_risen(row), -(row.rate or 0.0), row.value))
    summary = f"{every.rate} requests/s at the edge, {every.rate_before} before"
    summary += f"; first: {rows[0].value}" if rows else ""
    nothing = f"no requests in {seconds(frame.incident)} of spans"
    return table([every, *rows[:MOST_ROWS]] if rows else [], summary, nothing, frame.incident)


def _values(bench: Bench, window: Window, by: str) -> list[str]:
    if by == "service":
        found = bench.telemetry.span_table(window, linked=False)
        return [found.services[i] for i in found.service[found.of_kind("server")].tolist()]
    requests = edge_requests(bench, window)
    values = [value for r in requests if (value := r.route if by == "route" else r.client)]
    if by != "network":
        return values
    return [event.source for event in by_network(AuthEvent(v, "", False) for v in values)]


def _row(
    value: str, before: int, now: int, lengths: tuple[float, float], total: int
) -> TrafficRate:
    change = rate_change(before, now, *lengths)
    rate, rate_before = now / lengths[1], before / lengths[0]
    return TrafficRate(
        value=cut(value, 200),
        rate=number(rate) or 0.0,
        rate_before=number(rate_before) or 0.0,
        ratio=ratio(rate, rate_before),
        score=number(-change.log10_p, 3) or 0.0,
        share=number(now / total) if total else None,
    )


def _risen(row: TrafficRate) -> float:
    return row.score if (row.rate or 0.0) > (row.rate_before or 0.0) else 0.0
