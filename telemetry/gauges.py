"""Every metric that no canonical signal is made of, as values on a grid.

Any exporter's metrics count here, whatever their names: gauges as they are, counters as rates.
Series of one metric and service are added where they count and averaged where they measure.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import reduce

import numpy as np

from .grid import Grid, add, gauge_rows, grid_step, increase_cells
from .model import Series, Window
from .recording import Recording
from .signal_catalogue import CATALOGUE

COUNTER = re.compile(r"_(?:total|count|sum)$")
NO_MEASURE = re.compile(r"_(?:bucket|info|created)$|^up$")
"""Parts of histograms, descriptions and dates."""


@dataclass(frozen=True)
class Gauge:
    """One metric of one service."""

    service: str
    name: str
    before: np.ndarray
    """Shape (cells of the baseline,); NaN where unknown."""
    now: np.ndarray
    """Shape (cells of the incident window,)."""


def gauges(telemetry: Recording, baseline: Window, incident: Window) -> list[Gauge]:
    """All of them that have a value in either window, by service and name."""
    used = {metric for known in CATALOGUE.values() for metric in known.recipe.needs}
    names = {name for _, name in telemetry.metric_names()} - used
    wanted = sorted(name for name in names if not NO_MEASURE.search(name))
    if not wanted:
        return []
    read = [telemetry.metrics(window, wanted) for window in (baseline, incident)]
    longer = max(baseline, incident, key=lambda window: window.seconds)
    step = grid_step([series for found in read for series in found], longer)
    then, now = (
        _cells(found, Grid.over(window, step))
        for found, window in zip(read, (baseline, incident), strict=True)
    )
    sizes = [Grid.over(window, step).cells for window in (baseline, incident)]
    empty = [np.full(size, np.nan) for size in sizes]
    return [
        Gauge(*key, then.get(key, empty[0]), now.get(key, empty[1]))
        for key in sorted(then.keys() | now.keys())
    ]


def _cells(found: list[Series], grid: Grid) -> dict[tuple[str, str], np.ndarray]:
    """Values per cell by service and name."""
    named = [series for series in found if series.service]
    counts = [series for series in named if COUNTER.search(series.name)]
    measures = [series for series in named if not COUNTER.search(series.name)]
    rates = [increase_cells(one, grid, float(one.ts[0])) / grid.step for one in counts]
    summed = _grouped(counts, rates)
    averaged = _grouped(measures, gauge_rows(measures, grid))
    cells = {key: reduce(add, rows) for key, rows in summed.items()}
    return cells | {key: _mean(rows) for key, rows in averaged.items()}


def _grouped(
    series: list[Series], rows: list[np.ndarray]
) -> dict[tuple[str, str], list[np.ndarray]]:
    grouped: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    for one, row in zip(series, rows, strict=True):
        grouped[one.service, one.name].append(row)
    return grouped


def _mean(rows: list[np.ndarray]) -> np.ndarray:
    """Of the rows that are known."""
    if len(rows) == 1:
        return rows[0]
    cells = np.vstack(rows)
    known = np.isfinite(cells).sum(axis=0)
    return np.where(known > 0, np.nansum(cells, axis=0) / np.maximum(1, known), np.nan)
