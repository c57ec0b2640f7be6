"""Seasons are taken away where history shows them, and nowhere else."""

import numpy as np
import pytest

from warroom.analysis.series import DAY_S, without_season

STEP = 600.0
NOON = np.array([3.5 * DAY_S + number * STEP for number in range(6)], float)


def history(days: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Requests that double by day: 100 at midnight, 200 at noon, with a little noise."""
    ts = np.arange(0, days * DAY_S, STEP)
    noise = np.random.default_rng(seed).normal(0, 1, ts.size)
    return ts, 150 - 50 * np.cos(2 * np.pi * ts / DAY_S) + noise


def test_noon_is_not_an_anomaly_after_two_days_of_noons():
    ts, before = history(3)
    rest, now = without_season(ts, before, NOON, np.full(6, 200.0))
    assert np.median(rest) == pytest.approx(150, abs=4)
    assert now == pytest.approx(np.full(6, np.median(rest)), abs=6)


def test_half_of_the_usual_noon_is_one():
    ts, before = history(3)
    rest, now = without_season(ts, before, NOON, np.full(6, 100.0))
    assert now.max() < np.median(rest) - 80


def test_one_day_is_no_history():
    ts, before = history(1.5)
    rest, now = without_season(ts, before, ts[:3] + 2 * DAY_S, before[:3])
    assert rest is before
    assert now == pytest.approx(before[:3])


def test_noise_has_no_season():
    ts = np.arange(0, 4 * DAY_S, STEP)
    before = np.random.default_rng(1).normal(10, 1, ts.size)
    rest, _ = without_season(ts, before, ts[:2], before[:2])
    assert rest is before


def test_missing_values_stay_missing():
    ts, before = history(3)
    before = np.where(np.arange(before.size) % 7 == 0, np.nan, before)
    rest, now = without_season(ts, before, ts[:2], np.array([np.nan, 120.0]))
    assert np.isnan(rest[::7]).all()
    assert np.isnan(now[0])
    assert np.isfinite(now[1])
