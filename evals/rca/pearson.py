"""Whether two short series move together: Pearson's correlation and how likely chance makes it."""

import math

import numpy as np


def pearson(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Correlation in [-1, 1] and its two-sided p-value in [0, 1], over the rows both have.

    x, y: shape (n,); NaN is not measured. (nan, nan) for fewer than two common rows or a constant
    series; two rows always lie on a line, so their p-value is 1. Raises ValueError for different
    lengths. p by Student's t with n - 2 degrees of freedom.
    """
    if x.shape != y.shape:
        raise ValueError("both series must have the same length")
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan, math.nan
    dx, dy = x - x.mean(), y - y.mean()
    r = float(np.clip(dx @ dy / math.sqrt((dx @ dx) * (dy @ dy)), -1, 1))
    if x.size == 2:
        return r, 1.0
    free = x.size - 2
    return r, beyond(math.inf if abs(r) == 1 else abs(r) * math.sqrt(free / (1 - r * r)), free)


def beyond(t: float, free: int) -> float:
    """Probability that |T| > t for Student's t with `free` >= 1 degrees of freedom, t >= 0.

    Finite series of Abramowitz & Stegun 26.7.3 and 26.7.4; accurate to about 1e-15 (absolute).
    """
    angle = math.atan(t / math.sqrt(free))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = free % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(2 + odd, free + 1, 2):
        total += term
        term *= cosine * cosine * (k - 1) / k
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1.0 - inside)
