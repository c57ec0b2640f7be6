"""Log templates, exceptions and search."""

import pytest

from warroom.errors import ToolFailed, ToolRetry
from warroom.tests.support.benches import ONSET, bench_over, empty_bench, shop_bench
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tools.base import REGISTRY
from warroom.tools.logs import matches

CHAIN = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/httpcore/pool.py", line 14, in connect
    raise ConnectError(error)
httpcore.ConnectError: refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/server.py", line 9, in answer
    return await handler(request)
  File "/srv/shop/client.py", line 81, in request
    raise Unreachable(peer) from error
shop.Unreachable: inventory
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return shop_bench(tmp_path_factory.mktemp("errors"), "errors", "payments")


def test_new_templates_come_with_counts_and_a_sample(bench):
    first = bench.rows("log_patterns")[0]
    assert (first["service"], first["level"], first["kind"]) == ("payments", "error", "new")
    assert first["template"] == "POST /charge failed: division by zero for order <num>"
    assert (first["before"], first["ratio"]) == (0, None)
    assert first["after"] == len(bench.rows("search_logs", pattern="division by zero", limit=200))
    assert first["sample"].startswith("POST /charge failed: division by zero for order ")
    assert ONSET <= first["first"] < ONSET + 5


def test_levels_are_checked(bench):
    with pytest.raises(ToolRetry, match="unknown level 'errors'; known are error, "):
        bench.call("log_patterns", levels=["errors"])


@pytest.mark.parametrize("level", ["warn", "WARN", "Warning", "warning "])
def test_a_level_is_meant_however_it_is_spelled(tmp_path, level):
    with BundleWriter(tmp_path) as bundle:
        for second in (61, 62, 63):
            bundle.log(START + second, "cart", "the disk is nearly full", "WARN")
        bundle.log(START + 64, "cart", "a level of its own", "notice")
    bench = bench_over(tmp_path)
    assert [row["after"] for row in bench.rows("log_patterns", levels=[level])] == [3]
    assert len(bench.rows("search_logs", pattern="disk", level=level)) == 3
    assert len(bench.rows("search_logs", pattern="", level="notice")) == 1


def test_a_schema_lists_the_levels():
    levels = REGISTRY["search_logs"].schema()["properties"]["level"]["enum"]
    assert levels == ["", "debug", "info", "warning", "error", "critical"]
    assert "enum" in str(REGISTRY["log_patterns"].schema()["properties"]["levels"])


def test_exceptions_are_grouped_by_where_they_were_raised(bench):
    [row] = bench.rows("error_groups")
    assert row["exception"] == "ZeroDivisionError"
    assert row["location"] == "/srv/shop/payments.py:77 settle"
    assert (row["file"], row["line"], row["function"]) == ("/srv/shop/payments.py", 77, "settle")
    assert (row["before"], row["new"], row["services"]) == (0, True, "payments")
    assert ONSET <= row["first"] <= row["last"] < ONSET + 20
    assert "settle" in row["sample"]


def test_a_chain_shows_the_own_frame_beside_the_root_exception(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for second in (10, 61, 62):
            stack = {"exception.stacktrace": CHAIN}
            bundle.log(START + second, "cart", "call failed", "error", **stack)
    [row] = bench_over(tmp_path).rows("error_groups")
    assert row["exception"] == "httpcore.ConnectError"
    assert row["location"] == "/srv/shop/client.py:81 request"
    assert (row["count"], row["before"]) == (2, 0)  # the first lies before the baseline


def test_search_is_newest_first_and_survives_any_pattern(bench):
    rows = bench.rows("search_logs", pattern="failed", service="payments", limit=5)
    assert len(rows) == 5
    assert [row["ts"] for row in rows] == sorted((row["ts"] for row in rows), reverse=True)
    assert rows[0]["exception"] == "ZeroDivisionError"
    table = bench.call("search_logs", pattern="(unclosed")
    assert table.rows == []
    assert "matches '(unclosed'" in table.summary


def test_lines_are_found_in_any_time_and_by_their_attributes(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        bundle.log(START + 5, "cart", "the first of its kind", "error", http__route="/pay")
        bundle.log(START + 70, "cart", "another", "error", http__route="/cart")
    bench = bench_over(tmp_path)
    assert bench.rows("search_logs", pattern="first") == [], "before the incident"
    [early] = bench.rows("search_logs", pattern="first", start="-60s", end="+0s")
    assert early["ts"] == START + 5
    assert bench.rows("search_logs", pattern="route=/cart") == []
    [routed] = bench.rows("search_logs", pattern="route=/cart", attributes=True)
    assert "http.route=/cart" in routed["attributes"]
    both = bench.rows("search_logs", pattern="", start="-1h", oldest_first=True)
    assert [row["ts"] for row in both] == [START + 5, START + 70]


def test_a_service_that_has_nothing_but_logs_is_known(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        bundle.log(START + 61, "mailer", "sent")
    bench = bench_over(tmp_path)
    assert len(bench.rows("search_logs", pattern="sent", service="mailer")) == 1
    with pytest.raises(ToolRetry, match="unknown service mail; known are mailer"):
        bench.rows("search_logs", pattern="sent", service="mail")


@pytest.mark.parametrize("name", ["log_patterns", "error_groups"])
def test_nothing_to_see_is_said(tmp_path, name):
    table = empty_bench(tmp_path).call(name)
    assert table.rows == []
    assert table.summary.startswith("no ")


def test_a_pattern_that_never_ends_elsewhere_is_answered():
    assert matches(r"(a+)+$", ["a" * 40 + "!"] * 50) == ([], False)
    assert matches("B", ["x" * 3_000_000, "ab", "y" * 3_000_000, "b"]) == ([1, 3], False)
    assert matches("\ud83d", ["\ud83d there", "nothing"])[0] == [0]


@pytest.mark.parametrize(
    "pattern", ["(a?){500}(a?){500}(a){900}b", r"\w{500}", "a{1001}", "((a{100}){100}){100}"]
)
def test_a_pattern_that_multiplies_is_refused_before_it_is_searched(bench, pattern):
    with pytest.raises(ToolRetry, match="fewer or smaller counted repetitions"):
        bench.rows("search_logs", pattern=pattern)


def test_a_search_ends_when_its_time_is_over():
    with pytest.raises(ToolFailed, match="0 of 2 texts were searched"):
        matches("a", ["a", "b"], seconds=-1)
