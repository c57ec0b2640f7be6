"""Quantiles of many groups of numbers at once, each as numpy.quantile has it (linear)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

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


def group_medians(values: Floats, group: Ints, groups: int) -> Floats:
    """The median of each group, as numpy.median has it; NaN for a group without numbers."""
    ranked = values[np.lexsort((values, group))]
    size = np.bincount(group, minlength=groups)
    first = np.cumsum(size) - size
    found = np.full(groups, np.nan)
    some = size > 0
    low, high = ((size - 1) // 2 + first)[some], (size // 2 + first)[some]
    found[some] = (ranked[low] + ranked[high]) / 2
    return found


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
