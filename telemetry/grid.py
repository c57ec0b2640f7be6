"""Raw series on a common grid: one row a series, one cell a scrape."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.series import counter_increase, resample, resample_all
from .model import Series, Window

MOST_CELLS = 10_000
"""Of one signal: nearly three hours of seconds, or a week of minutes."""
HOLD_CELLS = 3
"""A source that was not seen for this many cells has stopped: its values end."""


@dataclass(frozen=True)
class Grid:
    """Cell i covers [start + i*step, start + (i+1)*step), unix seconds."""

    start: float
    step: float
    cells: int

    @classmethod
    def over(cls, window: Window, step: float) -> "Grid":
        """Cells that cover a window."""
        return cls(window.start, step, max(1, int(np.ceil(window.seconds / step - 1e-9))))

    @property
    def end(self) -> float:
        """Where the last cell ends."""
        return self.start + self.cells * self.step

    @property
    def ts(self) -> np.ndarray:
        """Begin of each cell."""
        return self.start + self.step * np.arange(self.cells)

    def earlier(self, cells: int) -> "Grid":
        """The same grid with cells added before it, so that rates exist from its first cell."""
        return Grid(self.start - cells * self.step, self.step, self.cells + cells)


def grid_step(series: list[Series], window: Window) -> float:
    """Seconds a cell over a window: the usual distance between samples; more where the window is
    so long that it would take more than MOST_CELLS."""
    distances = [np.diff(item.ts) for item in series if item.ts.size > 1]
    usual = float(np.median(np.concatenate(distances))) if distances else 1.0
    scrape = max(round(usual, 1) if usual >= 0.5 else round(usual, 3), 1e-3)
    return max(scrape, window.seconds / MOST_CELLS)


def gauge_cells(series: Series, grid: Grid) -> np.ndarray:
    """Last value per cell, held for a few cells."""
    return resample(series.ts, series.values, grid.start, grid.end, grid.step, hold=HOLD_CELLS - 1)


def gauge_rows(series: Sequence[Series], grid: Grid) -> list[np.ndarray]:
    """`gauge_cells` of many: those with samples at the same times are worked together."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number, one in enumerate(series):
        groups[one.ts.tobytes()].append(number)
    rows: list[np.ndarray] = [np.zeros(0)] * len(series)
    for numbers in groups.values():
        values = np.vstack([series[number].values for number in numbers])
        for number, cells in zip(numbers, _alike(series, numbers, values, grid), strict=True):
            rows[number] = cells
    return rows


def _alike(
    series: Sequence[Series], numbers: list[int], values: np.ndarray, grid: Grid
) -> Iterable[np.ndarray]:
    if not np.isfinite(values).all():
        return [gauge_cells(series[number], grid) for number in numbers]
    ts = series[numbers[0]].ts
    return resample_all(ts, values, grid.start, grid.end, grid.step, hold=HOLD_CELLS - 1)


def increase_cells(series: Series, grid: Grid, first_seen: float) -> np.ndarray:
    """Increase of a counter per cell; NaN where there is no sample.

    A counter that appears after its instance was first seen started from zero: clients expose
    a label set only once it has counted something.
    """
    cells = resample(series.ts, series.values, grid.start, grid.end, grid.step)
    seen = np.flatnonzero(np.isfinite(cells))
    if seen.size and seen[0] > 0 and series.ts[0] > first_seen + 1.5 * grid.step:
        cells[seen[0] - 1] = 0.0
    return counter_increase(cells)


@dataclass(frozen=True)
class Rolled:
    """Increases summed over a trailing window: `total` events in `seconds` per cell."""

    total: np.ndarray
    seconds: np.ndarray

    @property
    def rate(self) -> np.ndarray:
        """Events per second."""
        return self.total / np.where(self.seconds > 0, self.seconds, np.nan)


def roll(rows: list[np.ndarray], width: int, step: float) -> Rolled:
    """Sum rows of increases, then sum each cell with the width - 1 cells before it.

    NaN where no row has a sample within the last few cells; the seconds grow from the first
    sample on, so that the beginning of a series is not diluted.
    """
    stack = np.vstack(rows)
    seen = np.isfinite(stack).any(axis=0)
    summed = np.nansum(stack, axis=0)
    fresh = _trailing(seen.astype(float), HOLD_CELLS) > 0
    started = np.cumsum(seen) > 0
    total = np.where(fresh, _trailing(summed, width), np.nan)
    return Rolled(total, _trailing(started.astype(float), width) * step)


def _trailing(values: np.ndarray, width: int) -> np.ndarray:
    """Sum of each cell and the width - 1 before it."""
    summed = np.cumsum(values)
    summed[width:] -= summed[:-width].copy()
    return summed


def by_instance(
    series: list[Series], grid: Grid, combine: Callable[..., np.ndarray] = np.fmax
) -> dict[str, np.ndarray]:
    """A gauge per instance; several series of an instance are combined."""
    rows: dict[str, np.ndarray] = {}
    for item in series:
        cells = gauge_cells(item, grid)
        known = rows.get(item.instance)
        rows[item.instance] = cells if known is None else combine(known, cells)
    return rows


def add(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sum that takes a missing value as nothing where the other one is there."""
    both = np.isfinite(first) | np.isfinite(second)
    return np.where(both, np.nan_to_num(first) + np.nan_to_num(second), np.nan)
