"""Quantiles of many groups of numbers at once, and out of cumulative histogram buckets.

Of numbers each is as numpy.quantile has it (linear). Of buckets as in Prometheus,
promql/quantile.go (`bucketQuantile`) and `histogram_fraction`: values are taken to lie evenly
inside a bucket; the lowest bucket starts at 0 when its bound is positive.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]
AT_ONCE = 2_000_000
"""Numbers sorted at once: bounds memory where windows overlap."""


def group_quantiles(
    values: Floats, group: Ints, groups: int, quantiles: Sequence[float]
) -> list[Floats]:
    """For each quantile one value a group, shape (groups,); NaN for a group without numbers.

    Args:
        values: shape (n,).
        group: shape (n,), 0 to groups - 1.
    """
    ranked = values[np.lexsort((values, group))]
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    return [_at(ranked, first, size, q) for q in quantiles]


def window_quantiles(
    values: Floats, lower: Ints, upper: Ints, quantiles: Sequence[float]
) -> list[Floats]:
    """For each quantile one value a window, shape (w,); window i is values[lower[i]:upper[i]],
    and windows may overlap."""
    found = [np.full(lower.size, np.nan) for _ in quantiles]
    for part in _parts(upper - lower):
        low, size = lower[part], (upper - lower)[part]
        window = np.repeat(np.arange(size.size), size)
        place = np.arange(window.size) - np.repeat(np.cumsum(size) - size, size)
        inside = values[np.repeat(low, size) + place]
        for out, cells in zip(
            found, group_quantiles(inside, window, size.size, quantiles), strict=True
        ):
            out[part] = cells
    return found


def _parts(size: Ints) -> Iterator[slice]:
    """Windows in a row that hold about AT_ONCE numbers together."""
    block = np.cumsum(size) // AT_ONCE
    bounds = [0, *(np.flatnonzero(np.diff(block)) + 1), size.size]
    for begin, end in pairwise(bounds):
        yield slice(begin, end)


def _at(ranked: Floats, first: Ints, size: Ints, quantile: float) -> Floats:
    """The number at this rank of each group, between two where it falls between."""
    found = np.full(size.size, np.nan)
    some = size > 0
    rank = (size[some] - 1) * quantile
    low = np.floor(rank).astype(np.int64)
    part = rank - low
    one = ranked[first[some] + low]
    two = ranked[first[some] + np.minimum(low + 1, size[some] - 1)]
    # From the nearer end, as numpy does: no rounding moves the result past either number.
    found[some] = np.where(part < 0.5, one + (two - one) * part, two - (two - one) * (1 - part))
    return found


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
    return float(_quantiles(q, le, count[:, None])[0])


def histogram_quantiles(q: float, bounds: ArrayLike, cumulative: ArrayLike) -> Floats:
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


def _quantiles(q: float, le: Floats, count: Floats) -> Floats:
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


def _ordered(bounds: ArrayLike, cumulative: ArrayLike) -> tuple[Floats, Floats]:
    """Buckets by bound, missing ones dropped, counts made monotonic (scrapes are not atomic)."""
    le, count = np.asarray(bounds, float), np.asarray(cumulative, float)
    keep = np.isfinite(count) & ~np.isnan(le)
    order = np.argsort(le[keep], kind="stable")
    return le[keep][order], np.maximum.accumulate(count[keep][order])
