"""Surprise of a shift, by hand."""

import math

import numpy as np
import pytest

from warroom.analysis.metrics.shift import extreme_half, quantile, rank_surprise, shifts

NAN = math.nan


def columns(*values):
    return np.array(values, float).T


def test_rank_surprise_counts_what_lies_beyond_all_that_was():
    # Two of three new values above four old ones: C(3, 2) / C(7, 2) = 3 / 21.
    found = rank_surprise(columns([1, 2, 3, 4]), columns([9, 2, 8]))
    assert found == pytest.approx([math.log(7)])


def test_what_differs_by_rounding_alone_is_no_surprise():
    assert rank_surprise(columns([0.036] * 9), columns([0.036 + 1e-17, 0.1 * 0.36])) == [0]


def test_rank_surprise_is_bounded():
    assert rank_surprise(np.zeros((500, 1)), np.ones((50, 1))) == pytest.approx([12.0])


def test_size_and_rank_are_averaged():
    # Median 10, MAD 1: sigma 1.4826. Worse half of (10, 20): 20, so z = 10 / 1.4826.
    before, now = columns([8, 9, 10, 11, 12]), columns([10, 20])
    found = shifts(before, now, np.array([1.0]), np.zeros(1))
    z = 10 / 1.4826
    assert found.z == pytest.approx([z])
    # One of two beyond five: C(2, 1) / C(7, 1).
    assert found.evidence == pytest.approx([(math.log(1 + z * z) + math.log(7 / 2)) / 2])


def test_the_better_side_is_no_evidence():
    before = columns([8, 9, 10, 11, 12], [8, 9, 10, 11, 12], [8, 9, 10, 11, 12])
    now = columns([1, 1], [1, 1], [1, 1])
    found = shifts(before, now, np.array([1.0, -1.0, 0.0]), np.zeros(3))
    assert found.evidence[0] == 0
    assert found.evidence[1] == found.evidence[2] > 3


def test_missing_constant_and_new_series():
    before = columns([5, 5, 5], [NAN, NAN, NAN], [0, 0, 0], [5, 5, NAN])
    now = columns([5, 5], [7, 8], [3, 4], [NAN, NAN])
    found = shifts(before, now, np.ones(4), np.zeros(4))
    assert found.evidence[0] == found.evidence[1] == found.evidence[3] == 0
    # A baseline of zeros: spread 0.05 * 4, worse half is 4, z = 20.
    assert found.z[2] == pytest.approx(20)


def test_rows_weigh():
    found = shifts(
        columns([8, 9, 10, 11, 12]),
        columns([10, 20]),
        np.ones(1),
        np.zeros(1),
        np.array([1.0, 3.0]),
    )
    assert found.current == pytest.approx([17.5])


def test_quantile_and_extreme_half_leave_gaps_out():
    values = columns([4, NAN, 1, 2, 3], [NAN, NAN, NAN, NAN, NAN], [7, NAN, NAN, NAN, NAN])
    assert np.allclose(quantile(values, 0.5), [2.5, NAN, 7], equal_nan=True)
    assert np.allclose(extreme_half(values), [3.5, NAN, 7], equal_nan=True)
