"""Which trace is taken for an example, and how it is shown."""

import pytest

from warroom.errors import ToolRetry
from warroom.tests.support.benches import ONSET, bench_over
from warroom.tests.support.bundles import BundleWriter

CATALOGUE = {"services": [{"name": name} for name in ("edge", "cart", "stock", "bank")]}


@pytest.fixture
def bench(tmp_path):
    """Three requests: a long one that is well, a short one that fails, one with a hidden fault."""
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        at = ONSET + 1
        bundle.span(at, "edge", "GET /long", ("long", "1", ""), ms=900)
        bundle.span(at, "edge", "POST /pay", ("paid", "1", ""), ms=120, error="gave up")
        call, stock = ("paid", "2", "1"), {"kind": "client", "peer__service": "stock"}
        bundle.span(at + 0.01, "edge", "GET /stock", call, ms=100, error="Timeout", **stock)
        bundle.span(at, "edge", "GET /hidden", ("hidden", "1", ""), ms=300)
        inner, facts = ("hidden", "2", "1"), {"error.type": "KeyError"}
        bundle.span(at + 0.05, "cart", "GET /cart", inner, ms=150, error=" ", **facts)
    return bench_over(tmp_path)


def test_failing_means_failing_for_the_customer_first(bench):
    rows = bench.rows("example_trace")
    assert [(row["trace_id"], row["depth"]) for row in rows] == [("paid", 0), ("paid", 1)]
    assert rows[0]["self_ms"] == pytest.approx(20)
    assert rows[1]["operation"] == "  GET /stock"
    assert rows[1]["offset_ms"] == pytest.approx(10, abs=0.01)
    assert rows[1]["error"] == "Timeout"
    assert all(row["critical"] for row in rows)


def test_slow_means_longest_whether_it_fails_or_not(bench):
    assert {row["trace_id"] for row in bench.rows("example_trace", kind="slow")} == {"long"}
    rows = bench.rows("example_trace", kind="slow", service="cart")
    assert {row["trace_id"] for row in rows} == {"hidden"}


def test_a_service_that_never_answers_is_found_by_the_calls_of_it(bench):
    assert {r["trace_id"] for r in bench.rows("example_trace", service="stock")} == {"paid"}
    assert {r["trace_id"] for r in bench.rows("example_trace", service="cart")} == {"hidden"}
    table = bench.call("example_trace", service="bank")
    assert table.rows == []
    assert table.summary.startswith("no failing trace through bank among 5 spans")
    with pytest.raises(ToolRetry, match="unknown service moon"):
        bench.call("example_trace", service="moon")


def test_a_trace_asked_for_by_name(bench):
    table = bench.call("example_trace", trace_id="long")
    assert len(table.rows) == 1
    assert table.summary == "edge GET /long: 900 ms, 1 spans, 0 failed"


def test_the_type_of_an_error_stands_in_for_its_message(tmp_path):
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        row = {"trace_id": "t", "span_id": "1", "parent_id": "", "service": "edge", "name": "GET /"}
        row |= {"instance": "edge-1", "kind": "server", "start": ONSET + 1, "duration_ms": 5.0}
        row |= {"status": "error", "status_message": "", "attributes": {"error.type": "KeyError"}}
        bundle.add("traces/edge.jsonl", row)
    assert bench_over(tmp_path).rows("example_trace")[0]["error"] == "KeyError"


def test_a_long_trace_is_cut_and_says_so(tmp_path):
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        bundle.span(ONSET + 1, "edge", "GET /", ("t", "0", ""), ms=900, error="boom")
        for number in range(1, 100):
            bundle.span(ONSET + 1 + number / 200, "edge", "SELECT", ("t", str(number), "0"), ms=1)
    table = bench_over(tmp_path).call("example_trace")
    assert len(table.rows) == 60
    assert table.summary.endswith("100 spans, 1 failed; the first 60 are shown")


def test_broken_ids_do_not_hang(tmp_path):
    with BundleWriter(tmp_path, CATALOGUE) as bundle:
        bundle.span(ONSET + 1, "edge", "a", ("t", "1", "2"), ms=9, error="x")
        bundle.span(ONSET + 1, "edge", "b", ("t", "2", "1"), ms=8)
        bundle.span(ONSET + 1, "cart", "orphan", ("t", "3", "lost"), ms=7)
    rows = bench_over(tmp_path).rows("example_trace")
    assert sorted(row["operation"].strip() for row in rows) == ["a", "b", "orphan"]
