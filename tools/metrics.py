"""Signals of services against their own past."""

from dataclasses import dataclass

import numpy as np

from ..analysis.series import downsample
from ..telemetry.signal_catalogue import MEASURED
from ..telemetry.signals import read_signals
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, number, one_of, seconds, table, whole
from .shifts import SignalShift, shifts


@dataclass(frozen=True, slots=True)
class SignalPoint(Row):
    """One value; `ts` in unix seconds."""

    ts: float | None
    value: float | None


@tool(Effect.read)
def compare_signals(
    bench: Bench,
    services: list[str] | None = None,
    signals: list[str] | None = None,
    min_score: float = 0.0,
) -> Table[SignalShift]:
    """Compare every signal of every service in the incident window with its own baseline.

    Score is a robust z over a sustained run: below 3 is usual, above 6 is clear. `worse` says
    that it moved in the bad direction; `onset` is when (unix seconds). Worst first.
    """
    wanted = [one_of("signals", name, MEASURED) for name in signals] if signals else None
    found = shifts(bench, checked(bench, services), wanted)
    rows = [shift.row() for shift in found if shift.score >= min_score]
    worse = [shift for shift in found if shift.worse]
    summary = f"{len(worse)} of {len(found)} signals are worse than their baseline"
    if worse:
        first = worse[0].signal
        summary += f"; most of all {first.name} of {first.service}"
    nothing = (
        f"no signals at all in {seconds(whole(bench))} of metrics and spans"
        if not found
        else f"none of {len(found)} signals scores {min_score:g} or more"
    )
    return table(rows, summary, nothing, whole(bench))


@tool(Effect.read)
def signal_series(bench: Bench, service: str, signal: str, points: int = 60) -> Table[SignalPoint]:
    """One signal of one service over baseline and incident as at most `points` (ts, value)."""
    checked(bench, [service])
    one_of("signal", signal, MEASURED)
    window = whole(bench)
    found = read_signals(bench.telemetry, window, [service], [signal])
    if not found:
        return table([], "", f"{service} has no {signal} in {seconds(window)}", window)
    values = downsample(found[0].values, max(2, min(points, 200)))
    ts = np.linspace(found[0].ts[0], found[0].ts[-1], values.size)
    rows = [
        SignalPoint(
            ts=number(float(at)),
            value=number(float(value)),
        )
        for at, value in zip(ts, values, strict=True)
        if np.isfinite(value)
    ]
    summary = f"{signal} of {service} in {found[0].unit}, {len(rows)} points"
    return table(rows, summary, f"{signal} of {service} has no values", window)
