"""What grows steadily: leaks, and when they meet their limit."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..analysis.trend import fit_trend, seconds_to_limit
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import CATALOGUE, SignalName
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Row, Table, tool
from .reading import number, seconds, table, whole

SIGNALS = tuple(known.name for known in CATALOGUE.values() if known.leak_growth is not None)
LEAST_POINTS = 8
COLLAPSE = 0.3
"""A fall by this share from one sample to the next is a restart, which ends a climb."""


@dataclass(frozen=True, slots=True)
class GrowthTrend(Row):
    """One signal that rises; `growth` over the window as a share of its start."""

    service: str
    signal: str
    unit: str
    start: float | None
    now: float | None
    slope_per_s: float | None
    growth: float
    limit: float | None
    seconds_to_limit: float | None
    confidence: float
    monotonic: float


@tool(Effect.read)
def growth(bench: Bench) -> Table[GrowthTrend]:
    """Signals that grow steadily like a leak in the incident window: slope, growth over the
    window, and seconds until the limit is met. Confidence 0..1; the surest first, then the
    soonest to be full. Where restarts cut the climb, its longest stretch tells the slope."""
    window = bench.frame.incident
    if window.seconds < 20:  # a short look cannot tell growth from noise: take what was before
        window = Window(max(whole(bench).start, window.end - 20), window.end)
    found = read_signals(bench.telemetry, window, None, [*SIGNALS, SignalName.memory_share])
    shares = {signal.service: signal for signal in found if signal.name == SignalName.memory_share}
    rows = [row for signal in found if signal.name in SIGNALS and (row := _row(signal, shares))]
    rows.sort(key=_order)
    steady = [row for row in rows if row.confidence >= 0.5]
    summary = f"{len(steady)} of {len(rows)} rising signals grow steadily"
    if steady:
        summary += f"; first: {steady[0].signal} of {steady[0].service}"
    return table(rows, summary, f"nothing grows in {seconds(window)}", window)


def _order(row: GrowthTrend) -> tuple[float, float, str]:
    left = row.seconds_to_limit
    return -row.confidence, np.inf if left is None else left, row.service


def _row(signal: Signal, shares: dict[str, Signal]) -> GrowthTrend | None:
    climb = _longest_climb(signal.values)
    ts = signal.ts[climb]
    trend = fit_trend(ts, signal.values[climb])
    material = signal.known.leak_growth or 0.0
    if trend is None or trend.points < LEAST_POINTS or trend.slope <= 0 or trend.growth < material:
        return None
    limit, now = _limit(signal, shares), trend.level
    if climb.stop < signal.values.size:  # restarted since: it is where it is
        now = float(signal.values[np.isfinite(signal.values)][-1])
    left = seconds_to_limit(now, trend.slope, limit) if limit is not None else None
    sure = trend.tau if trend.monotonic else 0.0
    return GrowthTrend(
        service=signal.service,
        signal=signal.name,
        unit=signal.unit,
        start=number(trend.level - trend.slope * float(ts[-1] - ts[0])),
        now=number(now),
        slope_per_s=number(trend.slope),
        growth=number(min(trend.growth, 1e6)) or 0.0,
        limit=number(limit),
        seconds_to_limit=number(left),
        confidence=number(max(0.0, sure) * min(1.0, trend.growth / (4 * material)), 3) or 0.0,
        monotonic=trend.monotonic,
    )


def _longest_climb(values: np.ndarray) -> slice:
    """The longest stretch without a collapse, the later of equals."""
    cells = np.flatnonzero(np.isfinite(values))
    known = values[cells]
    falls = np.flatnonzero(known[1:] < (1 - COLLAPSE) * known[:-1]) + 1
    cuts = [0, *cells[falls].tolist(), values.size]
    start, stop = max(pairwise(cuts), key=lambda part: (part[1] - part[0], part))
    return slice(start, stop)


def _limit(signal: Signal, shares: dict[str, Signal]) -> float | None:
    """The memory limit, from the share that it makes of it."""
    share = shares.get(signal.service)
    if signal.name != SignalName.memory_bytes or share is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = signal.values / share.values
    finite = limits[np.isfinite(limits)]
    return float(np.median(finite)) if finite.size else None
