"""Twice the requests are no slowness: histograms as their mean."""

import numpy as np
import pytest

from warroom.analysis.metrics.families import with_means
from warroom.analysis.metrics.suspects import blame_metrics
from warroom.analysis.metrics.table import MetricColumn

FAMILY = "render_duration_seconds"


def columns(requests: float, slower: float) -> list[MetricColumn]:
    """A shop's front: 10 pages a second of 36 ms, then so many times as many and as slow."""
    noise = 1 + np.random.default_rng(1).normal(0, 0.03, 40)
    count = 10 * np.where(np.arange(40) < 30, 1.0, requests) * noise
    seconds = count * np.where(np.arange(40) < 30, 0.036, 0.036 * slower) * noise[::-1]
    rates = with_means({("front", f"{FAMILY}_count"): count, ("front", f"{FAMILY}_sum"): seconds})
    return [MetricColumn(*key, values[:30], values[30:]) for key, values in rates.items()]


def test_twice_the_requests_are_no_slowness_and_slowness_still_is():
    (busy,) = blame_metrics(columns(2.0, 1.0), [])
    assert not any("mean of" in reason for reason in busy.reasons_for)
    (slow,) = blame_metrics(columns(1.0, 2.0), [])
    assert f"mean of {FAMILY} rose from 36" in slow.reasons_for[0]
    assert slow.score > busy.score


def test_a_mean_is_unknown_where_nothing_was_counted():
    rates = {("a", "x_sum"): np.array([0.0, 4.0, np.nan]), ("a", "x_count"): np.array([0, 2.0, 1])}
    assert with_means(rates)["a", "mean of x"] == pytest.approx([np.nan, 2.0, np.nan], nan_ok=True)
