"""Metrics of any name as values on a grid, by hand."""

import numpy as np
import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge
from warroom.tools.metric_blame import gauges

BEFORE, NOW = Window(START, START + 10), Window(START + 10, START + 20)


def found(root):
    return {(one.service, one.name): one for one in gauges(read_bundle(root), BEFORE, NOW)}


def test_instances_are_averaged_where_they_measure_and_added_where_they_count(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "depth", "cart", [2] * 10 + [6] * 10, instance="cart-1")
        gauge(bundle, "depth", "cart", [4] * 20, instance="cart-2")
        counter(bundle, "sold_total", "cart", [2] * 20, instance="cart-1")
        counter(bundle, "sold_total", "cart", [3] * 20, instance="cart-2")
    depth, sold = found(tmp_path)["cart", "depth"], found(tmp_path)["cart", "sold_total"]
    assert depth.before == pytest.approx(np.full(10, 3.0))
    assert depth.now == pytest.approx(np.full(10, 5.0))
    assert sold.now[1:] == pytest.approx(np.full(9, 5.0))  # a second


def test_one_instance_that_stops_is_no_zero(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "depth", "cart", [2] * 20, instance="cart-1")
        gauge(bundle, "depth", "cart", [4] * 10, instance="cart-2")
    assert found(tmp_path)["cart", "depth"].now == pytest.approx(np.full(10, 2.0))


def test_what_signals_are_made_of_and_what_measures_nothing_is_left_out(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        counter(bundle, "http_requests_total", "cart", [1] * 20, code="200")
        for name in ("rows_bucket", "build_info", "rows_created", "up", "updated"):
            gauge(bundle, name, "cart", [1] * 20)
    assert set(found(tmp_path)) == {("cart", "updated")}


def test_what_one_window_lacks_is_unknown_there(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "old", "cart", [1] * 9)
        for second in range(12, 20):
            bundle.metric(START + second, "new", "cart", 7.0)
    old, new = found(tmp_path)["cart", "old"], found(tmp_path)["cart", "new"]
    assert np.isnan(old.now).all() and old.now.size == 10
    assert np.isnan(new.before).all() and new.before.size == 10
    assert np.isnan(new.now[:2]).all() and new.now[2:] == pytest.approx(7.0)


def test_a_metric_of_no_service_is_nobodys_and_nothing_is_nothing(tmp_path):
    with BundleWriter(tmp_path / "some") as bundle:
        gauge(bundle, "depth", "", [1] * 20)
    assert found(tmp_path / "some") == {}
    with BundleWriter(tmp_path / "none"):
        pass
    assert gauges(read_bundle(tmp_path / "none"), BEFORE, NOW) == []
