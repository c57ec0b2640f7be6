"""Statements against hand-computed calls and times."""

import pytest

from warroom.errors import ToolRetry
from warroom.tests.support.benches import ONSET, bench_over
from warroom.tests.support.bundles import START, BundleWriter

CATALOGUE = {"services": [{"name": "cart"}, {"name": "database", "kind": "database"}]}


def query(bundle, second, number, text, ms, *, trace="", error="", service="cart") -> None:
    facts = {"db.system": "postgresql", "db.query.text": text, "peer.service": "database"}
    trace = trace or f"t{second}"
    ids = (trace, f"q{second}-{number}", f"p{trace}")
    bundle.span(START + second, service, "SELECT", ids, ms=ms, kind="client", error=error, **facts)


@pytest.fixture
def bench(tmp_path):
    """Per second and request: one steady statement; one that slows down and is then looped."""
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        for second in range(15, 80):
            ill = second >= 60
            query(bundle, second, "steady", "SELECT 1", 4.0)
            for number in range(3 if ill else 1):
                query(bundle, second, number, "SELECT stock", 20.0 if ill else 5.0)
            if second >= 70:
                query(bundle, second, "new", "SELECT added", 2.0, error="timeout", service="web")
    return bench_over(tmp_path)


def test_times_and_loops_are_counted_per_request(bench):
    rows = {row["statement"]: row for row in bench.rows("slow_queries")}
    slow = rows["SELECT stock"]
    assert next(iter(rows)) == "SELECT stock"
    assert (slow["calls"], slow["calls_before"]) == (60, 45)
    assert (slow["mean_ms"], slow["mean_ms_before"], slow["ratio"]) == (20, 5, 4)
    assert (slow["p95_ms"], slow["p95_ms_before"], slow["total_ms"]) == (20, 5, 1200)
    assert (slow["calls_per_request"], slow["calls_per_request_before"]) == (3, 1)
    assert slow["fanout_ratio"] == 3
    assert rows["SELECT 1"]["ratio"] == rows["SELECT 1"]["fanout_ratio"] == 1


def test_a_statement_that_was_not_there_before_has_no_ratio(bench):
    added = next(r for r in bench.rows("slow_queries") if r["statement"] == "SELECT added")
    assert (added["service"], added["calls"], added["errors"]) == ("web", 10, 10)
    assert (added["calls_before"], added["mean_ms_before"]) == (0, None)
    assert added["ratio"] is added["fanout_ratio"] is None


def test_services_are_callers_or_the_database(tmp_path, bench):
    texts = {row["statement"] for row in bench.rows("slow_queries", services=["cart"])}
    assert texts == {"SELECT 1", "SELECT stock"}
    assert len(bench.rows("slow_queries", services=["database"])) == 3
    with pytest.raises(ToolRetry, match="unknown service oracle; known are database, web, cart"):
        bench.call("slow_queries", services=["oracle"])


def test_a_call_that_is_no_statement_is_left_out(tmp_path):
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        ids = ("t", "s", "")
        bundle.span(ONSET + 1, "cart", "GET /x", ids, kind="client", peer__service="stock")
        bundle.span(ONSET + 2, "cart", "PING", ("t", "d", ""), kind="client", db__system="redis")
    rows = bench_over(tmp_path).rows("slow_queries")
    assert [row["statement"] for row in rows] == ["PING"]  # a database without a text: its name
