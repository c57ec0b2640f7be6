"""Signals, health, saturation and growth, over the synthetic shop and hand-made series."""

import pytest

from warroom.errors import ToolRetry
from warroom.tests.support.benches import ONSET, bench_over, empty_bench, shop_bench
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("errors"), "errors", "payments")


@pytest.fixture(scope="module")
def hang(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("hang"), "hang", "inventory")


@pytest.fixture(scope="module")
def leak(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("leak"), "leak", "checkout")


def test_the_worst_signal_comes_first(errors):
    rows = errors.rows("compare_signals")
    first = rows[0]
    assert (first["service"], first["signal"]) == ("payments", "error_rate")
    assert first["worse"]
    assert first["baseline"] == pytest.approx(0, abs=0.02)
    assert first["current"] == pytest.approx(0.6, abs=0.2)
    assert ONSET - 2 <= first["onset"] <= ONSET + 4
    sick = {row["service"] for row in rows if row["worse"] and row["score"] > 6}
    assert sick == {"payments", "checkout", "gateway"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"service": "chekout"}, "unknown service chekout; known are checkout"),
        ({"signal": "errors"}, "there is error_rate, "),
        ({"points": "high"}, "points"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_arguments_are_corrected(errors, arguments, said):
    with pytest.raises(ToolRetry, match=said):
        errors.call("signal_series", **{"service": "login", "signal": "up"} | arguments)


def test_a_series_has_the_points_asked_for(errors):
    rows = errors.rows("signal_series", service="payments", signal="error_rate", points=20)
    assert len(rows) == 20
    assert rows[0]["ts"] == START + 15
    assert rows[0]["value"] < 0.1
    assert rows[-1]["value"] > 0.3


def test_vanished_signals_are_noted(hang):
    rows = [row for row in hang.rows("compare_signals") if row["service"] == "inventory"]
    notes = {row["signal"]: row["note"] for row in rows}
    by_name = {row["signal"]: row for row in rows}
    assert by_name["up"]["worse"]
    assert by_name["up"]["current"] == 0
    assert notes["memory_share"] == "vanished"


def test_health_names_the_sick(hang):
    rows = {row["service"]: row for row in hang.rows("health")}
    assert rows["inventory"]["traffic"] == "bad"
    assert rows["inventory"]["up"] == 0
    assert rows["checkout"]["errors"] == "bad"
    assert rows["login"]["traffic"] == "ok"
    assert rows["login"]["errors"] == "ok"
    assert rows["database"]["saturation"] == "unknown"


def test_health_of_a_healthy_shop(tmp_path):
    table = shop_bench(tmp_path, "none").call("health")
    assert table.summary.startswith("0 of 9 services")
    assert all("bad" not in row.states() for row in table.rows)


def test_growth_finds_the_leak_and_when_it_is_full(leak):
    first = leak.rows("growth")[0]
    assert (first["service"], first["signal"]) == ("checkout", "memory_bytes")
    assert first["slope_per_s"] == pytest.approx(0.03 * 256e6, rel=0.05)
    assert first["limit"] == pytest.approx(256e6, rel=0.001)
    left = (first["limit"] - first["now"]) / first["slope_per_s"]
    assert first["seconds_to_limit"] == pytest.approx(left, rel=0.05)
    assert first["confidence"] > 0.9


def test_no_growth_where_nothing_grows(errors):
    assert not [row for row in errors.rows("growth") if row["confidence"] >= 0.5]


def test_saturation_knows_used_limit_and_waiting(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "db_pool_size", "cart", [8.0] * 80)
        gauge(bundle, "db_pool_in_use", "cart", [2.0] * 60 + [8.0] * 20)
        gauge(bundle, "db_pool_waiting", "cart", [0.0] * 60 + [12.0] * 20)
        gauge(bundle, "up", "cart", [1.0] * 80)
    [row] = bench_over(tmp_path).rows("saturation")
    assert (row["service"], row["resource"]) == ("cart", "db pool")
    assert (row["used"], row["limit"], row["utilisation"]) == (8, 8, 1)
    assert row["utilisation_before"] == 0.25
    assert row["waiting"] == 12
    assert row["score"] > 0.8


def test_windows_far_apart_are_compared_as_well(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        counter(bundle, "http_requests_total", "cart", [10] * 30, code="200")
        bundle.start += 600
        counter(bundle, "http_requests_total", "cart", [30] * 30, code="200")
    bench = bench_over(tmp_path)
    window = type(bench.frame.baseline)
    frame = type(bench.frame)(window(START, START + 30), window(START + 600, START + 630))
    bench.frame = frame
    [row] = [r for r in bench.rows("compare_signals") if r["signal"] == "request_rate"]
    assert (row["baseline"], row["current"]) == (10, 30)


def test_coverage_says_what_cannot_be_seen(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "up", "cart", [1.0] * 80)
        bundle.log(ONSET + 15, "cart", "late")
    problems = {row["modality"]: row["problem"] for row in bench_over(tmp_path).rows("coverage")}
    assert "baseline window begins" in problems["logs"]
    assert "no traces/*.jsonl" in problems["traces"]
    assert problems["metrics"] == ""


@pytest.mark.parametrize("name", ["compare_signals", "saturation", "growth"])
def test_nothing_to_see_is_said(tmp_path, name):
    table = empty_bench(tmp_path).call(name)
    assert table.rows == []
    assert table.summary.startswith("no")
