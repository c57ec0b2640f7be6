"""How far a metric rises above its baseline, in units of the baseline's spread.

Two units in use. NSigma: mean and standard deviation. Median and interquartile range as in BARO
(Pham, Ha, Zhang 2024, BARO: Robust root cause analysis for microservices, FSE), which an outlier
within the baseline does not move.

Whether two short series move together: Pearson's correlation and how likely chance makes it.
"""

import math

import numpy as np

from ...analysis.anomaly import MAD_TO_SIGMA


def highest_sigma(baseline: np.ndarray, incident: np.ndarray) -> np.ndarray:
    """Highest (x - mean) / standard deviation of the incident's rows, per column.

    baseline: shape (n, m), incident: shape (k, m); NaN is not measured. Returns shape (m,), in
    standard deviations; NaN for a column that is constant in the baseline or not measured in
    either. Raises ValueError where the numbers of columns differ.
    """
    return _highest(baseline, incident, np.nanmean, np.nanstd)


def highest_iqr(baseline: np.ndarray, incident: np.ndarray) -> np.ndarray:
    """Highest (x - median) / interquartile range of the incident's rows, per column.

    As `highest_sigma`, in interquartile ranges. Where that range is 0 although the baseline is
    not constant the unit is 1, as scikit-learn's RobustScaler has it, which BARO uses.
    """
    return _highest(baseline, incident, np.nanmedian, _range)


def _range(values: np.ndarray, axis: int) -> np.ndarray:
    low, high = np.nanpercentile(values, (25, 75), axis=axis)
    return np.where(high > low, high - low, 1.0)


def _highest(baseline: np.ndarray, incident: np.ndarray, centre, spread) -> np.ndarray:
    if baseline.shape[1] != incident.shape[1]:
        raise ValueError("baseline and incident must have the same columns")
    found = np.full(baseline.shape[1], np.nan)
    columns = _moving(baseline) & np.isfinite(incident).any(axis=0)
    if columns.any():
        healthy = baseline[:, columns]
        rise = np.nanmax(incident[:, columns], axis=0) - centre(healthy, axis=0)
        found[columns] = rise / spread(healthy, axis=0)
    return found


def _moving(values: np.ndarray) -> np.ndarray:
    """Columns with two different values; rounding leaves a constant one a deviation of 1e-17."""
    known = np.isfinite(values)
    highest = np.max(values, axis=0, initial=-np.inf, where=known)
    return highest > np.min(values, axis=0, initial=np.inf, where=known)


def mad_distance(baseline: np.ndarray, incident: np.ndarray, fewest: int = 10) -> np.ndarray:
    """Distance of each incident row from the baseline's median, in scaled MADs (1.4826 MAD).

    baseline: shape (n, m), incident: shape (k, m); NaN is not measured. Returns shape (k, m), >= 0:
    0 for a cell that is not measured and for columns with fewer than `fewest` healthy values,
    infinite for what differs from a baseline that does not move (MAD 0).
    """
    found = np.zeros(incident.shape)
    known = np.isfinite(baseline).sum(axis=0) >= fewest
    if known.any():
        middle = np.nanmedian(baseline[:, known], axis=0)
        spread = MAD_TO_SIGMA * np.nanmedian(np.abs(baseline[:, known] - middle), axis=0)
        away = np.abs(incident[:, known] - middle)
        still = np.where(away > 0, np.inf, 0.0)
        far = np.divide(away, spread, out=still, where=spread > 0)
        found[:, known] = np.where(np.isfinite(incident[:, known]), far, 0.0)
    return found


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
