"""Is a service there: the `up` signal, where silence counts as down."""

import numpy as np

from .grid import Grid, by_instance
from .model import Series


def up_cells(series: dict[str, list[Series]], grid: Grid) -> dict[str, np.ndarray]:
    """Share of each service's instances that answer, per cell; NaN while nobody recorded.

    An instance that never answered while others of its service did is a spare and left out. One
    whose samples stop while others of its service go on was taken away; a service whose samples
    all stop while other services are still recorded is down.

    Args:
        series: `up` series by service, or any others where a service has none.
        grid: should begin well before the window of interest, so that silence is noticed.
    """
    rows = {name: _instances(items, grid) for name, items in series.items()}
    recording = np.zeros(grid.cells, bool)
    for cells in rows.values():
        recording |= np.isfinite(cells).any(axis=0)
    return {name: _share(cells, recording) for name, cells in rows.items()}


def _instances(items: list[Series], grid: Grid) -> np.ndarray:
    flags = {
        key: np.where(np.isfinite(cells), (cells > 0).astype(float), np.nan)
        for key, cells in by_instance(_as_flags(items), grid).items()
    }
    rows = np.vstack(list(flags.values()))
    answered = np.nanmax(np.nan_to_num(rows), axis=1) > 0
    return rows[answered] if answered.any() else rows


def _as_flags(items: list[Series]) -> list[Series]:
    """Samples of other metrics say only that the instance answered."""
    return [
        item
        if item.name == "up"
        else Series("up", item.service, item.instance, {}, item.ts, np.ones(item.ts.size))
        for item in items
    ]


def _share(rows: np.ndarray, recording: np.ndarray) -> np.ndarray:
    seen = np.isfinite(rows)
    count = seen.sum(axis=0)
    with np.errstate(invalid="ignore"):
        share = np.where(count > 0, np.nansum(rows, axis=0) / np.maximum(count, 1), np.nan)
    started = np.cumsum(count) > 0
    return np.where((count == 0) & started & recording, 0.0, share)
