"""How full each resource is, and what grows steadily: leaks, and when they meet their limit."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..analysis.capacity import fit_trend, seconds_to_limit
from ..analysis.capacity import saturation as fullness
from ..telemetry.model import Service, Window
from ..telemetry.signal_catalogue import (
    CATALOGUE,
    CONCURRENCY_LIMIT,
    CONNECTIONS_LIMIT,
    MEMORY_LIMIT,
    POOL_SIZE,
    SignalName,
)
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Row, Table, tool
from .reading import median, number, seconds, table
from .shifts import Shift, shifts

AMOUNTS: dict[str, SignalName] = {
    SignalName.memory_share: SignalName.memory_bytes,
    SignalName.concurrency_share: SignalName.in_flight,
    SignalName.connections_share: SignalName.connections,
}
"""Signal of a share in use: the signal of the amount."""
WAITING: dict[str, SignalName] = {
    SignalName.db_pool_share: SignalName.db_pool_waiting,
    SignalName.connections_share: SignalName.locks_waiting,
}
"""Signal of a share in use: the signal of what waits for more."""
LIMITS = {
    "memory": ("memory_bytes", MEMORY_LIMIT),
    "concurrency": ("concurrency", CONCURRENCY_LIMIT),
    "db pool": ("db_pool", POOL_SIZE),
    "db connections": ("db_connections", CONNECTIONS_LIMIT),
}
"""Where a resource's limit stands: in the catalogue, and as a metric."""


@dataclass(frozen=True, slots=True)
class ResourceUse(Row):
    """How full one resource is; `used`, `limit` and `waiting` in the resource's own unit."""

    service: str
    resource: str
    used: float | None
    limit: float | None
    utilisation: float | None
    utilisation_before: float | None
    peak: float | None
    waiting: float | None
    score: float


@tool(Effect.read)
def saturation(bench: Bench) -> Table[ResourceUse]:
    """Utilisation of memory, CPU, concurrency, database pool and connections of every service:
    in the incident's last third (median), at its peak, and before. Score 0..1; full first."""
    found = shifts(bench)
    signals = {(shift.signal.service, shift.signal.name): shift for shift in found}
    catalogue = bench.telemetry.catalogue()
    limits = _limits(bench)
    rows = []
    for (service, _), shift in signals.items():
        if shift.signal.known.resource and np.isfinite(shift.now).any():
            entry = catalogue.find(service) or Service(name=service)
            rows.append(_row(shift, signals, entry, limits))
    rows.sort(key=lambda row: (-row.score, -(row.utilisation or 0.0)))
    full = [row for row in rows if row.score >= 0.5]
    summary = f"{len(full)} of {len(rows)} resources are saturated"
    summary += f"; most of all {rows[0].resource} of {rows[0].service}" if full else ""
    nothing = "no utilisation metrics with limits for any service"
    return table(rows, summary, nothing, bench.frame.whole)


def _limits(bench: Bench) -> dict[tuple[str, str], float]:
    """The newest value of each limit metric, by service and metric; instances' smallest."""
    names = [metric for _, metric in LIMITS.values()]
    newest: dict[tuple[str, str], float] = {}
    for item in bench.telemetry.metrics(bench.frame.whole, names):
        key = item.service, item.name
        newest[key] = min(newest.get(key, np.inf), float(item.values[-1]))
    return newest


def _row(
    shift: Shift,
    signals: dict[tuple[str, str], Shift],
    entry: Service,
    limits: dict[tuple[str, str], float],
) -> ResourceUse:
    service = shift.signal.service
    name, resource = shift.signal.name, shift.signal.known.resource
    listed, metric = LIMITS.get(resource, ("", ""))
    limit = limits.get((service, metric), entry.limits.get(listed))
    if resource == "cpu":
        limit = 1.0
    now, peak = _lately(shift.now), float(np.nanmax(shift.now))
    used = signals.get((service, AMOUNTS.get(name, "")))
    waits = signals.get((service, WAITING.get(name, "")))
    waiting = _lately(waits.now) if waits else None
    shed = signals.get((service, SignalName.throttled_rate))
    score = fullness(
        now,
        limit=limit,
        waiting=waiting or 0.0,
        shed_share=(_lately(shed.now) or 0.0) if shed and resource == "concurrency" else 0.0,
    )
    times = now * limit if now is not None and limit is not None else None
    return ResourceUse(
        service=service,
        resource=resource,
        used=number(_lately(used.now) if used else times),
        limit=number(limit),
        utilisation=number(now),
        utilisation_before=number(median(shift.before)),
        peak=number(peak),
        waiting=number(waiting),
        score=number(score.score, 3) or 0.0,
    )


def _lately(values: np.ndarray) -> float | None:
    """The median of the last third: a leak is judged by where it has come to."""
    return median(values[-max(3, values.size // 3) :])


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
        window = Window(max(bench.frame.whole.start, window.end - 20), window.end)
    found = read_signals(bench.telemetry, window, None, [*SIGNALS, SignalName.memory_share])
    shares = {signal.service: signal for signal in found if signal.name == SignalName.memory_share}
    rows = [row for signal in found if signal.name in SIGNALS and (row := _trend(signal, shares))]
    rows.sort(key=lambda row: (-row.confidence, _or_never(row.seconds_to_limit), row.service))
    steady = [row for row in rows if row.confidence >= 0.5]
    summary = f"{len(steady)} of {len(rows)} rising signals grow steadily"
    if steady:
        summary += f"; first: {steady[0].signal} of {steady[0].service}"
    return table(rows, summary, f"nothing grows in {seconds(window)}", window)


def _or_never(seconds: float | None) -> float:
    return np.inf if seconds is None else seconds


def _trend(signal: Signal, shares: dict[str, Signal]) -> GrowthTrend | None:
    climb = _longest_climb(signal.values)
    ts = signal.ts[climb]
    trend = fit_trend(ts, signal.values[climb])
    material = signal.known.leak_growth or 0.0
    if trend is None or trend.points < LEAST_POINTS or trend.slope <= 0 or trend.growth < material:
        return None
    limit, now = _memory_limit(signal, shares), trend.level
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


def _memory_limit(signal: Signal, shares: dict[str, Signal]) -> float | None:
    """The memory limit, from the share that it makes of it."""
    share = shares.get(signal.service)
    if signal.name != SignalName.memory_bytes or share is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return median(signal.values / share.values)
