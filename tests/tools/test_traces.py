"""Calls, origins of failures, time and statements out of traces; and who started it."""

from typing import Any

import pytest

from warroom.errors import ToolRetry
from warroom.tests.support.benches import bench_over, empty_bench, shop_bench
from warroom.tests.support.bundles import START, BundleWriter


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    faults = {
        "errors": "payments",
        "hang": "inventory",
        "slow": "catalog",
        "fanout": "catalog",
        "quota": "",
        "leak": "checkout",
        "stuffing": "",
        "none": "",
    }
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = shop_bench(tmp_path_factory.mktemp(kind), kind, faults[kind])
        return made[kind]

    return get


def test_edges_show_where_calls_fail(shops):
    rows = shops("errors").rows("call_edges")
    first = rows[0]
    assert (first["caller"], first["callee"]) == ("checkout", "payments")
    assert first["error_share"] - first["error_share_before"] == pytest.approx(
        first["error_rise"], abs=1e-3
    )
    assert first["error_share"] == pytest.approx(0.6, abs=0.25)
    assert first["unanswered"] == 0
    assert ("payments", "database") in {(row["caller"], row["callee"]) for row in rows}


def test_unanswered_calls_are_counted_for_services_that_leave_spans(shops):
    rows = {(row["caller"], row["callee"]): row for row in shops("hang").rows("call_edges")}
    lost = rows["checkout", "inventory"]
    assert lost["unanswered"] == lost["requests"] > 0
    assert lost["p95_ms"] == 1500
    assert rows["catalog", "database"]["unanswered"] == 0


@pytest.mark.parametrize(
    ("kind", "service", "reason", "caller"),
    [
        ("errors", "payments", "own error", "checkout"),
        ("hang", "inventory", "no answer", "checkout"),
        ("quota", "ai-primary", "uninstrumented callee", "recommendations"),
    ],
)
def test_failures_begin_at_the_deepest_failing_span(shops, kind, service, reason, caller):
    rows = shops(kind).rows("failure_origins")
    assert (rows[0]["service"], rows[0]["reason"]) == (service, reason)
    assert rows[0]["callers"] == caller
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=0.01)
    assert sum(row["share"] for row in rows if row["service"] == service) > 0.9


def test_a_failing_trace_is_shown_span_by_span(shops):
    bench = shops("errors")
    rows = bench.rows("example_trace", kind="failing", service="payments")
    assert rows[0]["depth"] == 0
    assert rows[0]["service"] == "gateway"
    assert rows[0]["offset_ms"] == 0
    guilty = [row for row in rows if row["service"] == "payments" and row["kind"] == "server"]
    assert guilty[0]["error"] == "ZeroDivisionError: division by zero"
    assert guilty[0]["operation"].startswith("  ")
    again = bench.rows("example_trace", trace_id=rows[0]["trace_id"])
    assert again == rows


def test_a_slow_trace_is_shown_where_none_fails(shops):
    assert shops("slow").rows("example_trace", kind="slow", service="catalog")[0]["critical"]
    with pytest.raises(ToolRetry, match="kind: Input should be 'failing' or 'slow'"):
        shops("slow").call("example_trace", kind="odd")
    table = shops("slow").call("example_trace", trace_id="none")
    assert table.rows == []
    assert "no such trace" in table.summary


def test_added_time_is_put_down_to_the_operation_itself(shops):
    first = shops("slow").rows("slow_operations")[0]
    assert (first["service"], first["operation"]) == ("catalog", "SELECT")
    assert first["self_mean_ms"] == pytest.approx(900)
    assert first["ratio"] > 100
    assert first["share"] > 0.95


def test_a_slow_statement(shops):
    first = shops("slow").rows("slow_queries")[0]
    assert first["service"] == "catalog"
    assert first["mean_ms"] == pytest.approx(900)
    assert first["ratio"] > 100
    assert first["fanout_ratio"] == pytest.approx(1, abs=0.2)


def test_a_statement_run_in_a_loop(shops):
    first = shops("fanout").rows("slow_queries")[0]
    assert first["service"] == "catalog"
    assert first["ratio"] == pytest.approx(1, abs=0.3)
    assert first["calls_per_request"] == 10
    assert first["fanout_ratio"] > 5


@pytest.mark.parametrize(
    ("kind", "service"),
    [
        ("errors", "payments"),
        ("hang", "inventory"),
        ("slow", "catalog"),
        ("quota", "ai-primary"),
        ("leak", "checkout"),
        ("stuffing", "login"),
    ],
)
def test_the_degradation_starts_at_the_guilty_service(shops, kind, service):
    rows = shops(kind).rows("origin")
    assert rows[0]["service"] == service
    assert rows[0]["blame"] > 0.5
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


def test_the_path_leads_from_the_loudest_service(shops):
    first = shops("hang").rows("origin")[0]
    assert first["silent"]
    assert first["path"].endswith("checkout > inventory")
    assert first["signal"] == "up"


def test_nothing_is_blamed_when_all_is_well(shops):
    rows = shops("none").rows("origin")
    assert all(row["own"] < 0.3 for row in rows)


def test_a_wrong_password_is_no_failure(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for i in range(20):
            ids = (f"t{i}", f"a{i}", "")
            bundle.span(START + 50 + i, "edge", "POST /login", ids)
            facts: dict[str, Any] = {"peer.service": "login", "http.response.status_code": 401}
            ids = (f"t{i}", f"b{i}", f"a{i}")
            at = START + 50 + i
            bundle.span(at, "edge", "POST /login", ids, kind="client", error="HTTP 401", **facts)
    bench = bench_over(tmp_path)
    assert bench.rows("failure_origins") == []
    assert bench.rows("call_edges")[0]["error_share"] == 0


@pytest.mark.parametrize(
    "name",
    [
        "call_edges",
        "failure_origins",
        "slow_operations",
        "slow_queries",
        "example_trace",
        "origin",
    ],
)
def test_nothing_to_see_is_said(tmp_path, name):
    table = empty_bench(tmp_path).call(name)
    assert table.rows == []
    assert table.summary.startswith("no ")
