"""How surprising each of many series is in a short incident window, on one scale for all.

Two views, averaged. Size: a robust z, whose surprise log(1 + z^2) is the tail of a Cauchy variable,
the heaviest usual one; a tiny spread makes no infinite score. Rank: if nothing has changed, old
and new values can be exchanged, so r new values beyond all n old ones have a chance of
C(m, r) / C(n + m, r) (the permutation argument; Good, "Permutation, Parametric and Bootstrap Tests
of Hypotheses", 2005). The second bounds what few points can say, the first orders what lies far
out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..anomaly import MAD_TO_SIGMA, MEAN_DEVIATION_TO_SIGMA, RELATIVE_FLOOR

FloatArray = NDArray[np.float64]

MOST_BY_RANK = 12.0
"""Most nats by rank, by reasoning: about three of five new values beyond 200 old ones. Rows that
follow each other are not independent, so longer runs prove no more than that."""
ROUNDING = 1e-9
"""Values this close, relative, are equal: what was divided differs in its last digits."""


@dataclass(frozen=True, slots=True)
class Shifts:
    """One entry a column; all arrays have shape (columns,)."""

    baseline: FloatArray
    """Median before; NaN where there is none."""
    current: FloatArray
    """Typical value of the new rows that count; NaN where not measured."""
    spread: FloatArray
    """Robust standard deviation before, floored; > 0."""
    z: FloatArray
    """(current - baseline) / spread, signed; 0 where it cannot be told."""
    evidence: FloatArray
    """Surprise in nats, >= 0; 0 where the shift is to the better side or cannot be told."""


def shifts(
    before: FloatArray,
    now: FloatArray,
    worse: FloatArray,
    floor: FloatArray,
    weights: FloatArray | None = None,
) -> Shifts:
    """Shift of each column of `now` (m, columns) against `before` (n, columns); NaN is missing.

    worse: +1 or -1 for the side that counts, 0 for both. floor: smallest spread that matters, in
    the column's unit. weights: (m,) >= 0, how much each new row counts; None takes the half of
    each column's rows that lies farthest. Two old values are the least: fewer say nothing.
    """
    middle, spread = _scale(before, now, floor)
    current = _current(now, middle, worse, weights)
    z = np.nan_to_num((current - middle) / spread)
    side = np.where(worse == 0, np.sign(z), worse)
    told = np.isfinite(before).sum(axis=0) >= 2
    size = np.log1p(np.maximum(z * side, 0.0) ** 2)
    evidence = np.where(told, (size + rank_surprise(before * side, now * side)) / 2, 0.0)
    return Shifts(middle, current, spread, z, np.where(z * side > 0, evidence, 0.0))


def rank_surprise(before: FloatArray, now: FloatArray) -> FloatArray:
    """-log of the chance that as many of the new values exceed all old ones, at most 12 nats.

    before: (n, columns), now: (m, columns), NaN is missing. Returns (columns,), in nats.
    """
    old, new = np.isfinite(before).sum(axis=0), np.isfinite(now).sum(axis=0)
    highest = np.max(before, axis=0, initial=-np.inf, where=np.isfinite(before))
    new_high = np.isfinite(now) & (now > highest) & ~np.isclose(now, highest, ROUNDING, 0.0)
    beyond = new_high.sum(axis=0)
    total = np.zeros(len(old))
    for step in range(int(beyond.max(initial=0))):
        chance = (new - step) / np.maximum(old + new - step, 1)
        total -= np.where(step < beyond, np.log(np.where(chance > 0, chance, 1.0)), 0.0)
    return np.minimum(total, MOST_BY_RANK)


def _scale(before: FloatArray, now: FloatArray, floor: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and scaled MAD, with the fallbacks and the floors of `robust_scale`."""
    middle = quantile(before, 0.5)
    away = np.abs(before - middle)
    sigma = MAD_TO_SIGMA * quantile(away, 0.5)
    count = np.maximum(np.isfinite(before).sum(axis=0), 1)
    mean = MEAN_DEVIATION_TO_SIGMA * np.nansum(away, axis=0) / count
    sigma = np.where(sigma > 0, sigma, mean)
    sigma = np.fmax(np.fmax(sigma, RELATIVE_FLOOR * np.abs(middle)), floor)
    # A baseline that is always 0 takes its spread from the incident's own size, as `score_window`.
    largest = np.max(np.abs(now), axis=0, initial=0.0, where=np.isfinite(now))
    sigma = np.where(sigma > 0, sigma, RELATIVE_FLOOR * largest)
    return middle, np.where(sigma > 0, sigma, 1.0)


def _current(
    now: FloatArray, middle: FloatArray, worse: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """Weighted mean of the rows, or the mean of the half that lies farthest to the worse side."""
    if weights is not None:
        return weighted_mean(now, weights)
    high, low = extreme_half(now), -extreme_half(-now)
    upward = np.where(worse == 0, high - middle >= middle - low, worse > 0)
    return np.where(upward, high, low)


def weighted_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean of each column's finite values (rows, columns), weighted by row; NaN without weight."""
    total = np.where(np.isfinite(values), weights[:, None], 0.0).sum(axis=0)
    summed = np.nansum(values * weights[:, None], axis=0)
    return np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)


def extreme_half(values: FloatArray) -> FloatArray:
    """Mean of the highest half (rounded up) of each column's finite values."""
    known = np.isfinite(values)
    ordered = np.sort(np.where(known, -values, np.inf), axis=0)
    half = -(-known.sum(axis=0) // 2)
    taken = np.arange(len(values))[:, None] < half
    summed = -np.sum(ordered, axis=0, where=taken)
    return np.divide(summed, half, out=np.full(summed.shape, np.nan), where=half > 0)


def quantile(values: FloatArray, q: float) -> FloatArray:
    """The q-quantile of each column's finite values, linear between two; NaN without any.

    values: shape (rows, columns). As `numpy.nanquantile`, without its loop over columns.
    """
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered = np.sort(values, axis=0)
    place = q * np.maximum(np.isfinite(values).sum(axis=0) - 1, 0)
    low, high = np.floor(place).astype(int), np.ceil(place).astype(int)
    columns = np.arange(values.shape[1])
    below, above = ordered[low, columns], ordered[high, columns]
    return below + (place - low) * (above - below)
