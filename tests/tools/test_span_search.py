"""Spans by what they say, and one trace with all that it says."""

import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.recorded import unpacked
from warroom.tools.base import Frame


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> ReadBench:
    """The recorded exhaustion of a pool, from a minute before its last span."""
    bundle = read_bundle(unpacked("pool-exhaustion", tmp_path_factory.mktemp("recorded")))
    [end] = [c.end for c in bundle.coverage() if c.modality == "traces" and c.end]
    return ReadBench(bundle, Frame(Window(end - 60, end - 20), Window(end - 20, end + 1)))


def test_spans_are_found_by_what_their_attributes_say(pool: ReadBench) -> None:
    rows = pool.rows("search_spans", pattern=r"http\.route=/checkout", service="gateway", limit=5)
    assert len(rows) == 5
    assert {row["service"] for row in rows} == {"gateway"}
    assert all("http.route=/checkout" in row["attributes"] for row in rows)
    assert [row["ts"] for row in rows] == sorted((row["ts"] for row in rows), reverse=True)


def test_only_failed_or_slow_ones_where_they_are_asked_for(pool: ReadBench) -> None:
    failed = pool.call("search_spans", failed=True)
    assert {row.record()["status"] for row in failed.rows} == {"error"}
    slow = pool.rows("search_spans", slower_than_ms=500, limit=200)
    assert slow
    assert min(row["duration_ms"] for row in slow) >= 500
    earlier = pool.rows("search_spans", start="-40s", end="-30s")
    assert max(row["ts"] for row in earlier) < pool.frame.began - 30


def test_nothing_found_says_what_was_searched(pool: ReadBench) -> None:
    table = pool.call("search_spans", pattern="no such thing")
    assert (list(table.rows), table.summary.split()[:2]) == ([], ["none", "of"])


def test_a_trace_is_told_as_a_tree_with_its_attributes(pool: ReadBench) -> None:
    found = pool.rows("search_spans", pattern=r"http\.route=/checkout", service="gateway", limit=1)
    rows = pool.rows("trace", trace_id=found[0]["trace_id"])
    assert len(rows) > 3
    assert rows[0]["depth"] == 0
    assert {row["depth"] for row in rows} >= {0, 1, 2}
    assert any("http.route=/checkout" in row["attributes"] for row in rows)
    table = pool.call("trace", trace_id="none")
    assert table.summary == "no trace 'none' is recorded"
