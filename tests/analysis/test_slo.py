"""Error budgets, burn rates, event rates and capacity: values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis import rates
from warroom.analysis.capacity import (
    instances_needed,
    per_instance_rps,
    saturation,
)
from warroom.analysis.rates import rate_change
from warroom.analysis.slo import (
    BurnRule,
    budget_left,
    burn_rate,
    multiwindow,
)

nan = math.nan

FAST = BurnRule(3600, 300, 14.4)
"""The workbook's page: 2% of a month's budget gone in an hour."""


def test_burn_rate_is_error_share_over_allowed_share():
    assert burn_rate([990], [1000], 0.999) == pytest.approx(10)
    assert burn_rate([90, nan], [100, nan], 0.9) == pytest.approx(1)
    assert burn_rate([], [], 0.99) is None
    assert burn_rate([9], [10], 1.0) == math.inf
    with pytest.raises(ValueError, match="objective"):
        burn_rate([1], [1], 99.9)


def test_the_budget_left_by_hand():
    # 0.5% of 10,000 is 50 events, 20 are spent
    assert budget_left([9980], [10_000], 0.995) == pytest.approx(0.6)
    assert budget_left([900], [1000], 0.99) == 0
    assert budget_left([], [], 0.99) is None


def test_more_good_events_than_events_is_no_negative_error():
    assert burn_rate([101], [100], 0.99) == 0


def test_both_windows_must_burn():
    ts = np.arange(0.0, 3600, 60)
    total = np.full(ts.size, 100.0)
    over = np.where(ts < 3000, 50.0, 100.0)  # half failed, and it has been well for 10 minutes
    fast = multiwindow(ts, over, total, 0.99, 3540, FAST)
    assert fast.long is not None and fast.long > 14.4
    assert fast.short == 0
    assert not fast.firing
    assert multiwindow(ts, total * 0.5, total, 0.99, 3540, FAST).firing


def test_a_window_without_traffic_does_not_fire():
    burn = multiwindow([10], [0], [5], 0.99, 1e6, FAST)
    assert (burn.long, burn.short, burn.firing) == (None, None, False)


def test_rate_change_by_hand():
    # equal exposures, 1 before and 4 after: P(X >= 4), X ~ B(5, 1/2) = 6/32
    change = rate_change(1, 4, 10, 10)
    assert (change.ratio, change.direction) == (4, 1)
    assert change.log10_p == pytest.approx(math.log10(6 / 32))
    # exposures 3 : 1, nothing before, 2 after: (1/4)^2
    assert rate_change(0, 2, 30, 10).log10_p == pytest.approx(math.log10(1 / 16))
    assert rate_change(0, 2, 30, 10).ratio == math.inf


def test_rate_change_falls_and_rests():
    fell = rate_change(8, 0, 10, 10)
    assert (fell.direction, fell.ratio) == (-1, 0)
    assert fell.log10_p == pytest.approx(math.log10(1 / 256))
    assert rate_change(5, 5, 1, 1).log10_p == 0
    assert rate_change(0, 0, 1, 1).direction == 0
    with pytest.raises(ValueError, match="exposures"):
        rate_change(1, 1, 0, 1)


def test_large_counts_agree_with_the_exact_tail(monkeypatch):
    before, after = 900, 1100
    exact = rate_change(before, after, 1, 1).log10_p
    monkeypatch.setattr(rates, "EXACT_UP_TO", 10)
    assert rate_change(before, after, 1, 1).log10_p == pytest.approx(exact, rel=0.02)
    assert rate_change(10, 10**6, 1, 1).log10_p < -1000


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.1, 100), st.floats(0.1, 100))
def test_swapping_before_and_after_only_turns_the_direction(before, after, first, second):
    one, other = (
        rate_change(before, after, first, second),
        rate_change(after, before, second, first),
    )
    assert one.direction == -other.direction
    assert one.log10_p == pytest.approx(other.log10_p, abs=1e-6)
    assert one.log10_p <= 0


def test_littles_law():
    assert per_instance_rps(50, 0.25) == 200
    assert per_instance_rps(50, 0) is None


def test_saturation_from_each_sign_alone():
    assert saturation(0.5).score == 0
    assert saturation(0.85).score == pytest.approx(0.5)
    assert saturation(1.4).score == 1
    assert saturation(None, limit=10, waiting=10).score == pytest.approx(0.5)
    assert saturation(None, shed_share=0.2).score == pytest.approx(0.5)
    both = saturation(0.85, limit=10, waiting=10)
    assert both.score == pytest.approx(0.75)
    assert both.reasons == ("85% of its limit in use", "10 waiting")


def test_instances_needed():
    # 300/s over 50/s with 30% free: 300 / 35 = 8.6
    assert instances_needed(300, 50) == 9
    assert instances_needed(105, 50, headroom=0.3) == 3
    assert instances_needed(0, 50) == 1
    assert instances_needed(300, None) is None
    with pytest.raises(ValueError, match="headroom"):
        instances_needed(1, 1, headroom=1)
