"""What a series usually is at this time of its period, where history shows a period.

Source: seasonal medians as in the robust decomposition of Cleveland et al. ("STL", Journal of
Official Statistics 6, 1990), cut down to one pass: the median of each phase over at least two whole
periods. A series keeps its values where its phases explain little of it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_S = 86_400.0
PERIODS = 2
"""Whole periods of history that a season needs."""
EXPLAINED = 0.3
"""Share of the spread that the phases must take away: less is chance."""
PHASES = 48
"""Parts of a period: half hours of a day."""


def without_season(
    ts: Floats, before: Floats, ts_now: Floats, now: Floats, period: float = DAY_S
) -> tuple[Floats, Floats]:
    """Both windows less what is usual at their time of the period; unchanged where there is no
    season to see.

    ts, ts_now: unix seconds, shapes (n,) and (m,). before, now: values there, NaN where missing.
    The level stays: the median of the history is added again.
    """
    known = np.isfinite(before)
    if known.sum() < 2 * PHASES or np.ptp(ts[known]) < PERIODS * period * (1 - 1 / PHASES):
        return before, now
    usual = _phase_medians(_phase(ts[known], period), before[known])
    level = float(np.median(before[known]))
    rest = before - usual[_phase(ts, period)] + level
    if _spread(rest[known]) > (1 - EXPLAINED) * _spread(before[known]):
        return before, now
    return rest, now - usual[_phase(ts_now, period)] + level


def _phase(ts: Floats, period: float) -> NDArray[np.int64]:
    return (ts % period / period * PHASES).astype(np.int64)


def _phase_medians(phase: NDArray[np.int64], values: Floats) -> Floats:
    """Median of each phase; of an empty one the median of all."""
    medians = np.full(PHASES, float(np.median(values)))
    for number in np.unique(phase).tolist():
        medians[number] = np.median(values[phase == number])
    return medians


def _spread(values: Floats) -> float:
    return float(np.median(np.abs(values - np.median(values))))
