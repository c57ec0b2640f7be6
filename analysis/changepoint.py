"""When a series changed: level shifts, and the first departure from a baseline.

Sources: binary segmentation after Scott & Knott (1974) with an L1 cost, which a lone spike
cannot buy; the confidence is Pettitt's rank test (Applied Statistics 28, 1979),
p = 2 exp(-6 K^2 / (n^3 + n^2)), which needs no distribution and is honest with few points.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A shift of level between two neighbouring points."""

    index: int
    """Index in the input of the first point after the shift."""
    before: float
    """Median before."""
    after: float
    """Median after."""
    confidence: float
    """1 - p of Pettitt's test, 0..1."""


def level_shift(values: ArrayLike, min_segment: int = 3) -> ChangePoint | None:
    """The single best split of a series in two levels; NaN is skipped.

    None when there are fewer than two segments of points, or all are equal. The split is
    always the best one there is: look at its confidence.
    """
    v = np.asarray(values, float)
    position = np.flatnonzero(np.isfinite(v))
    x = v[position]
    if x.size < 2 * min_segment or np.ptp(x) == 0:
        return None
    left, right = prefix_cost(x), prefix_cost(x[::-1])[::-1]
    split = np.arange(min_segment, x.size - min_segment + 1)
    best = int(split[np.argmin(left[split - 1] + right[split])])
    return ChangePoint(
        index=int(position[best]),
        before=float(np.median(x[:best])),
        after=float(np.median(x[best:])),
        confidence=pettitt_confidence(x),
    )


def prefix_cost(x: FloatArray) -> FloatArray:
    """Sum of |x_j - median(x_0..x_i)| over j <= i, for each i, by two heaps in O(n log n)."""
    low: list[float] = []  # negated: its root is the largest of the lower half
    high: list[float] = []
    low_sum = high_sum = 0.0
    out = np.empty(x.size)
    for i, value in enumerate(x.tolist()):
        down = -heapq.heappushpop(low, -value)
        heapq.heappush(high, down)
        low_sum, high_sum = low_sum + value - down, high_sum + down
        if len(high) > len(low):
            up = heapq.heappop(high)
            heapq.heappush(low, -up)
            low_sum, high_sum = low_sum + up, high_sum - up
        median = -low[0]
        out[i] = (median * len(low) - low_sum) + (high_sum - median * len(high))
    return out


def pettitt_confidence(x: FloatArray) -> float:
    """1 - p of Pettitt's test for one change of level in a series without NaN."""
    n = x.size
    ordered = np.sort(x)
    # Midranks: equal values share their mean rank.
    ranks = (np.searchsorted(ordered, x, "left") + np.searchsorted(ordered, x, "right") + 1) / 2
    u = 2 * np.cumsum(ranks) - np.arange(1, n + 1) * (n + 1)
    k = float(np.max(np.abs(u)))
    return 1.0 - min(1.0, 2.0 * float(np.exp(-6.0 * k * k / (n**3 + n**2))))


def last_departure(
    values: ArrayLike, healthy: float, ill: float, *, k: int = 3, way: float = 0.25
) -> int | None:
    """Index at which the series last left its healthy level on the way to the ill one.

    Walks back from the end to the last run of k finite points that are nearer to `healthy` than
    `way` of the distance to `ill`, so a blip long before the incident is not taken for its
    begin. The departure is the last point of that run: what left the level after it had begun
    to. None where no such run exists, or the series ends in it.
    """
    series = np.asarray(values, float)
    finite = np.flatnonzero(np.isfinite(series))
    calm = np.abs(series[finite] - healthy) < way * abs(ill - healthy)
    restless = np.append(0, np.cumsum(~calm))
    runs = np.flatnonzero(restless[k:] == restless[:-k])  # begins of k calm points
    last = int(runs[-1]) + k - 1 if runs.size else -1
    return int(finite[last]) if 0 <= last < finite.size - 1 else None
