"""Before and after: the level of named signals in two windows, beside their healthy level."""

from dataclasses import dataclass

import numpy as np

from ..errors import ToolRetry
from ..telemetry.model import Window
from ..telemetry.signal_catalogue import definition
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Row, Table, tool


@dataclass(frozen=True, slots=True)
class SignalLevels(Row):
    """Medians of one signal: healthy, before an action and after it."""

    service: str
    signal: str
    unit: str
    baseline: float | None
    before: float | None
    after: float | None
    higher_is_worse: bool


@tool(Effect.read)
def measure(
    bench: Bench,
    targets: list[str],
    before: tuple[float, float],
    after: tuple[float, float],
) -> Table[SignalLevels]:
    """Level of signals before and after an action (medians), beside the healthy baseline.

    Args:
        targets: "service/signal", for example "gateway/error_rate".
        before: begin and end, unix seconds, of the window before the action.
        after: begin and end of the window after the stabilisation.
    """
    pairs = [(service, signal) for service, _, signal in (t.partition("/") for t in targets)]
    if not all(signal for _, signal in pairs):
        raise ToolRetry('targets are "service/signal", for example "gateway/error_rate"')
    services = sorted({service for service, _ in pairs})
    names = sorted({signal for _, signal in pairs})
    # Each window by itself: between them may lie a year that nobody asked about.
    found = [
        _read(bench, window, services, names)
        for window in (bench.frame.baseline, Window(*before), Window(*after))
    ]
    rows = [_row(pair, found) for pair in pairs]
    measured = sum(row.after is not None for row in rows)
    text = f"{measured} of {len(rows)} signals measured after the action"
    return Table(rows, text, Window(before[0], after[1]))


Found = dict[tuple[str, str], tuple[Signal, float | None]]


def _read(bench: Bench, window: Window, services: list[str], names: list[str]) -> Found:
    """Each signal in one window, and its level there; nothing for an empty window."""
    if window.seconds <= 0:
        return {}
    signals = read_signals(bench.telemetry, window, services, names)
    return {(s.service, s.name): (s, _level(s, window)) for s in signals}


def _row(pair: tuple[str, str], found: list[Found]) -> SignalLevels:
    signal = next((part[pair][0] for part in found if pair in part), None)
    levels = [part[pair][1] if pair in part else None for part in found]
    return SignalLevels(
        service=pair[0],
        signal=pair[1],
        unit=signal.unit if signal else "",
        baseline=levels[0],
        before=levels[1],
        after=levels[2],
        higher_is_worse=definition(pair[1]).higher_is_worse if signal else True,
    )


def _level(signal: Signal, window: Window) -> float | None:
    """Median of the finite values inside a window, four significant digits."""
    values = signal.within(window)
    values = values[np.isfinite(values)]
    return float(f"{np.median(values):.4g}") if values.size else None
