"""How far each signal stands from its own baseline: the base of several tools."""

from dataclasses import dataclass, replace

import numpy as np

from ..analysis.anomaly import USUAL, Anomaly, Unscored, score_window
from ..telemetry.signal_catalogue import Unit
from ..telemetry.signals import Signal, read_signals
from .base import Bench, Row
from .reading import number, whole

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
    scored: Anomaly | Unscored
    start: float  # of the incident window, unix seconds

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
            before, now, times = _median(self.before), _median(self.now), None
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


def shifts(
    bench: Bench, services: list[str] | None = None, names: list[str] | None = None
) -> list[Shift]:
    """Every signal of both windows, the worst first, then by score. Their arrays are shared: never
    written into."""
    frame = bench.frame
    asked = tuple(None if part is None else tuple(part) for part in (services, names))
    key = ("shifts", frame.baseline, frame.incident, *asked)
    return list(bench.telemetry.remember(key, lambda: _compare(bench, services, names)))


def _compare(bench: Bench, services: list[str] | None, names: list[str] | None) -> list[Shift]:
    frame = bench.frame
    near = frame.incident.start - frame.baseline.end <= CONTIGUOUS_S
    if near:
        found = [
            trusted(item) for item in read_signals(bench.telemetry, whole(bench), services, names)
        ]
        pairs = [(item, item.within(frame.baseline), item.within(frame.incident)) for item in found]
    else:
        pairs = _apart(bench, services, names)
    made = [
        Shift(signal, before, now, _score(signal, before, now), frame.incident.start)
        for signal, before, now in pairs
        if np.isfinite(before).any() or np.isfinite(now).any()
    ]
    return sorted(made, key=lambda shift: (not shift.worse, -shift.score))


def _apart(
    bench: Bench, services: list[str] | None, names: list[str] | None
) -> list[tuple[Signal, np.ndarray, np.ndarray]]:
    """The windows lie far apart: each has its own grid."""
    frame = bench.frame
    then, now = (
        {
            (s.service, s.name): trusted(s)
            for s in read_signals(bench.telemetry, window, services, names)
        }
        for window in (frame.baseline, frame.incident)
    )
    nothing = np.array([np.nan])
    return [
        (
            now.get(key) or then[key],
            then[key].values if key in then else nothing,
            now[key].values if key in now else nothing,
        )
        for key in sorted(then.keys() | now.keys())
    ]


def trusted(signal: Signal) -> Signal:
    """Without the shares that rest on too few requests."""
    if signal.unit != Unit.share or signal.events is None:
        return signal
    enough = np.nan_to_num(signal.events) >= FEWEST_EVENTS
    return replace(signal, values=np.where(enough, signal.values, np.nan))


def _score(signal: Signal, before: np.ndarray, now: np.ndarray) -> Anomaly | Unscored:
    return score_window(before, now, absolute_floor=signal.known.floor.spread)


def _median(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None
