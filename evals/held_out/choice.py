"""Choosing knobs by figures over sets, each set counted alike, and nothing that reads a case.

By AC@1, then Avg@5, then the Brier score. One knob after the other, the others as chosen so far; of
equally good values the first is taken, and the value as it stands comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from ..framework.figures import brier
from ..rca.results import RcaRun
from ..rca.tables import marks_in, stated
from .knobs import Setting

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
    return SetFigures(first, third, mean(mean(one.at) for one in marks), brier(stated(marks))[0])


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
