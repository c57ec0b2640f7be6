"""Canonical signals against hand-computed values."""

import numpy as np
import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.telemetry.signal_catalogue import SignalName, SignalTable
from warroom.telemetry.signals import Signal, read_signals
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge
from warroom.yaml_tables import read_table


def signals(root, start=10, end=30, **options) -> dict[tuple[str, str], Signal]:
    found = read_signals(read_bundle(root), Window(START + start, START + end), **options)
    return {(signal.service, signal.name): signal for signal in found}


def test_every_signal_has_one_record():
    records = read_table("telemetry/signals.yaml", SignalTable).signals
    assert [known.name for known in records] == list(SignalName)


def test_error_rate_is_the_share_of_failed_requests(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        counter(bundle, "http_requests_total", "cart", [6] * 30, route="/a", code="200")
        counter(bundle, "http_requests_total", "cart", [0] * 20 + [2] * 10, route="/a", code="500")
        counter(bundle, "http_requests_total", "cart", [2] * 30, route="/b", code="429")
    found = signals(tmp_path)
    errors = found["cart", "error_rate"]
    assert errors.values[:10] == pytest.approx(0)
    assert errors.values[-1] == pytest.approx(2 / 10)
    assert errors.events is not None
    assert errors.events[-1] == pytest.approx(50)  # ten a second over five seconds
    assert found["cart", "request_rate"].values[0] == pytest.approx(8)
    assert found["cart", "request_rate"].values[-1] == pytest.approx(10)
    assert found["cart", "throttled_rate"].values[-1] == pytest.approx(2 / 10)


def test_a_counter_that_appears_later_started_from_zero(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        counter(bundle, "http_requests_total", "cart", [5] * 30, code="200")
        bundle.metric(START + 25, "http_requests_total", "cart", 5, code="503")
        for second in range(26, 30):
            bundle.metric(START + second, "http_requests_total", "cart", 5, code="503")
    errors = signals(tmp_path)["cart", "error_rate"].values
    assert errors[14] == 0
    assert errors[15] == pytest.approx(5 / 30)


def test_a_counter_reset_is_not_a_fall(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for second in range(30):
            value = 4 * second if second < 15 else 4 * (second - 15)
            bundle.metric(START + second, "http_requests_total", "cart", value, code="200")
    rates = signals(tmp_path)["cart", "request_rate"].values
    assert np.nanmin(rates) >= 3
    assert rates[-1] == pytest.approx(4)


def test_latency_quantiles_interpolate_in_the_buckets(tmp_path):
    name = "http_request_duration_seconds_bucket"
    with BundleWriter(tmp_path) as bundle:
        for le, rate in (("0.1", 5), ("0.5", 10), ("+Inf", 10)):
            counter(bundle, name, "cart", [rate] * 30, route="/", le=le)
    found = signals(tmp_path)
    assert found["cart", "latency_p50"].values[-1] == pytest.approx(0.1)
    assert found["cart", "latency_p95"].values[-1] == pytest.approx(0.1 + 0.4 * 0.9)
    assert found["cart", "latency_p95"].unit == "s"


def test_shares_are_of_the_instance_closest_to_its_limit(tmp_path):
    catalogue = {"services": [{"name": "cart", "limits": {"memory_bytes": 200}}]}
    with BundleWriter(tmp_path, catalogue) as bundle:
        for second in range(30):
            at = START + second
            bundle.metric(at, "process_resident_memory_bytes", "cart", 50, instance="cart-1")
            bundle.metric(at, "process_resident_memory_bytes", "cart", 150, instance="cart-2")
            bundle.metric(at, "http_requests_in_flight", "cart", 3, instance="cart-1")
            bundle.metric(at, "service_concurrency_limit", "cart", 4, instance="cart-1")
            for state, value in (("active", 10), ("idle", 20)):
                bundle.metric(at, "pg_connections", "database", value, state=state)
            bundle.metric(at, "pg_max_connections", "database", 60)
    found = signals(tmp_path)
    assert found["cart", "memory_share"].values[-1] == pytest.approx(0.75)
    assert found["cart", "concurrency_share"].values[-1] == pytest.approx(0.75)
    assert found["database", "connections_share"].values[-1] == pytest.approx(0.5)


def test_a_service_that_falls_silent_is_down(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "up", "cart", [1] * 30)
        gauge(bundle, "up", "login", [1] * 20)
        gauge(bundle, "up", "payments", [1] * 20 + [0] * 10)
    found = signals(tmp_path)
    assert found["cart", "up"].values[-1] == 1
    assert found["login", "up"].values.tolist()[:10] == [1] * 10
    assert found["login", "up"].values[-1] == 0
    assert found["payments", "up"].values.tolist() == [1] * 10 + [0] * 10
    alone = signals(tmp_path, services=["login"])
    assert np.isnan(alone["login", "up"].values[-1])  # nobody recorded: not known to be down


def test_a_spare_that_never_answered_is_not_down(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "up", "cart", [1] * 30)
        for second in range(30):
            bundle.metric(START + second, "up", "cart", 0, instance="cart-2")
    assert signals(tmp_path)["cart", "up"].values[-1] == 1


def test_restarts_are_counted_from_start_times(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        values = [100.0] * 20 + [120.0] * 10
        gauge(bundle, "process_start_time_seconds", "cart", values)
    restarts = signals(tmp_path)["cart", "restarts"].values
    assert restarts[:10] == pytest.approx(0)
    assert restarts[10:15] == pytest.approx(1)  # while it lies in the trailing window


def test_spans_stand_in_where_there_are_no_request_metrics(tmp_path):
    with BundleWriter(tmp_path, {"services": [{"name": "cart"}, {"name": "bank"}]}) as bundle:
        for second in range(30):
            ids = (f"t{second}", f"s{second}", "")
            error = "boom" if second >= 20 else ""
            bundle.span(START + second, "cart", "GET /", ids, ms=200, error=error)
            ids = (f"t{second}", f"c{second}", f"s{second}")
            facts = {"peer.service": "bank"}
            bundle.span(START + second, "cart", "POST /", ids, ms=100, kind="client", **facts)
    found = signals(tmp_path)
    assert found["cart", "error_rate"].source == "spans"
    assert found["cart", "error_rate"].values[0] == 0
    assert found["cart", "error_rate"].values[-1] == 1
    assert found["cart", "latency_p95"].values[-1] == pytest.approx(0.2)
    assert found["cart", "request_rate"].values[-1] == pytest.approx(1)
    assert found["bank", "latency_p50"].source == "callers"
    assert found["bank", "latency_p50"].values[-1] == pytest.approx(0.1)


def test_no_telemetry_gives_no_signals(tmp_path):
    BundleWriter(tmp_path)
    assert signals(tmp_path) == {}


def test_only_what_was_asked_for(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        gauge(bundle, "up", "cart", [1] * 30)
        gauge(bundle, "db_pool_waiting", "cart", [2] * 30)
        gauge(bundle, "db_pool_waiting", "login", [2] * 30)
    found = signals(tmp_path, services=["cart"], names=["db_pool_waiting"])
    assert list(found) == [("cart", "db_pool_waiting")]
    assert found["cart", "db_pool_waiting"].within(Window(START + 12, START + 14)).tolist() == [
        2,
        2,
    ]
