"""Call trees, own time, failure origins and edges, on small traces drawn by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.analysis.requests.edges import compare_edges, edge_stats, missing_callees
from warroom.analysis.requests.origins import find_origins
from warroom.tests.support.span_tables import Span, table_of


def span(
    id, parent, service, start_ms=0.0, ms=10.0, *, kind="server", error=False, peer="", trace="t"
):
    return Span(trace, id, parent, service, id, kind, start_ms / 1000, ms, error, peer)


def call(id, parent, service, peer, start_ms=0.0, *, ms=10.0, error=False, trace="t"):
    return span(
        id, parent, service, start_ms, ms, kind="client", error=error, peer=peer, trace=trace
    )


def names(table, rows):
    return [table.ops[op].name for op in table.op[rows]]


def test_orphans_are_roots_and_loops_are_cut():
    trace = table_of([span("a", "gone", "x"), span("b", "c", "y"), span("c", "b", "y")])
    roots = names(trace, trace.parent < 0)
    assert len(roots) == 2
    assert "a" in roots
    assert trace.depth.max() == 1
    assert table_of([span("s", "s", "x")]).parent.tolist() == [-1]


def test_span_ids_need_only_be_unique_within_a_trace():
    traces = table_of([span("1", "", "a"), span("1", "", "b", trace="u")])
    assert traces.parent.tolist() == [-1, -1]


def test_exclusive_time_subtracts_the_union_of_the_children():
    # parent 0-100, children 10-40 and 30-60 (union 50) and 90-130 (10 inside): 40 left
    trace = table_of(
        [
            span("p", "", "a", 0, 100),
            span("x", "p", "b", 10, 30),
            span("y", "p", "b", 30, 30),
            span("z", "p", "c", 90, 40),
        ]
    )
    own = dict(zip(names(trace, slice(None)), trace.exclusive_ms, strict=True))
    assert own["p"] == pytest.approx(40)
    assert own["z"] == pytest.approx(40)


trees = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0, 1000), st.floats(0, 1000)), min_size=1, max_size=10
)


def tree(rows):
    return [
        span(str(i), str(parent) if parent < i else "", f"s{i % 3}", start, ms)
        for i, (parent, start, ms) in enumerate(rows)
    ]


@given(trees, st.randoms())
def test_own_time_lies_within_the_span_and_ignores_order(rows, random):
    spans = tree(rows)
    trace = table_of(spans)
    own = dict(zip(names(trace, slice(None)), trace.exclusive_ms, strict=True))
    assert all(-1e-9 <= own[s.name] <= s.duration_ms + 1e-9 for s in spans)
    random.shuffle(spans)
    again = table_of(spans)
    assert dict(zip(names(again, slice(None)), again.exclusive_ms, strict=True)) == own


@given(trees)
def test_the_critical_path_is_a_part_of_the_longest_root(rows):
    trace = table_of(tree(rows))
    assert trace.ms[trace.parent < 0].max() in trace.ms[trace.critical]


def test_critical_path_follows_the_last_to_finish():
    # b (10-30) and c (10-80) run beside each other, then d (80-95): b is not critical
    trace = table_of(
        [
            span("a", "", "a", 0, 100),
            span("b", "a", "b", 10, 20),
            span("c", "a", "c", 10, 70),
            span("d", "a", "d", 80, 15),
        ]
    )
    assert names(trace, trace.critical) == ["a", "c", "d"]
    assert not table_of([]).critical.size


def find_origin(spans, instrumented=()):
    return next(iter(find_origins(table_of(spans), instrumented)), None)


def failing_chain():
    return [
        span("1", "", "gateway", 0, 100, error=True),
        call("2", "1", "gateway", "cart", 1, ms=98, error=True),
        span("3", "2", "cart", 2, 96, error=True),
        call("4", "3", "cart", "stock", 3, ms=10),
        span("5", "4", "stock", 4, 8),
    ]


def test_the_deepest_span_in_error_is_the_origin():
    origin = find_origin(failing_chain())
    assert origin is not None
    assert (origin.service, origin.reason, origin.caller) == ("cart", "own error", "gateway")


def test_a_healthy_trace_has_no_origin():
    assert find_origin([span("1", "", "a")]) is None
    assert find_origins(table_of([])) == []


def test_an_unanswered_call_blames_the_callee_that_used_to_answer():
    spans = [
        span("1", "", "gateway", error=True),
        call("2", "1", "gateway", "payments", error=True),
    ]
    silent = find_origin(spans, instrumented={"payments"})
    assert silent is not None
    assert (silent.service, silent.reason) == ("payments", "no answer")
    assert silent.caller == "gateway"
    unknown = find_origin(spans)
    assert unknown is not None and unknown.reason == "uninstrumented callee"


def test_a_late_answer_blames_what_took_the_time():
    spans = [
        span("1", "", "gateway", 0, 1000, error=True),
        call("2", "1", "gateway", "cart", 0, ms=1000, error=True),
        span("3", "2", "cart", 1, 3000),
        call("4", "3", "cart", "stock", 2, ms=2990),
        span("5", "4", "stock", 3, 2980),
    ]
    origin = find_origin(spans)
    assert origin is not None
    assert (origin.service, origin.reason) == ("stock", "slow callee")
    assert (origin.caller, origin.row) == ("cart", 4)


def test_a_tolerated_error_gives_way_to_one_that_reached_the_root():
    tolerated = [
        span("1", "", "gateway", error=True),
        span("2", "1", "recommendations"),
        span("3", "2", "ads", error=True),
    ]
    origin = find_origin(tolerated)
    assert origin is not None and origin.service == "gateway"
    only = find_origin([s._replace(error=s.service == "ads") for s in tolerated])
    assert only is not None
    assert only.service == "ads"


def calls(n, failed=0, ms=10.0, answered=True):
    spans = []
    for i in range(n):
        spans.append(span("r", "", "gateway", trace=f"t{i}"))
        spans.append(call("c", "r", "gateway", "cart", ms=ms, error=i < failed, trace=f"t{i}"))
        if answered:
            spans.append(span("s", "c", "cart", trace=f"t{i}"))
    return spans


def test_edge_stats_count_each_call_once():
    stats = edge_stats(table_of(calls(10, failed=2)))[("gateway", "cart")]
    assert (stats.count, stats.errors, stats.unanswered) == (10, 2, 0)
    assert (stats.p95_ms, stats.error_share) == (10, 0.2)


def test_edges_without_client_spans_are_seen_too():
    stats = edge_stats(table_of([span("1", "", "a"), span("2", "1", "b", ms=7, error=True)]))
    assert stats[("a", "b")].p95_ms == 7
    assert stats[("a", "b")].errors == 1


def test_compare_edges_by_error_and_latency():
    shift = compare_edges(table_of(calls(10)), table_of(calls(10, failed=5, ms=40)))[0]
    assert shift.error_rise == pytest.approx(0.5)
    assert shift.latency_ratio == pytest.approx(4)
    gone = compare_edges(table_of(calls(3)), table_of([]))[0]
    assert (gone.after, gone.error_rise, gone.latency_ratio) == (None, 0, None)


def test_missing_callees():
    spans = table_of(calls(4, failed=3, answered=False))
    missing = missing_callees(spans, known={"cart"})[0]
    assert (missing.service, missing.callers, missing.unanswered) == ("cart", ("gateway",), 3)
    assert missing.share == 0.75
    assert missing_callees(spans, known={"stock"}) == []
    assert missing_callees(table_of(calls(4, failed=3))) == []
