"""How far an incident window stands from the same series' own baseline.

Centre and spread are robust: median and MAD (Rousseeuw & Croux, "Alternatives to the Median
Absolute Deviation", JASA 88, 1993; small-sample factors from Croux & Rousseeuw, COMPSTAT 1992).
Where more than half the points are equal the MAD is 0 and the mean absolute deviation stands in
for it (Iglewicz & Hoaglin, "How to Detect and Handle Outliers", 1993).

The score is their robust z-score, taken over a run of consecutive points instead of one: the
largest absolute median of z over windows of a quarter of the incident (at least three points). A
lone spike does not count, an incident window that begins before the onset still does, and drops
count as much as rises.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

RELATIVE_FLOOR = 0.05
"""Smallest spread as a share of the baseline."""
FEWEST_NOW = 2
MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = 1.2533
_SMALL_SAMPLE = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.2, 7: 1.14, 8: 1.129, 9: 1.107}


@dataclass(frozen=True, slots=True)
class RobustScale:
    """Where a series lives and how much it usually moves."""

    center: float
    """Median."""
    spread: float
    """Robust standard deviation, never below the floors."""
    points: int
    """Finite values it rests on."""


def robust_scale(values: ArrayLike, absolute_floor: float = 0.0) -> RobustScale | None:
    """Median and robust spread of the finite values; None when there is none.

    The spread is at least RELATIVE_FLOOR of the median's size and at least `absolute_floor`
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
    return RobustScale(
        center, max(sigma, RELATIVE_FLOOR * abs(center), absolute_floor), int(v.size)
    )


def small_sample_factor(n: int) -> float:
    """What a MAD of n points must be multiplied with to be unbiased on normal data."""
    return _SMALL_SAMPLE.get(n, n / (n - 0.8) if n > 1 else 1.0)


FloatArray = NDArray[np.float64]
Reason = Literal["no data", "appeared", "vanished", "few points"]

USUAL = 3.0
"""|z| up to which a series is taken to be in its usual band."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The departure of one series in the incident window."""

    score: float
    """Sustained robust |z|; about 3 is the edge of the usual band."""
    direction: int
    """+1 above the baseline, -1 below, 0 at it."""
    baseline: float
    """Median before."""
    current: float
    """Median of the run of points that departs most."""
    ratio: float | None
    """current / baseline; None where the baseline is 0."""
    points: int
    """Finite points in the incident window."""
    onset: int | None
    """Index in the incident window where the departing run begins; None inside the band."""
    share: float
    """Share of the incident's finite points outside the band, on the side of `direction`."""
    spread: float
    """The spread that z was measured in, in the series' unit."""

    @property
    def strength(self) -> float:
        """The score between 0 and 1: 0 up to z = 3, one half at 6, 0.9 at 30."""
        return max(0.0, 1.0 - USUAL / self.score) if self.score > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why there is no score. Not the same as a score of 0."""

    reason: Reason


def score_window(
    baseline: ArrayLike,
    incident: ArrayLike,
    *,
    absolute_floor: float = 0.0,
    min_baseline: int = 4,
) -> Anomaly | Unscored:
    """Score one series' incident window (1-d, in time order, NaN = missing) against its baseline.

    `absolute_floor` is the smallest spread that matters, in the series' unit (0.01 for a share
    of errors). Without one, a baseline that is constantly 0 takes its spread from the
    incident's own size, so a first value above nothing scores 1 / RELATIVE_FLOOR, not infinity.
    """
    before, now = np.asarray(baseline, float), np.asarray(incident, float)
    n_before, n_now = int(np.isfinite(before).sum()), int(np.isfinite(now).sum())
    if n_before == 0 or n_now == 0:
        return Unscored(_absent(n_before, n_now))
    if n_before < min_baseline or n_now < FEWEST_NOW:
        return Unscored("few points")
    scale = robust_scale(before, absolute_floor)
    assert scale is not None  # n_before > 0
    if scale.spread == 0.0:
        largest = float(np.nanmax(np.abs(now[np.isfinite(now)])))
        scale = RobustScale(scale.center, RELATIVE_FLOOR * largest or 1.0, scale.points)
    return _measure(now, scale, n_now)


def _absent(n_before: int, n_now: int) -> Reason:
    if n_before == n_now:
        return "no data"
    return "vanished" if n_now == 0 else "appeared"


def _measure(now: FloatArray, scale: RobustScale, points: int) -> Anomaly:
    position = np.flatnonzero(np.isfinite(now))
    z = (now[position] - scale.center) / scale.spread
    runs = np.median(sliding_window_view(z, run_length(points)), axis=1)
    worst = float(runs[np.argmax(np.abs(runs))])
    direction = int(np.sign(worst))
    current = scale.center + worst * scale.spread
    outside = z * direction > USUAL
    return Anomaly(
        score=abs(worst),
        direction=direction,
        baseline=scale.center,
        current=current,
        ratio=current / scale.center if scale.center else None,
        points=points,
        onset=_onset(position, outside) if abs(worst) > USUAL else None,
        share=float(outside.mean()) if direction else 0.0,
        spread=scale.spread,
    )


def run_length(points: int) -> int:
    """Consecutive points that must agree: a quarter of the window, at least 3, at most all."""
    return min(points, max(3, -(-points // 4)))


def _onset(position: NDArray[np.intp], outside: NDArray[np.bool_]) -> int | None:
    """First index from which at least two thirds of the next run lie outside the band."""
    width = min(3, outside.size)
    dense = sliding_window_view(outside, width).sum(axis=1) * 3 >= 2 * width
    starts = np.flatnonzero(dense & outside[: dense.size])
    if starts.size == 0:
        starts = np.flatnonzero(outside)
    return int(position[starts[0]]) if starts.size else None
