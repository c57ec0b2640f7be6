"""The constants of the root-cause engine that were chosen with public cases in view, as knobs.

They stay module constants, each beside the argument for it: handing thirteen of them through every
function would make the engine harder to read for the sake of one measurement. So the measurement
turns them where they stand, in a process of its own in which nothing else runs, and puts them back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from statistics import mean
from types import ModuleType
from typing import Any

from ...agents.causes import location
from ...analysis.metrics import case, flow, illness, suspects
from ...analysis.requests import delays, pattern_counts
from ..framework.statistics import brier
from ..rca.results import RcaRun
from ..rca.tables import marks_in, stated

FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Times the present value."""
PATHS, WAITS, METRICS = "changed_paths", "added_waits", "metric_blame"
"""The tools whose answers depend on knobs."""
Setting = Mapping[str, float]
"""A value for each knob, by name."""


@dataclass(frozen=True)
class Knob:
    """One constant, and where it is read."""

    name: str
    modules: tuple[ModuleType, ...]
    """All that hold it: who imports a constant by name has one of its own."""
    tool: str = ""
    """The tool whose answer depends on it; empty: only what is concluded from all answers."""
    most: float = inf
    of_rest: bool = False
    """A share close to 1, of which the rest to 1 is halved and doubled."""

    @property
    def value(self) -> float:
        """As it stands now."""
        return getattr(self.modules[0], self.name)

    def times(self, factor: float) -> float:
        """The value so many times as large, within its bounds."""
        if self.of_rest:
            return round(1 - (1 - self.value) * factor, 6)
        return round(min(self.most, self.value * factor), 6)

    def grid(self) -> list[float]:
        """What may be chosen, without repetitions."""
        return list(dict.fromkeys(map(self.times, FACTORS)))


KNOBS = (
    Knob("OTHER_WAY", (location,)),
    Knob("WAITING", (location,)),
    Knob("MEASURED", (location,), most=1.0),
    Knob("RARE", (pattern_counts,), PATHS),
    Knob("SHIFTED", (pattern_counts,), PATHS, most=1.0),
    Knob("QUIET", (pattern_counts,), PATHS, most=1.0),
    Knob("NOTICED", (delays,), WAITS),
    Knob("SPARSE", (delays,), WAITS),
    Knob("STEEP", (illness,), METRICS),
    Knob("SMALL_LOSS", (case,), METRICS, most=1.0),
    Knob("USUAL", (illness, flow, suspects), METRICS),
    Knob("MOST_PASSED", (flow,), METRICS, of_rest=True),
    Knob("UNSEEN", (flow,), METRICS, most=1.0),
)


def present() -> dict[str, float]:
    """The knobs as they stand."""
    return {knob.name: knob.value for knob in KNOBS}


def values_for(tool: str) -> tuple[float, ...]:
    """What the knobs that this tool depends on stand at; nothing for a tool that has none."""
    return tuple(knob.value for knob in KNOBS if knob.tool == tool)


@contextmanager
def turned(setting: Setting) -> Iterator[None]:
    """The knobs at these values, inside; those that are not named stay."""
    places = [(module, knob) for knob in KNOBS for module in knob.modules]
    with replaced([(m, k.name, setting[k.name]) for m, k in places if k.name in setting]):
        yield


@contextmanager
def replaced(new: list[tuple[ModuleType, str, Any]]) -> Iterator[None]:
    """Names of modules stand for something else, inside; put back whatever happens."""
    before = [(module, name, getattr(module, name)) for module, name, _value in new]
    try:
        for module, name, value in new:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


DIGITS = 9
"""Figures that differ by less are the same: sums in another order."""
Worth = tuple[float, float, float]
"""Larger is better, the first figure first."""
Worths = Callable[[list[Setting]], list[Worth]]


@dataclass(frozen=True)
class SetFigures:
    """One set under one setting."""

    first: float  # AC@1
    third: float  # AC@3
    average: float  # Avg@5
    brier: float | None  # None: nobody stated a probability


def figures_of(runs: Sequence[RcaRun]) -> SetFigures:
    """Of the runs of one set. Raises ValueError where none was scored."""
    marks = marks_in(runs)
    if not marks:
        raise ValueError("no run of the set could be scored")
    first, third = (mean(one.at[k] for one in marks) for k in (0, 2))
    return SetFigures(first, third, mean(mean(one.at) for one in marks), brier(stated(marks)))


def worth(sets: Sequence[SetFigures]) -> Worth:
    """The means over sets, as they are compared."""
    stating = [one.brier for one in sets if one.brier is not None]
    off = mean(stating) if stating else 1.0
    values = (mean(one.first for one in sets), mean(one.average for one in sets), -off)
    first, average, sure = (round(value, DIGITS) for value in values)
    return first, average, sure


def chosen(
    start: Setting, grids: Mapping[str, Sequence[float]], worths: Worths, rounds: int = 1
) -> dict[str, float]:
    """Turn each knob in turn to the value that is worth most; stop when a round turns none."""
    best = dict(start)
    for _ in range(rounds):
        before = dict(best)
        for name, grid in grids.items():
            best[name] = _best_of(best, name, grid, worths)
        if best == before:
            break
    return best


def _best_of(setting: Setting, name: str, grid: Sequence[float], worths: Worths) -> float:
    values = [setting[name], *(value for value in grid if value != setting[name])]
    found = worths([{**setting, name: value} for value in values])
    return values[found.index(max(found))]


def differences(start: Setting, end: Setting) -> str:
    """The knobs that were turned, in words; "none" where all stayed."""
    moved = [
        f"{name} {start[name]:g} → {end[name]:g}" for name in start if end[name] != start[name]
    ]
    return ", ".join(moved) or "none"
