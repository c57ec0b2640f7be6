"""How far any metric left its level, whatever it measures and whichever way is worse.

The reference is a part of the past that the fault had not reached. An incident may be spikes, or
over before the window ends, so the outer fifth of its values speaks, not the median.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .changepoint import last_departure
from .robust import MAD_TO_SIGMA

OUTER = 0.8
FEWEST = 3
"""Values of either side below which nothing is said."""
SMALLEST = 0.02
"""Spread of at least this share of the level: sensors that stand still are not infinitely sure."""


@dataclass(frozen=True)
class Move:
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


def move(values: ArrayLike, reference: ArrayLike, incident: ArrayLike) -> Move | None:
    """The move of a series; the last two are masks of the same shape. None for too few values."""
    series = np.asarray(values, float)
    finite = np.isfinite(series)
    then = series[np.asarray(reference, bool) & finite]
    now = series[np.asarray(incident, bool) & finite]
    if min(then.size, now.size) < FEWEST:
        return None
    center = float(np.median(then))
    mad = MAD_TO_SIGMA * float(np.median(np.abs(then - center)))
    spread = max(mad, SMALLEST * abs(center), 1e-9)
    high, low = float(np.quantile(now, OUTER)), float(np.quantile(now, 1 - OUTER))
    up = (high - float(np.quantile(then, OUTER))) / spread
    down = (float(np.quantile(then, 1 - OUTER)) - low) / spread
    level, score = (high, up) if up >= down else (low, down)
    if score <= 0:
        return Move(center, float(np.median(now)), 0.0, None)
    return Move(center, level, score, last_departure(series, center, level))


def increments(values: ArrayLike) -> np.ndarray:
    """Per step growth of a counter: what a restart takes back counts as none."""
    series = np.asarray(values, float)
    return np.concatenate([[np.nan], np.maximum(np.diff(series), 0.0)])


def counts_up(values: ArrayLike) -> bool:
    """Whether a series never falls and does rise: the shape of a counter."""
    series = np.asarray(values, float)
    series = series[np.isfinite(series)]
    return series.size > FEWEST and bool((np.diff(series) >= 0).all() and series[-1] > series[0])
