"""Growth against straight lines with a known slope."""

import pytest

from warroom.tests.support.benches import bench_over
from warroom.tests.support.bundles import BundleWriter, gauge

MEMORY, LIMIT = "process_resident_memory_bytes", "service_memory_limit_bytes"
MB = 1e6


def grown(root, values, limit=400 * MB, **window):
    """The growth rows over 60 healthy seconds at 100 MB and then these values."""
    with BundleWriter(root) as bundle:
        gauge(bundle, MEMORY, "cart", [100 * MB] * 60 + values)
        gauge(bundle, LIMIT, "cart", [limit] * (60 + len(values)))
    return bench_over(root, **window).rows("growth")


def test_slope_limit_and_time_left(tmp_path):
    (row,) = grown(tmp_path, [(100 + 5 * second) * MB for second in range(30)], incident=30)
    assert (row["service"], row["signal"], row["unit"]) == ("cart", "memory_bytes", "bytes")
    assert row["slope_per_s"] == pytest.approx(5 * MB)
    assert (row["start"], row["now"], row["limit"]) == (100 * MB, 245 * MB, 400 * MB)
    assert row["growth"] == pytest.approx(1.45)
    assert row["seconds_to_limit"] == pytest.approx(31)
    assert row["monotonic"]
    assert row["confidence"] == 1


def test_a_short_incident_borrows_from_the_time_before(tmp_path):
    (row,) = grown(tmp_path, [(110 + 10 * second) * MB for second in range(12)], incident=12)
    assert row["monotonic"]
    assert row["now"] > 200 * MB


def test_restarts_do_not_hide_a_leak(tmp_path):
    """Twenty seconds up, killed, ten seconds up again: the climb is known, and where it stands."""
    teeth = [(100 + 14 * (second % 20)) * MB for second in range(30)]
    (row,) = grown(tmp_path, teeth, incident=30)
    assert row["slope_per_s"] == pytest.approx(14 * MB)
    assert row["monotonic"]
    assert row["now"] == (100 + 14 * 9) * MB
    assert row["seconds_to_limit"] == pytest.approx((400 - 226) / 14, rel=1e-3)


def test_warming_up_after_a_restart_is_no_leak(tmp_path):
    """Flat, restarted, and back to where it was within eight seconds."""
    after = [(50 + 6 * second) * MB for second in range(9)]
    assert grown(tmp_path, [100 * MB] * 21 + after, incident=30) == []


def test_neither_noise_nor_a_step_nor_a_fall_grows(tmp_path):
    noise = [(100 + 3 * (-1) ** second) * MB for second in range(30)]
    step = [100 * MB] * 15 + [104 * MB] * 15
    fall = [(100 - second) * MB for second in range(30)]
    for name, values in (("noise", noise), ("step", step), ("fall", fall)):
        assert grown(tmp_path / name, values, incident=30) == [], name


def test_what_has_no_limit_has_no_end(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "process_open_fds", "cart", [20.0] * 60 + [20 + s for s in range(30)])
        gauge(bundle, MEMORY, "full", [100 * MB] * 60 + [(100 + 9 * s) * MB for s in range(30)])
        gauge(bundle, LIMIT, "full", [300 * MB] * 90)
    full, files = bench_over(tmp_path, incident=30).rows("growth")
    assert full["seconds_to_limit"] == 0  # over its limit already
    assert (files["signal"], files["slope_per_s"]) == ("open_fds", 1)
    assert files["limit"] is files["seconds_to_limit"] is None
