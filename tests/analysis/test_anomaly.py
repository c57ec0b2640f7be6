"""Anomaly scores and trends."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.anomaly import Anomaly, Unscored, run_length, score_window
from warroom.analysis.capacity import fit_trend, mann_kendall, seconds_to_limit, theil_sen

nan = math.nan
rng = np.random.default_rng(7)
NOISE = rng.normal(100, 5, 45)
numbers = st.floats(-1e4, 1e4)


def scored(baseline, incident, **options) -> Anomaly:
    result = score_window(baseline, incident, **options)
    assert isinstance(result, Anomaly)
    return result


def test_score_by_hand():
    # median 10, MAD 1 of ten points: 1.4826 * 10 / 9.2; all three incident points are 20
    result = scored([9, 9, 9, 10, 10, 10, 10, 11, 11, 11], [20, 20, 20])
    spread = 1.4826 * 10 / 9.2
    assert result.score == pytest.approx(10 / spread)
    assert (result.direction, result.baseline, result.current, result.ratio) == (1, 10, 20, 2)
    assert (result.onset, result.share, result.points) == (0, 1.0, 3)


def test_usual_noise_is_not_an_anomaly():
    result = scored(NOISE, np.random.default_rng(8).normal(100, 5, 60))
    assert result.score < 3
    assert result.strength == 0
    assert result.onset is None


def test_a_drop_counts_as_much_as_a_rise():
    down, up = scored(NOISE, [50] * 20), scored(NOISE, 2 * np.median(NOISE) - np.full(20, 50))
    assert (down.direction, up.direction) == (-1, 1)
    assert down.score == pytest.approx(up.score)


def test_one_spike_does_not_count():
    incident = np.full(30, 100.0)
    incident[12] = 1e6
    assert scored(NOISE, incident).score < 1


def test_the_onset_is_found_inside_a_window_that_begins_too_early():
    incident = np.concatenate([np.full(30, 100.0), np.full(15, 300.0)])
    incident[31] = nan
    result = scored(NOISE, incident)
    assert result.strength > 0.7
    assert result.onset == 30
    assert result.share == pytest.approx(14 / 44)


def test_four_minute_rows_are_enough():
    result = scored([5, 5.1, 4.9, 5, 5.2, 4.8, 5, 5.1, 4.9, 5], [5.0, 9.0, 9.5, 9.2])
    assert result.strength > 0.5


def test_first_errors_after_none_are_bounded():
    result = scored([0.0] * 40, [0.3] * 20)
    assert result.score == pytest.approx(20)  # 1 / relative_floor
    assert result.ratio is None
    assert scored([0.0] * 40, [0.002] * 20, absolute_floor=0.01).score < 1


def test_two_constant_equal_windows_score_zero():
    result = scored([7.0] * 10, [7.0] * 10)
    assert (result.score, result.direction, result.share) == (0, 0, 0)
    assert scored([0.0] * 10, [0.0] * 10).score == 0


@pytest.mark.parametrize(
    ("baseline", "incident", "reason"),
    [
        ([nan] * 9, [nan] * 9, "no data"),
        ([], [1, 2, 3], "appeared"),
        ([1, 2, 3, 4], [nan, nan], "vanished"),
        ([1, 2], [1, 2, 3], "few points"),
        ([1, 2, 3, 4], [5], "few points"),
    ],
)
def test_no_score_says_why(baseline, incident, reason):
    result = score_window(baseline, incident)
    assert isinstance(result, Unscored)
    assert result.reason == reason


def test_run_length():
    assert [run_length(n) for n in (2, 4, 12, 60)] == [2, 3, 3, 15]


@given(
    st.lists(numbers, min_size=4, max_size=40),
    st.lists(numbers, min_size=2, max_size=40),
    st.floats(0.01, 1000),
)
def test_scores_do_not_depend_on_the_unit(baseline, incident, factor):
    one = scored(baseline, incident)
    other = scored(np.array(baseline) * factor, np.array(incident) * factor)
    assert other.score == pytest.approx(one.score, rel=1e-6, abs=1e-6)


@given(st.lists(numbers, min_size=4, max_size=30), st.lists(numbers, min_size=2, max_size=30))
def test_missing_points_at_the_end_change_no_score(baseline, incident):
    one, other = scored(baseline, incident), scored([*baseline, nan], [*incident, nan])
    assert (other.score, other.onset, other.points) == (one.score, one.onset, one.points)


def test_theil_sen_ignores_an_outlier():
    assert theil_sen([0, 1, 2, 3, 4], [0, 2, 4, 6, 500]) == pytest.approx(2)
    assert theil_sen([1, 1], [1, 2]) is None


def test_mann_kendall_by_hand():
    # five rising points: S = 10, var = 5*4*15/18 = 50/3, z = 9 / sqrt(50/3)
    tau, p = mann_kendall([1, 2, 3, 4, 5])
    assert tau == 1
    assert p == pytest.approx(math.erfc(9 / math.sqrt(50 / 3) / math.sqrt(2)))
    # ties 1 1: S = 2, var = (3*2*11 - 2*1*9) / 18 = 48/18
    tau, p = mann_kendall([1, 1, 2])
    assert tau == pytest.approx(2 / 3)
    assert p == pytest.approx(math.erfc(1 / math.sqrt(48 / 18) / math.sqrt(2)))
    assert mann_kendall([2, 2, 2]) == (0, 1)


def test_a_leak_grows_and_noise_does_not():
    ts = np.arange(60.0)
    leak = fit_trend(ts, 100 + 2 * ts + np.random.default_rng(3).normal(0, 3, 60))
    assert leak is not None and leak.monotonic
    assert leak.slope == pytest.approx(2, abs=0.2)
    assert leak.growth == pytest.approx(1.18, abs=0.1)
    noise = fit_trend(np.arange(45.0), NOISE)
    assert noise is not None and not noise.monotonic


def test_a_flat_or_short_series_has_no_growth():
    flat = fit_trend([0, 1, 2, 3], [0, 0, 0, 0])
    assert flat is not None and (flat.slope, flat.growth, flat.monotonic) == (0, 0, False)
    assert fit_trend([0, 1, 2], [1, 2, 3]) is None
    assert fit_trend([5, 5, 5, 5], [1, 2, 3, 4]) is None


def test_seconds_to_limit():
    assert seconds_to_limit(80, 2, 100) == 10
    assert seconds_to_limit(80, -2, 100) is None
    assert seconds_to_limit(101, 2, 100) == 0


@given(st.lists(numbers, min_size=4, max_size=30, unique=True), st.floats(-1e9, 1e9))
def test_shifting_time_changes_no_trend(values, offset):
    ts = np.arange(float(len(values)))
    one, other = fit_trend(ts, values), fit_trend(ts + round(offset), values)
    assert one is not None and other is not None
    assert other.slope == pytest.approx(one.slope, abs=1e-6)
    assert other.tau == one.tau
