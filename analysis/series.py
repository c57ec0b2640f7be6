"""Samples into arrays: counters into increases and rates, irregular times onto a grid, and without
what is usual at their time of day.

Counter resets and `rate()` follow Prometheus (promql/functions.go, `extrapolatedRate`):
a counter that falls was restarted from zero, so the new value is itself the increase.

Seasons are seasonal medians as in the robust decomposition of Cleveland et al. ("STL", Journal of
Official Statistics 6, 1990), cut down to one pass: the median of each phase over at least two whole
periods. A series keeps its values where its phases explain little of it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def counter_increase(values: ArrayLike) -> FloatArray:
    """Increase of a counter since its previous finite sample; the first one is NaN.

    A gap of NaN is bridged: its whole increase falls on the sample after it.
    """
    v = np.asarray(values, float)
    out = np.full(v.shape, np.nan)
    seen = np.flatnonzero(np.isfinite(v))
    if seen.size > 1:
        step = np.diff(v[seen])
        out[seen[1:]] = np.where(step < 0, v[seen[1:]], step)
    return out


def window_rate(ts: ArrayLike, values: ArrayLike, start: float, end: float) -> float | None:
    """Prometheus' `rate()`: per-second increase over [start, end], extrapolated to its edges.

    The extrapolation stops half a sample interval past the first or last sample when the edge
    is farther than 1.1 intervals away, and never reaches below a count of zero. None with fewer
    than two finite samples.
    """
    t, v = np.asarray(ts, float), np.asarray(values, float)
    inside = np.isfinite(v) & (t >= start) & (t <= end)
    t, v = t[inside], v[inside]
    if t.size < 2 or t[-1] <= t[0] or end <= start:
        return None
    increase = float(np.nansum(counter_increase(v)))
    sampled = float(t[-1] - t[0])
    interval = sampled / (t.size - 1)
    before, after = float(t[0] - start), float(end - t[-1])
    before = interval / 2 if before >= 1.1 * interval else before
    after = interval / 2 if after >= 1.1 * interval else after
    if increase > 0 and v[0] >= 0:
        before = min(before, sampled * float(v[0]) / increase)
    return increase * (sampled + before + after) / sampled / (end - start)


def resample(
    ts: ArrayLike,
    values: ArrayLike,
    start: float,
    end: float,
    step: float,
    *,
    hold: int = 0,
) -> FloatArray:
    """Irregular samples on a grid: cell i covers [start + i*step, start + (i+1)*step).

    Returns ceil((end - start) / step) values, NaN where no finite sample fell. With `hold`, an
    empty cell repeats the last value for at most that many cells (staleness).
    """
    if step <= 0:
        raise ValueError(f"step must be above 0 seconds, not {step}")
    cells = _cells(start, end, step)
    t, v = np.asarray(ts, float), np.asarray(values, float)
    keep = np.isfinite(v) & (t >= start) & (t < end)
    if not keep.all():
        t, v = t[keep], v[keep]
    if (t[1:] < t[:-1]).any():  # rarely: sources write in order
        order = np.argsort(t, kind="stable")
        t, v = t[order], v[order]
    index = np.minimum(((t - start) / step + 1e-9).astype(int), cells - 1)
    last = np.full(cells, np.nan)
    last[index] = v  # in time order: the last write of a cell wins
    return _carry(last, hold)


def resample_all(
    ts: FloatArray, values: FloatArray, start: float, end: float, step: float, *, hold: int = 0
) -> FloatArray:
    """`resample` of many series at once, their last finite values; shape (series, cells).

    ts: shape (n,), ascending, the same for all. values: shape (series, n), all finite.
    """
    inside = (ts >= start) & (ts < end)
    cells = _cells(start, end, step)
    index = np.minimum(((ts[inside] - start) / step + 1e-9).astype(int), cells - 1)
    last = np.flatnonzero(np.append(np.diff(index) > 0, True)[: index.size])
    held = np.full((len(values), cells), np.nan)
    held[:, index[last]] = values[:, inside][:, last]
    seen = np.full(cells, -1)
    seen[index[last]] = index[last]
    source = np.maximum.accumulate(seen)
    fresh = (source >= 0) & (np.arange(cells) - source <= hold)
    return np.where(fresh, held[:, np.maximum(source, 0)], np.nan)


def _cells(start: float, end: float, step: float) -> int:
    """Cells from start to end. A hair is taken off, so that 0.3 / 0.1 gives 3 of them and not 4,
    and so that an end in unix seconds is none too late for having been rounded."""
    rounded = 4 * float(np.spacing(max(abs(start), abs(end))))
    return max(0, int(np.ceil((end - start) / step - rounded / step - 1e-9)))


def _carry(values: FloatArray, hold: int) -> FloatArray:
    if hold <= 0 or values.size == 0:
        return values
    position = np.arange(values.size)
    source = np.maximum.accumulate(np.where(np.isfinite(values), position, -1))
    fresh = (source >= 0) & (position - source <= hold)
    return np.where(fresh, values[np.maximum(source, 0)], np.nan)


def telling_points(values: ArrayLike, width: int) -> NDArray[np.int64]:
    """Indices of at most `width` values, ascending: of each chunk the one farthest from the overall
    median, so that a short spike or dip stays visible."""
    v = np.asarray(values, float)
    if v.size <= width or width <= 0:
        return np.arange(v.size)[: max(width, 0)]
    finite = v[np.isfinite(v)]
    middle = float(np.median(finite)) if finite.size else 0.0
    far = np.nan_to_num(np.abs(v - middle), nan=-1.0)
    chunks = np.array_split(np.arange(v.size), width)
    return np.array([chunk[np.argmax(far[chunk])] for chunk in chunks])


DAY_S = 86_400.0
PERIODS = 2
"""Whole periods of history that a season needs."""
EXPLAINED = 0.3
"""Share of the spread that the phases must take away: less is chance."""
PHASES = 48
"""Parts of a period: half hours of a day."""


def without_season(
    ts: FloatArray, before: FloatArray, ts_now: FloatArray, now: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both windows less what is usual at their time of the period; unchanged where there is no
    season to see.

    ts, ts_now: unix seconds, shapes (n,) and (m,). before, now: values there, NaN where missing.
    The level stays: the median of the history is added again.
    """
    known = np.isfinite(before)
    if known.sum() < 2 * PHASES or np.ptp(ts[known]) < PERIODS * DAY_S * (1 - 1 / PHASES):
        return before, now
    usual = _phase_medians(_phase(ts[known]), before[known])
    level = float(np.median(before[known]))
    rest = before - usual[_phase(ts)] + level
    if _spread(rest[known]) > (1 - EXPLAINED) * _spread(before[known]):
        return before, now
    return rest, now - usual[_phase(ts_now)] + level


def _phase(ts: FloatArray) -> NDArray[np.int64]:
    return (ts % DAY_S / DAY_S * PHASES).astype(np.int64)


def _phase_medians(phase: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """Median of each phase; of an empty one the median of all."""
    medians = np.full(PHASES, float(np.median(values)))
    for number in np.unique(phase).tolist():
        medians[number] = np.median(values[phase == number])
    return medians


def _spread(values: FloatArray) -> float:
    return float(np.median(np.abs(values - np.median(values))))
