"""When and how far a metric left its level, whatever it measures and whichever way is worse.

The reference is a part of the past that the fault had not reached. An incident may be spikes, or
over before the window ends, so the outer fifth of its values speaks, not the median.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .anomaly import MAD_TO_SIGMA

OUTER = 0.8
FEWEST = 3
"""Values of either side below which nothing is said."""
SMALLEST = 0.02
"""Spread of at least this share of the level: sensors that stand still are not infinitely sure."""

CALM, WAY = 3, 0.25


@dataclass(frozen=True)
class Departure:
    """From where to where, by how many spreads, since when."""

    before: float
    now: float
    score: float
    """Distance in robust spreads of the reference."""
    first: int | None
    """Index at which it last left its level; None where that cannot be told."""

    @property
    def ratio(self) -> float | None:
        """Now ÷ before; None where it came from zero."""
        return self.now / self.before if self.before else None


def moves(values: ArrayLike, reference: ArrayLike, incident: ArrayLike) -> list[Departure | None]:
    """The move of each of many series on the same times; shape (series, times)."""
    series = np.asarray(values, float)
    finite = np.isfinite(series)
    found: list[Departure | None] = [None] * len(series)
    patterns, which = np.unique(finite, axis=0, return_inverse=True)
    for number, known in enumerate(patterns):  # series with the same gaps are worked together
        rows = np.flatnonzero(which.ravel() == number)
        then = series[np.ix_(rows, np.asarray(reference, bool) & known)]
        now = series[np.ix_(rows, np.asarray(incident, bool) & known)]
        if min(then.shape[1], now.shape[1]) >= FEWEST:
            for row, one in zip(rows.tolist(), _moves(series[rows], then, now), strict=True):
                found[row] = one
    return found


def _moves(series: np.ndarray, then: np.ndarray, now: np.ndarray) -> Iterator[Departure]:
    """Of rows whose values in both windows, `then` and `now`, are all finite."""
    center, usual = np.median(then, axis=1), np.median(now, axis=1)
    mad = MAD_TO_SIGMA * np.median(np.abs(then - center[:, None]), axis=1)
    spread = np.maximum(np.maximum(mad, SMALLEST * np.abs(center)), 1e-9)
    high, low = np.quantile(now, [OUTER, 1 - OUTER], axis=1)
    top, bottom = np.quantile(then, [OUTER, 1 - OUTER], axis=1)
    up, down = (high - top) / spread, (bottom - low) / spread
    level, score = np.where(up >= down, high, low), np.maximum(up, down)
    columns = (values.tolist() for values in (center, usual, level, score))
    for row, old, middle, new, far in zip(series, *columns, strict=True):
        if far <= 0:
            yield Departure(old, middle, 0.0, None)
        else:
            yield Departure(old, new, far, last_departure(row, old, new))


def increments(values: ArrayLike) -> np.ndarray:
    """Per step growth of a counter: what a restart takes back counts as none."""
    series = np.asarray(values, float)
    return np.concatenate([[np.nan], np.maximum(np.diff(series), 0.0)])


def counts_up(values: ArrayLike) -> bool:
    """Whether a series never falls and does rise: the shape of a counter."""
    series = np.asarray(values, float)
    series = series[np.isfinite(series)]
    return series.size > FEWEST and bool((np.diff(series) >= 0).all() and series[-1] > series[0])


def last_departure(values: ArrayLike, healthy: float, ill: float) -> int | None:
    """Index at which the series last left its healthy level on the way to the ill one.

    Walks back from the end to the last run of CALM finite points that are nearer to `healthy`
    than a WAY of the distance to `ill`, so a blip long before the incident is not taken for its
    begin. The departure is the last point of that run: what left the level after it had begun
    to. None where no such run exists, or the series ends in it.
    """
    series = np.asarray(values, float)
    finite = np.flatnonzero(np.isfinite(series))
    calm = np.abs(series[finite] - healthy) < WAY * abs(ill - healthy)
    restless = np.append(0, np.cumsum(~calm))
    runs = np.flatnonzero(restless[CALM:] == restless[:-CALM])  # begins of calm points
    last = int(runs[-1]) + CALM - 1 if runs.size else -1
    return int(finite[last]) if 0 <= last < finite.size - 1 else None
