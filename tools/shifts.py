"""Signals of services against their own past: how far each stands from its baseline."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..analysis.anomaly import USUAL, Anomaly, Unscored, score_window
from ..telemetry.recording import Recording
from ..telemetry.signal_catalogue import Unit
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Effect, Frame, Row, Table, tool
from .reading import median, number, seconds, table

FEWEST_EVENTS = 4
"""A share of fewer requests than this says nothing."""
CONTIGUOUS_S = 120.0
"""Up to this gap between the windows, one grid spans both."""


@dataclass(frozen=True, slots=True)
class SignalShift(Row):
    """One signal of one service against its own baseline; `onset` in unix seconds."""

    service: str
    signal: str
    unit: str
    baseline: float | None
    current: float | None
    ratio: float | None
    score: float
    direction: int  # +1 up, -1 down, 0 unchanged
    worse: bool
    onset: float | None
    note: str
    source: str


@dataclass(frozen=True)
class Shift:
    """One signal in both windows."""

    signal: Signal  # as of the incident window
    before: np.ndarray
    now: np.ndarray
    start: float  # of the incident window, unix seconds

    @cached_property
    def scored(self) -> Anomaly | Unscored:
        """How far the incident stands from the baseline."""
        return score_window(self.before, self.now, absolute_floor=self.signal.known.floor.spread)

    @property
    def score(self) -> float:
        """Sustained robust z; 0 where there is none."""
        return self.scored.score if isinstance(self.scored, Anomaly) else 0.0

    @property
    def direction(self) -> int:
        """+1 up, -1 down, 0 unchanged."""
        return self.scored.direction if isinstance(self.scored, Anomaly) else 0

    @property
    def worse(self) -> bool:
        """Whether it left its usual band in the bad direction."""
        if self.signal.known.neutral or self.score < USUAL:
            return False
        return self.direction == (1 if self.signal.known.higher_is_worse else -1)

    @property
    def onset(self) -> float | None:
        """Since when, unix seconds."""
        if not isinstance(self.scored, Anomaly) or self.scored.onset is None:
            return None
        return self.start + self.scored.onset * self.signal.step

    @property
    def ended(self) -> bool:
        """Whether there were values, and for most of the incident there are none."""
        seen = np.isfinite(self.now)
        return bool(seen.mean() < 0.4 and not seen[-3:].any() and np.isfinite(self.before).any())

    def row(self) -> SignalShift:
        """As a row of a table."""
        scored = self.scored
        if isinstance(scored, Anomaly):
            before, now, times = scored.baseline, scored.current, scored.ratio
            note = "vanished" if self.ended else ""
        else:
            before, now, times = median(self.before), median(self.now), None
            note = scored.reason
        return SignalShift(
            service=self.signal.service,
            signal=self.signal.name,
            unit=self.signal.unit,
            baseline=number(before),
            current=number(now),
            ratio=number(times, 3),
            score=number(self.score, 3) or 0.0,
            direction=self.direction,
            worse=self.worse,
            onset=number(self.onset),
            note=note,
            source=self.signal.source,
        )


def shifts(bench: Bench) -> list[Shift]:
    """Every signal of both windows, the worst first, then by score. Their arrays are shared: never
    written into."""
    frame = bench.frame
    key = ("shifts", frame.baseline, frame.incident)
    return list(bench.telemetry.remember(key, lambda: _compare(bench.telemetry, frame)))


def _compare(telemetry: Recording, frame: Frame) -> list[Shift]:
    made = [
        Shift(signal, before, now, frame.incident.start)
        for signal, before, now in _in_both(telemetry, frame)
        if np.isfinite(before).any() or np.isfinite(now).any()
    ]
    return sorted(made, key=lambda shift: (not shift.worse, -shift.score))


def _in_both(telemetry: Recording, frame: Frame) -> Iterator[tuple[Signal, np.ndarray, np.ndarray]]:
    """Each signal, and its values in both windows. Where these lie far apart, each has a grid of
    its own."""
    if frame.incident.start - frame.baseline.end <= CONTIGUOUS_S:
        for signal in map(trusted, read_signals(telemetry, frame.whole)):
            yield signal, signal.within(frame.baseline), signal.within(frame.incident)
        return
    then, now = (
        {(s.service, s.name): trusted(s) for s in read_signals(telemetry, window)}
        for window in (frame.baseline, frame.incident)
    )
    nothing = np.array([np.nan])
    for key in sorted(then.keys() | now.keys()):
        before, after = (part[key].values if key in part else nothing for part in (then, now))
        yield now.get(key) or then[key], before, after


def trusted(signal: Signal) -> Signal:
    """Without the shares that rest on too few requests."""
    if signal.unit != Unit.share or signal.events is None:
        return signal
    enough = np.nan_to_num(signal.events) >= FEWEST_EVENTS
    return replace(signal, values=np.where(enough, signal.values, np.nan))


@tool(Effect.read)
def compare_signals(bench: Bench) -> Table[SignalShift]:
    """Compare every signal of every service in the incident window with its own baseline.

    Score is a robust z over a sustained run: below 3 is usual, above 6 is clear. `worse` says
    that it moved in the bad direction; `onset` is when (unix seconds). Worst first.
    """
    found = shifts(bench)
    worse = [shift for shift in found if shift.worse]
    summary = f"{len(worse)} of {len(found)} signals are worse than their baseline"
    if worse:
        first = worse[0].signal
        summary += f"; most of all {first.name} of {first.service}"
    nothing = f"no signals at all in {seconds(bench.frame.whole)} of metrics and spans"
    return table([shift.row() for shift in found], summary, nothing, bench.frame.whole)
