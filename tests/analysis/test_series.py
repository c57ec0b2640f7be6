"""Counters, grids, histograms, robust scale: values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.anomaly import robust_scale
from warroom.analysis.quantiles import fraction_below, histogram_quantile
from warroom.analysis.series import (
    counter_increase,
    resample,
    telling_points,
    window_rate,
)

nan, inf = math.nan, math.inf
numbers = st.floats(-1e6, 1e6)


def test_a_counter_that_falls_was_restarted_from_zero():
    increase = counter_increase([10, 15, 3, 4])
    assert math.isnan(increase[0])
    assert increase[1:].tolist() == [5, 3, 1]


def test_a_gap_in_a_counter_is_bridged():
    assert counter_increase([1, nan, 4, 6])[2:].tolist() == [3, 2]


def test_rate_extrapolates_to_the_window_as_prometheus_does():
    # Samples at 10, 20, 30 in [5, 35]: 10 over 20 s sampled, both edges 5 s away (< 1.1 x 10):
    # 10 * 30 / 20 / 30 s = 0.5.
    assert window_rate([10, 20, 30], [100, 105, 110], 5, 35) == pytest.approx(0.5)
    # Edges far away: half an interval each side, 10 * (20 + 5 + 5) / 20 / 100 s.
    assert window_rate([40, 50, 60], [100, 105, 110], 0, 100) == pytest.approx(0.15)


def test_rate_never_extrapolates_below_a_count_of_zero():
    # 1 -> 21 in 20 s reached zero 1 s before the first sample: 20 * (20 + 1 + 5) / 20 / 30.
    assert window_rate([10, 20, 30], [1, 11, 21], 5, 35) == pytest.approx(26 / 30)


def test_rate_needs_two_samples():
    assert window_rate([10], [5], 0, 20) is None


def test_resample_takes_the_last_of_a_cell():
    ts, values = [0.2, 0.8, 2.5, 9.0], [1, 3, 5, 7]
    assert resample(ts, values, 0, 4, 1).tolist()[0::2] == [3, 5]
    assert np.isnan(resample(ts, values, 0, 4, 1)[[1, 3]]).all()


def test_resample_holds_a_value_for_so_many_cells():
    held = resample([0], [4], 0, 4, 1, hold=2)
    assert held[:3].tolist() == [4, 4, 4]
    assert math.isnan(held[3])


def test_resample_gives_the_cells_asked_for_at_times_of_today():
    start, step = 1_699_989_109.472, 1.104
    for cells in range(10_000, 10_100):
        assert resample([start], [1.0], start, start + cells * step, step).size == cells


def test_resample_of_nothing_is_all_missing():
    assert np.isnan(resample([], [], 0, 3, 1)).all()
    assert resample([1], [1], 5, 5, 1).size == 0
    with pytest.raises(ValueError, match="step"):
        resample([1], [1], 0, 1, 0)


@given(st.lists(numbers, min_size=1, max_size=40), st.randoms())
def test_resample_does_not_depend_on_the_order_of_samples(values, random):
    ts = list(range(len(values)))
    pairs = list(zip(ts, values, strict=True))
    random.shuffle(pairs)
    shuffled = resample([p[0] for p in pairs], [p[1] for p in pairs], 0, len(values), 3)
    assert np.array_equal(shuffled, resample(ts, values, 0, len(values), 3), equal_nan=True)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_increases_are_never_negative(values):
    assert (counter_increase(values)[1:] >= 0).all()


def test_telling_points_keep_the_spike():
    values = [1.0] * 100
    values[37] = 50.0
    short = telling_points(values, 10)
    assert short.size == 10
    assert 37 in short
    assert telling_points([1, 2], 10).tolist() == [0, 1]


def test_histogram_quantile_by_hand():
    bounds, counts = [0.1, 0.2, 0.5, inf], [10, 30, 40, 40]
    # rank 20 of 40 lies half way through the 20 of (0.1, 0.2]
    assert histogram_quantile(0.5, bounds, counts) == pytest.approx(0.15)
    # rank 38: 8 of the 10 in (0.2, 0.5]
    assert histogram_quantile(0.95, bounds, counts) == pytest.approx(0.44)
    # rank 4 of the 10 in the lowest bucket, which starts at 0
    assert histogram_quantile(0.1, bounds, counts) == pytest.approx(0.04)


def test_histogram_quantile_at_its_edges():
    assert histogram_quantile(0.9, [0.1, 0.5, inf], [0, 1, 10]) == 0.5
    assert math.isnan(histogram_quantile(0.5, [0.1, inf], [0, 0]))
    assert math.isnan(histogram_quantile(0.5, [0.1, 0.2], [1, 2]))
    assert histogram_quantile(1.5, [0.1, inf], [1, 2]) == inf
    assert histogram_quantile(-1, [0.1, inf], [1, 2]) == -inf


def test_fraction_below_is_the_latency_sli():
    bounds, counts = [0.1, 0.2, 0.5, inf], [10, 30, 40, 50]
    assert fraction_below(0.2, bounds, counts) == pytest.approx(0.6)
    assert fraction_below(0.15, bounds, counts) == pytest.approx(0.4)
    assert fraction_below(9, bounds, counts) == pytest.approx(0.8)
    assert fraction_below(inf, bounds, counts) == 1


@given(
    st.lists(st.integers(0, 100), min_size=3, max_size=8).filter(lambda c: sum(c) > 0),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_quantiles_grow_with_q(counts, p, q):
    bounds = [*range(1, len(counts)), inf]
    cumulative = np.cumsum(counts)
    low, high = sorted((p, q))
    assert histogram_quantile(low, bounds, cumulative) <= histogram_quantile(
        high, bounds, cumulative
    )


def test_robust_scale_by_hand():
    # median 3, deviations 2 1 0 1 97, MAD 1, factor for 5 points 1.206
    scale = robust_scale([1, 2, 3, 4, 100])
    assert scale is not None
    assert (scale.center, scale.points) == (3, 5)
    assert scale.spread == pytest.approx(1.4826 * 1.206)


def test_robust_scale_has_floors_and_a_stand_in_for_a_zero_mad():
    constant = robust_scale([10.0] * 8)
    assert constant is not None and constant.spread == pytest.approx(0.5)
    mostly = robust_scale([0, 0, 0, 0, 0, 5])
    assert mostly is not None and mostly.spread == pytest.approx(1.2533 * 5 / 6)
    floored = robust_scale([0, 0, nan], absolute_floor=0.01)
    assert floored is not None and floored.spread == 0.01
    assert robust_scale([nan]) is None


@given(st.lists(numbers, min_size=1, max_size=60), st.floats(0.5, 100))
def test_robust_scale_follows_a_change_of_unit(values, factor):
    one, other = robust_scale(values), robust_scale(np.array(values) * factor)
    assert one is not None and other is not None
    assert other.spread == pytest.approx(one.spread * factor, rel=1e-6, abs=1e-9)
