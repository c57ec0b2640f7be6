"""How full something is, whether it fills up and when, and how many instances the load needs.

Sources: Little, "A Proof for the Queuing Formula L = λW" (Operations Research 9, 1961);
utilisation, saturation, errors after Gregg's USE method (ACM Queue 10, 2012); slope by Theil (1950)
and Sen (JASA 63, 1968), the median over all pairs of points; monotonic growth by Mann (1945) and
Kendall (1975), with the tie correction of the variance. The test takes points as independent; a
smooth series has fewer than it seems, so ask for a material `growth` beside a small p.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CALM, FULL = 0.7, 1.0
"""Utilisation where queueing starts to show, and where nothing more fits."""


@dataclass(frozen=True, slots=True)
class Saturation:
    """How saturated a resource is and why."""

    score: float
    """0 = idle or calm, 1 = full, queueing heavily or shedding."""
    utilisation: float | None
    reasons: tuple[str, ...]


def per_instance_rps(concurrency_limit: float, service_time_s: float) -> float | None:
    """Requests per second that fit in one instance's slots, by Little's law turned round."""
    return concurrency_limit / service_time_s if service_time_s > 0 else None


def saturation(
    utilisation: float | None,
    *,
    limit: float | None = None,
    waiting: float = 0.0,
    shed_share: float = 0.0,
) -> Saturation:
    """One score from three signs, any of which is enough: their noisy-or.

    `waiting` requests queue for `limit` slots (a queue as long as the slots scores 1/2);
    `shed_share` of the arrivals is turned away (20% scores 1/2). Pass utilisation None where
    it is unknown.
    """
    full = 0.0 if utilisation is None else _ramp(utilisation)
    queue = waiting / (waiting + max(limit or 1.0, 1.0)) if waiting > 0 else 0.0
    shed = shed_share / (shed_share + 0.2) if shed_share > 0 else 0.0
    reasons = []
    if utilisation is not None and full > 0:
        reasons.append(f"{utilisation:.0%} of its limit in use")
    if queue > 0:
        reasons.append(f"{waiting:g} waiting")
    if shed > 0:
        reasons.append(f"{shed_share:.1%} turned away")
    return Saturation(1.0 - (1.0 - full) * (1.0 - queue) * (1.0 - shed), utilisation, (*reasons,))


def _ramp(utilisation: float) -> float:
    """0 up to CALM, 1 from FULL on, straight between."""
    return min(1.0, max(0.0, (utilisation - CALM) / (FULL - CALM)))


def instances_needed(
    arrival_rps: float,
    per_instance_rps: float | None,
    headroom: float = 0.3,
) -> int | None:
    """Instances that carry the arrivals while each stays `headroom` below its capacity.

    None where the capacity is unknown or not positive.
    """
    if per_instance_rps is None or not per_instance_rps > 0 or not math.isfinite(arrival_rps):
        return None
    if not 0.0 <= headroom < 1.0:
        raise ValueError(f"headroom must be a share from 0 up to, not including, 1: {headroom}")
    needed = arrival_rps / (per_instance_rps * (1.0 - headroom))
    # A hair is taken off so that exactly three instances' load does not ask for a fourth.
    return max(1, math.ceil(needed - 1e-9))


FloatArray = NDArray[np.float64]

ALPHA = 0.01
MOST_POINTS = 600
"""Pairs grow with the square: longer series are thinned evenly to this many points."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A robust straight line through a series, and whether it really rises or falls."""

    slope: float
    """Units per second."""
    level: float
    """The line's value at the last point."""
    tau: float
    """Kendall's rank correlation with time, -1..1."""
    growth: float
    """Change along the line over the window ÷ size of its first value; inf from 0."""
    points: int
    monotonic: bool
    """By a two-sided test of no trend, p < ALPHA."""


def fit_trend(ts: ArrayLike, values: ArrayLike) -> Trend | None:
    """Slope, level and growth test of a series (ts in seconds, NaN = missing).

    None with fewer than 4 finite points or when no time passes.
    """
    t, v = _finite(ts, values)
    slope = theil_sen(t, v)
    if slope is None or t.size < 4:
        return None
    level = float(np.median(v - slope * (t - t[-1])))
    start = level - slope * float(t[-1] - t[0])
    tau, p_value = mann_kendall(v)
    rise = level - start
    growth = rise / abs(start) if start else math.copysign(math.inf, rise) if rise else 0.0
    return Trend(slope, level, tau, growth, int(t.size), p_value < ALPHA)


def theil_sen(ts: ArrayLike, values: ArrayLike) -> float | None:
    """Median slope (units per second) over all pairs of points at different times."""
    t, v = _finite(ts, values)
    first, second = np.triu_indices(t.size, k=1)
    elapsed = t[second] - t[first]
    usable = elapsed > 0
    if not usable.any():
        return None
    return float(np.median((v[second] - v[first])[usable] / elapsed[usable]))


def mann_kendall(values: ArrayLike) -> tuple[float, float]:
    """(tau, two-sided p) of a monotonic trend in values in time order; NaN is skipped.

    (0, 1) with fewer than 3 points or when all are equal.
    """
    _, v = _finite(np.arange(np.size(values)), values)
    n = v.size
    ties = np.unique(v, return_counts=True)[1]
    if n < 3 or ties.size == 1:
        return 0.0, 1.0
    s = float(np.sign(v[None, :] - v[:, None])[np.triu_indices(n, k=1)].sum())
    variance = (_pairs_term(n) - float(_pairs_term(ties).sum())) / 18
    z = (s - math.copysign(1, s)) / math.sqrt(variance) if s else 0.0
    return s / (n * (n - 1) / 2), math.erfc(abs(z) / math.sqrt(2))


def _pairs_term(n):
    return n * (n - 1.0) * (2.0 * n + 5)


def seconds_to_limit(level: float, slope: float, limit: float) -> float | None:
    """Seconds until a line at `level` with `slope` per second reaches `limit`.

    0 when it is there already, None when it never gets there.
    """
    if level >= limit:
        return 0.0
    return (limit - level) / slope if slope > 0 else None


def _finite(ts: ArrayLike, values: ArrayLike) -> tuple[FloatArray, FloatArray]:
    t, v = np.asarray(ts, float), np.asarray(values, float)
    keep = np.flatnonzero(np.isfinite(t) & np.isfinite(v))
    if keep.size > MOST_POINTS:
        keep = keep[np.linspace(0, keep.size - 1, MOST_POINTS).round().astype(int)]
    return t[keep], v[keep]
