"""Quantiles and shares out of cumulative histogram buckets.

Source: Prometheus, promql/quantile.go (`bucketQuantile`) and `histogram_fraction`: values are
taken to lie evenly inside a bucket; the lowest bucket starts at 0 when its bound is positive.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def histogram_quantile(q: float, bounds: ArrayLike, cumulative: ArrayLike) -> float:
    """The q-quantile (0..1), in the unit of `bounds`.

    `bounds` are the buckets' upper bounds (`le`, with +Inf), `cumulative` the counts or rates
    up to each. NaN without observations or without a +Inf bucket. A quantile in the +Inf
    bucket answers with the highest finite bound, as Prometheus does.
    """
    le, count = _ordered(bounds, cumulative)
    if le.size < 2 or not np.isposinf(le[-1]) or not count[-1] > 0 or np.isnan(q):
        return float("nan")
    if not 0 <= q <= 1:
        return float("inf") if q > 1 else float("-inf")
    rank = q * count[-1]
    bucket = int(np.searchsorted(count[:-1], rank, side="left"))
    if bucket == le.size - 1:
        return float(le[-2])
    upper = float(le[bucket])
    if bucket == 0 and upper <= 0:
        return upper
    lower, below = (float(le[bucket - 1]), float(count[bucket - 1])) if bucket else (0.0, 0.0)
    inside = float(count[bucket]) - below
    return lower + (upper - lower) * (rank - below) / inside if inside > 0 else lower


def histogram_quantiles(q: float, bounds: ArrayLike, cumulative: ArrayLike) -> FloatArray:
    """The same of many histograms at once, 0 <= q <= 1: `cumulative` has shape (bounds, cells)."""
    le, count = np.asarray(bounds, float), np.asarray(cumulative, float)
    found = np.full(count.shape[1], np.nan)
    order = np.argsort(le, kind="stable")
    le, count = le[order], count[order]
    whole = np.isfinite(count).all(axis=0) & (count[-1] > 0)
    if le.size < 2 or not np.isfinite(le[:-1]).all() or not np.isposinf(le[-1]):
        whole[:] = False
    for cell in np.flatnonzero(~whole):
        found[cell] = histogram_quantile(q, le, count[:, cell])
    if whole.any():
        found[whole] = _quantiles(q, le, np.maximum.accumulate(count[:, whole], axis=0))
    return found


def _quantiles(q: float, le: FloatArray, count: FloatArray) -> FloatArray:
    """Of histograms without missing buckets."""
    rank, cell = q * count[-1], np.arange(count.shape[1])
    bucket = (count[:-1] < rank).sum(axis=0)
    upper = le[bucket]
    lower = np.where(bucket > 0, le[bucket - 1], 0.0)
    below = np.where(bucket > 0, count[bucket - 1, cell], 0.0)
    inside = count[bucket, cell] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(inside > 0, lower + (upper - lower) * (rank - below) / inside, lower)
    found = np.where((bucket == 0) & (upper <= 0), upper, found)
    return np.where(bucket == le.size - 1, le[-2], found)


def fraction_below(threshold: float, bounds: ArrayLike, cumulative: ArrayLike) -> float:
    """Share of observations at or below `threshold`: the SLI of a latency objective.

    NaN without observations. What lies beyond the highest finite bound counts as above.
    """
    le, count = _ordered(bounds, cumulative)
    if le.size < 2 or not np.isposinf(le[-1]) or not count[-1] > 0:
        return float("nan")
    finite, known = le[:-1], count[:-1]
    if threshold == np.inf:
        return 1.0
    if finite[0] > 0:
        finite, known = np.append(0.0, finite), np.append(0.0, known)
    return float(np.interp(threshold, finite, known, left=0.0) / count[-1])


def _ordered(bounds: ArrayLike, cumulative: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Buckets by bound, missing ones dropped, counts made monotonic (scrapes are not atomic)."""
    le, count = np.asarray(bounds, float), np.asarray(cumulative, float)
    keep = np.isfinite(count) & ~np.isnan(le)
    order = np.argsort(le[keep], kind="stable")
    return le[keep][order], np.maximum.accumulate(count[keep][order])
