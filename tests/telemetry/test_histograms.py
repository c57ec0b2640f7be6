"""Quantiles of many histograms at once are those of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.quantiles import histogram_quantile, histogram_quantiles

INF = float("inf")
BOUNDS = st.sampled_from(
    [[0.1, 0.5, 1.0, INF], [INF, 0.5, 0.1], [-1.0, 0.0, 2.0, INF], [0.1, 0.5], [INF], [1.0, INF]]
)
COUNT = st.one_of(st.integers(0, 50).map(float), st.just(float("nan")))


@pytest.mark.thorough
@given(BOUNDS, st.data(), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_each_cell_is_a_histogram(bounds, data, q):
    cells = data.draw(st.integers(0, 5))
    rows = st.lists(COUNT, min_size=cells, max_size=cells)
    counts = np.array([data.draw(rows) for _ in bounds]).reshape(len(bounds), cells)
    wanted = [histogram_quantile(q, bounds, counts[:, i]) for i in range(cells)]
    assert np.array_equal(histogram_quantiles(q, bounds, counts), wanted, equal_nan=True)
