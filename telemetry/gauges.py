"""Every metric that no canonical signal is made of, as values on a grid.

Any exporter's metrics count here, whatever their names: gauges as they are, counters as rates.
Series of one metric and service are added where they count and averaged where they measure.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from .grid import Grid, add, gauge_cells, increase_cells, scrape_step
from .model import Series, Telemetry, Window
from .recipes import RECIPES

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


def gauges(telemetry: Telemetry, baseline: Window, incident: Window) -> list[Gauge]:
    """All of them that have a value in either window, by service and name."""
    used = {metric for recipe in RECIPES for metric in recipe.needs}
    names = {name for _, name in telemetry.metric_names()} - used
    wanted = sorted(name for name in names if not NO_MEASURE.search(name))
    if not wanted:
        return []
    read = [telemetry.metrics(window, wanted) for window in (baseline, incident)]
    step = scrape_step([series for found in read for series in found])
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
    grouped: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in found:
        if series.service:
            grouped[series.service, series.name].append(series)
    return {key: _together(key[1], group, grid) for key, group in grouped.items()}


def _together(name: str, group: list[Series], grid: Grid) -> np.ndarray:
    if COUNTER.search(name):
        rates = [increase_cells(series, grid, float(series.ts[0])) / grid.step for series in group]
        total = rates[0]
        for rate in rates[1:]:
            total = add(total, rate)
        return total
    cells = np.vstack([gauge_cells(series, grid) for series in group])
    known = np.isfinite(cells).sum(axis=0)
    return np.where(known > 0, np.nansum(cells, axis=0) / np.maximum(1, known), np.nan)
