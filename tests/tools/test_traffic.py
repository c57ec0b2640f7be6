"""Objectives, customers, access, traffic, certificates, changes and runbooks."""

import pytest

from warroom.errors import ToolRetry
from warroom.faults import faults
from warroom.tests.support.benches import ONSET, bench_over, empty_bench, shop_bench
from warroom.tests.support.bundles import START, BundleWriter, counter, gauge


@pytest.fixture(scope="module")
def hang(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("hang"), "hang", "inventory")


@pytest.fixture(scope="module")
def surge(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("surge"), "surge")


@pytest.fixture(scope="module")
def stuffing(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("stuffing"), "stuffing")


def test_objectives_against_hand_computed_values(tmp_path):
    slo_ = {"name": "ok", "sli": "availability", "objective": 0.9, "window_s": 80}
    with BundleWriter(tmp_path, {"services": [{"name": "cart", "slos": [slo_]}]}) as bundle:
        counter(bundle, "http_requests_total", "cart", [8] * 81, code="200")
        counter(bundle, "http_requests_total", "cart", [0] * 60 + [8] * 21, code="500")
    [row] = bench_over(tmp_path).rows("slo_state")
    assert row["current"] == pytest.approx(0.5, abs=0.02)
    assert row["burn_slow"] == pytest.approx(5, rel=0.05)
    assert row["burn_fast"] == pytest.approx(5, rel=0.05)
    assert row["breached"]
    assert row["budget_left"] == 0  # 160 bad of 680, where 68 are allowed


def test_an_objective_of_a_queue_is_a_share_of_moments(tmp_path):
    slo_ = {"name": "oldest 10 s", "sli": "queue_age", "objective": 0.9, "threshold_ms": 10_000}
    known = {"services": [{"name": "labels", "slos": [slo_ | {"window_s": 80}]}]}
    with BundleWriter(tmp_path, known) as bundle:
        gauge(bundle, "queue_oldest_age_seconds", "labels", [2] * 70 + [11] * 11)
    [row] = bench_over(tmp_path).rows("slo_state")
    assert row["current"] == pytest.approx(0.5, abs=0.03)
    assert row["breached"]


def test_who_takes_jobs_is_the_edge_where_nobody_answers_requests(tmp_path):
    with BundleWriter(tmp_path, {"services": []}) as bundle:
        gauge(bundle, "up", "labels", [1] * 80)
        for n in range(80):
            at, ids = START + n, (f"{n:032x}", f"{n:016x}")
            bundle.span(at, "orders", "send labels", (*ids, ""), kind="producer")
            below, wrong = (ids[0], f"{n + 1000:016x}", ids[1]), "KeyError" if n >= 60 else ""
            bundle.span(at, "labels", "process labels", below, kind="consumer", error=wrong)
    bench = bench_over(tmp_path)
    total, *routes = bench.rows("traffic_impact")
    assert [row["route"] for row in routes] == ["process labels"]
    assert (total["failed"], total["share_before"]) == (total["requests"], 0)
    errors = [r for r in bench.rows("compare_signals") if r["signal"] == "error_rate"]
    assert [row["service"] for row in errors] == ["labels"]


def test_latency_objectives_count_slow_requests(hang):
    rows = {(row["service"], row["name"]): row for row in hang.rows("slo_state")}
    assert rows["checkout", "fast"]["current"] < 0.1
    assert rows["checkout", "fast"]["breached"]
    assert not rows["login", "fast"]["breached"]
    assert rows["inventory", "availability"]["breached"] is False  # it answers nothing at all


def test_objectives_without_telemetry_are_unknown(tmp_path):
    slo_ = {"name": "ok", "sli": "availability", "objective": 0.9}
    BundleWriter(tmp_path, {"services": [{"name": "cart", "slos": [slo_]}]})
    [row] = bench_over(tmp_path).rows("slo_state")
    assert (row["current"], row["burn_slow"], row["breached"]) == (None, None, False)


def test_impact_is_counted_at_the_edge(hang):
    rows = hang.rows("traffic_impact")
    total, routes = rows[0], {row["route"]: row for row in rows[1:]}
    assert total["route"] == "*"
    assert total["requests"] == sum(row["requests"] for row in rows[1:])
    assert total["failed"] == routes["/checkout"]["failed"] + routes["/cart"]["failed"]
    assert routes["/checkout"]["share"] == 1
    assert routes["/login"]["failed"] == 0
    assert total["share_before"] < 0.02
    assert total["failed_clients"] <= total["clients"]


def test_attackers_are_named(stuffing):
    rows = stuffing.rows("auth_failures")
    attackers = {row["value"] for row in rows if row["confidence"] > 0.5}
    assert attackers == {"198.51.100.0", "198.51.100.1", "198.51.100.2"}
    assert {row["kind"] for row in rows} == {"concentrated"}
    assert rows[0]["pattern"] == "stuffing"
    assert sum(row["failures"] for row in rows) == 240
    assert len({row["value"] for row in stuffing.rows("auth_failures", by="user")}) > 50


def test_a_few_wrong_passwords_are_no_attack(hang):
    assert {row["kind"] for row in hang.rows("auth_failures")} == {"none"}


def test_new_sources_stand_out(surge):
    first = surge.rows("access_patterns")[0]
    assert first["value"].startswith("203.0.113.")
    assert first["rate_before"] == 0
    paths = surge.rows("access_patterns", by="path")
    impact = surge.rows("traffic_impact")
    assert sum(row["requests"] for row in paths) == impact[0]["requests"]
    assert {row["service"] for row in impact} == {"gateway"}, "whose requests they are"
    agents = surge.rows("access_patterns", by="user_agent")
    assert surge.rows("access_patterns", by="User agent") == agents


def test_traffic_by_route(surge):
    rows = surge.rows("traffic")
    assert rows[0]["value"] == "*"
    assert rows[0]["ratio"] == pytest.approx(4, abs=0.6)
    assert rows[0]["score"] > 20
    with pytest.raises(ToolRetry, match="by: Input should be 'route' or 'source'"):
        surge.call("traffic", by="colour")


def test_certificates(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        name = "tls_certificate_not_after_seconds"
        bundle.metric(ONSET, name, "edge", ONSET + 20 + 86400, subject="shop.example")
        bundle.metric(ONSET, name, "login", ONSET + 20 + 90 * 86400, subject="login.example")
    table = bench_over(tmp_path).call("certificates")
    assert [row.subject for row in table.rows] == ["shop.example", "login.example"]
    assert table.rows[0].seconds_left == 86400
    assert table.summary.startswith("1 of 2 certificates")


def test_changes_nearest_to_the_onset_first(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        bundle.change(ONSET - 300, "deploy", "cart", "old", files=["a.py", "b.py"])
        bundle.change(ONSET - 4, "flag", "", "dark-mode", diff="-off\n+on")
        bundle.change(ONSET + 12, "restart", "cart", "cart-1")
        bundle.change(ONSET - 9000, "deploy", "cart", "ancient")
    bench = bench_over(tmp_path)
    rows = bench.rows("recent_changes")
    assert [(row["id"], row["seconds_before"]) for row in rows] == [
        ("dark-mode", 4),
        ("old", 300),
        ("cart-1", -12),
    ]
    assert rows[1]["files"] == "a.py, b.py"
    assert rows[0]["diff"] == "-off\n+on"


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        ("memory leak", "memory-leak"),
        ("couldn't get a connection: connection pool exhausted", "pool-exhaustion"),
        ("P95 latency of a query after the release", "slow-release"),
        ("429 insufficient_quota from the AI provider", "provider-quota"),
    ],
)
def test_runbooks_are_found_by_fault_or_words(hang, asked, best):
    rows = hang.rows("find_runbook", fault=asked)
    assert rows[0]["id"] == best
    assert len(rows) <= 3


def test_no_runbook_is_said(hang):
    table = hang.call("find_runbook", fault="zebra")
    assert table.rows == []
    assert "none of" in table.summary
    assert len(hang.rows("find_runbook")) == len(faults().values())


@pytest.mark.parametrize(
    "name",
    [
        "traffic_impact",
        "auth_failures",
        "access_patterns",
        "traffic",
        "certificates",
        "recent_changes",
        "slo_state",
    ],
)
def test_nothing_to_see_is_said(tmp_path, name):
    table = empty_bench(tmp_path).call(name)
    assert table.rows == []
    assert table.summary
    assert tmp_path.name not in table.summary


def test_services_unknown_to_the_catalogue_are_served(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for i in range(80):
            ids = (f"t{i}", f"s{i}", "")
            bundle.span(START + i, "stranger", "GET /x", ids, http__route="/x")
    rows = bench_over(tmp_path).rows("traffic_impact")
    assert [row["route"] for row in rows] == ["*", "/x"]
