"""The constants of the root-cause engine that were chosen with public cases in view, as knobs: the
fields of `Tuning`, each with the tool whose answer depends on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf
from statistics import mean

from ...analysis.tuning import STANDARD, Tuning
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
    """One field of `Tuning`."""

    name: str
    tool: str = ""
    """The tool whose answer depends on it; empty: only what is concluded from all answers."""
    most: float = inf
    of_rest: bool = False
    """A share close to 1, of which the rest to 1 is halved and doubled."""

    @property
    def value(self) -> float:
        """As the product uses it."""
        return getattr(STANDARD, self.name)

    def times(self, factor: float) -> float:
        """The value so many times as large, within its bounds."""
        if self.of_rest:
            return round(1 - (1 - self.value) * factor, 6)
        return round(min(self.most, self.value * factor), 6)

    def grid(self) -> list[float]:
        """What may be chosen, without repetitions."""
        return list(dict.fromkeys(map(self.times, FACTORS)))


KNOBS = (
    Knob("other_way"),
    Knob("waiting"),
    Knob("measured", most=1.0),
    Knob("rare", PATHS),
    Knob("shifted", PATHS, most=1.0),
    Knob("quiet", PATHS, most=1.0),
    Knob("noticed", WAITS),
    Knob("sparse", WAITS),
    Knob("steep", METRICS),
    Knob("small_loss", METRICS, most=1.0),
    Knob("usual", METRICS),
    Knob("most_passed", METRICS, of_rest=True),
    Knob("unseen", METRICS, most=1.0),
)


def present() -> dict[str, float]:
    """The knobs as they stand."""
    return asdict(STANDARD)


def seen_by(tool: str, tuning: Tuning) -> Tuning:
    """As far as this tool's answer depends on it: what it does not read is as it stands."""
    others = {knob.name: knob.value for knob in KNOBS if knob.tool != tool}
    return replace(tuning, **others)


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
