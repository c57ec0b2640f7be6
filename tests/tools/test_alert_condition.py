"""The alert's own condition, evaluated again, and the outcomes of routes, as tools tell them."""

from dataclasses import replace

import pytest

from warroom.tests.support.benches import ONSET, bench_over, shop_bench
from warroom.tests.support.bundles import BundleWriter, counter
from warroom.tools.alert_condition import level_named


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("errors"), "errors", "payments")


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("calm"), "none")


def told(bench, name, text="", service="payments"):
    bench = replace(bench, frame=replace(bench.frame, service=service, alerted=ONSET + 5))
    return [row for row in bench.rows("alert_condition", alert=name, text=text) if row["alerted"]]


def test_a_rule_that_still_holds_is_told_with_its_value(errors):
    [row] = told(errors, "ErrorBudgetBurn")
    assert (row["holds"], row["service"]) == (True, "payments")
    assert row["value"] > 6
    assert row["quiet_s"] == 0


def test_a_rule_that_held_a_moment_ago_has_not_been_quiet_long_enough(errors):
    [row] = told(errors, "HighErrorRate")
    assert (row["holds"], row["service"]) == (False, "payments")
    assert 0 < row["quiet_s"] < row["rhythm_s"]


def test_a_rule_that_never_held_is_quiet_for_longer_than_it_looks_back(calm):
    [row] = told(calm, "HighErrorRate")
    assert (row["holds"], row["value"]) == (False, None)
    assert row["quiet_s"] > row["rhythm_s"]


@pytest.mark.parametrize("rule", ["HighErrorRate", "ErrorBudgetBurn", "DatabaseErrors"])
def test_a_rule_whose_telemetry_is_missing_is_not_known_to_be_false(tmp_path, rule):
    bundle = BundleWriter(tmp_path, {"services": [{"name": "payments"}]})
    bundle.metric(ONSET - 40, "up", "payments", 1)
    bundle.flush()
    [row] = told(bench_over(tmp_path), rule)
    assert (row["holds"], row["quiet_s"]) == (None, None)
    assert row["words"] == f"{rule}: nothing here measures whether it holds"


def test_another_services_trouble_is_not_this_alerts(errors):
    [row] = told(errors, "HighErrorRate", service="catalog")
    assert row["holds"] is False


def test_an_alert_without_a_rule_is_held_against_the_level_that_it_names(calm):
    row = told(calm, "CheckoutSlow", "P95 latency of checkout above 400 ms", "checkout")[0]
    assert (row["rule"], row["holds"]) == ("latency_p95", False)
    assert "400 ms" in row["words"]
    row = told(calm, "CheckoutSlow", "P95 latency above 0.1 ms", "checkout")[0]
    assert row["holds"] is True


def test_an_alert_that_names_nothing_known_has_no_condition(calm):
    assert told(calm, "MoonPhase", "the moon is full") == []


@pytest.mark.parametrize(
    ("text", "unit", "level"),
    [
        ("P95 latency above 400 ms", "s", 0.4),
        ("latency > 2s for 5m", "s", 2.0),
        ("errors over 5%", "share", 0.05),
        ("more than 5% fail", "s", None),
        ("latency is high", "s", None),
    ],
)
def test_levels_as_alerts_word_them(text, unit, level):
    assert level_named(text, unit) == (pytest.approx(level) if level else None)


def test_routes_that_are_answered_otherwise_say_how_and_since_when(tmp_path):
    services = [
        {"name": "edge", "kind": "edge", "tier": 1},
        {"name": "orders", "tier": 2},
        {"name": "tips", "tier": 3},
    ]
    with BundleWriter(tmp_path, {"services": services}) as bundle:
        for name in ("edge", "orders"):
            for code, rates in (("200", [4.0] * 60 + [0] * 20), ("404", [0] * 60 + [4.0] * 20)):
                counter(bundle, "http_requests_total", name, rates, code=code, route="/orders")
        counter(bundle, "http_requests_total", "tips", [4.0] * 80, code="200", route="/tips")
    first, *rest = bench_over(tmp_path).rows("route_outcomes")
    assert {row["service"] for row in (first, *rest)} == {"edge", "orders"}
    edge = next(row for row in (first, *rest) if row["edge"])
    assert (edge["route"], edge["status"], edge["tier"]) == ("/orders", "404", 2)
    assert edge["completed_share_before"] == pytest.approx(1, abs=0.02)
    assert edge["completed_share"] == pytest.approx(0, abs=0.1)
    assert edge["lost"] == pytest.approx(80, abs=8)
    assert edge["since"] == pytest.approx(ONSET, abs=3)


def test_routes_of_a_calm_shop_are_answered_as_before(calm):
    assert all(row["score"] < 4 for row in calm.rows("route_outcomes"))
