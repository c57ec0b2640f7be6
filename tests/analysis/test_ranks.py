"""Quantiles of many groups at once are numpy's of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis import quantiles
from warroom.analysis.quantiles import group_quantiles, window_quantiles

NUMBERS = st.lists(st.floats(0, 1e4), max_size=30)
QUANTILES = (0.0, 0.5, 0.95, 0.99, 1.0)


def one(values, q):
    return np.quantile(values, q) if len(values) else np.nan


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.randoms())
def test_groups(parts, random):
    pairs = [(value, i) for i, part in enumerate(parts) for value in part]
    random.shuffle(pairs)
    values = np.array([value for value, _ in pairs])
    group = np.array([i for _, i in pairs], np.int64)
    for q, found in zip(
        QUANTILES, group_quantiles(values, group, len(parts), QUANTILES), strict=True
    ):
        assert np.array_equal(found, [one(part, q) for part in parts], equal_nan=True)


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_windows_that_overlap(monkeypatch, at_once):
    monkeypatch.setattr(quantiles, "AT_ONCE", at_once)
    values = np.random.default_rng(3).exponential(10, 40)
    lower, upper = np.array([0, 3, 5, 5, 20, 40]), np.array([4, 9, 5, 30, 40, 40])
    [found] = window_quantiles(values, lower, upper, (0.95,))
    wanted = [one(values[i:j], 0.95) for i, j in zip(lower, upper, strict=True)]
    assert np.array_equal(found, wanted, equal_nan=True)
    nothing = np.zeros(0, np.int64)
    assert window_quantiles(values, nothing, nothing, (0.5,))[0].size == 0
