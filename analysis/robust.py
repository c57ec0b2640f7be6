"""Centre and spread of a series that a few wild points cannot move.

Source: median and MAD as in Rousseeuw & Croux, "Alternatives to the Median Absolute
Deviation", JASA 88 (1993); small-sample factors from Croux & Rousseeuw, COMPSTAT (1992). Where
more than half the points are equal the MAD is 0 and the mean absolute deviation stands in for
it (Iglewicz & Hoaglin, "How to Detect and Handle Outliers", 1993).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
_SMALL_SAMPLE = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.2, 7: 1.14, 8: 1.129, 9: 1.107}


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a series lives and how much it usually moves."""

    center: float
    """Median."""
    spread: float
    """Robust standard deviation, never below the floors."""
    points: int
    """Finite values it rests on."""

    def z(self, value: float) -> float:
        """Robust z of one value; an infinite one where the spread is 0 and the value differs."""
        gap = value - self.center
        if self.spread > 0:
            return gap / self.spread
        return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))


def robust_scale(
    values: ArrayLike, relative_floor: float = 0.05, absolute_floor: float = 0.0
) -> Scale | None:
    """Median and robust spread of the finite values; None when there is none.

    The spread is at least `relative_floor` of the median's size and at least `absolute_floor`
    (in the series' unit), so that a very quiet baseline does not make a ripple an anomaly.
    """
    v = np.asarray(values, float)
    v = v[np.isfinite(v)]
    if v.size == 0:
        return None
    center = float(np.median(v))
    deviation = np.abs(v - center)
    sigma = MAD_TO_SIGMA * float(np.median(deviation)) * small_sample_factor(v.size)
    if sigma == 0.0:
        sigma = MEAN_DEVIATION_TO_SIGMA * float(np.mean(deviation))
    return Scale(center, max(sigma, relative_floor * abs(center), absolute_floor), int(v.size))


def small_sample_factor(n: int) -> float:
    """What a MAD of n points must be multiplied with to be unbiased on normal data."""
    return _SMALL_SAMPLE.get(n, n / (n - 0.8) if n > 1 else 1.0)
