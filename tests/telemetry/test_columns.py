"""Columns of a bundle say what its records say, and follow it as it grows."""

from typing import Any

import numpy as np

from warroom.analysis.requests.tables import rows_of
from warroom.telemetry.bundle import open_bundle, read_bundle
from warroom.telemetry.kept import Kept
from warroom.telemetry.model import Window
from warroom.tests.support.bundles import START, BundleWriter

ALL = Window(0, START + 1000)


def request(bundle, trace, at, **facts):
    bundle.span(at, "web", "GET /", (trace, "1", ""), ms=30)
    bundle.span(at + 0.001, "web", "POST", (trace, "2", "1"), kind="client", ms=20, **facts)
    bundle.span(at + 0.002, "cart", "POST /cart", (trace, "3", "2"), ms=10, error="broken")


def test_spans_are_linked_and_say_who_is_called(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        request(bundle, "t", START, peer__service="cart")
    table = read_bundle(tmp_path).span_table(ALL)
    assert [tuple(table.ops[i]) for i in table.op] == [
        ("web", "GET /", "", "server"),
        ("web", "POST", "cart", "client"),
        ("cart", "POST /cart", "", "server"),
    ]
    assert table.parent.tolist() == [-1, 0, 1]
    assert table.entry.tolist() == [True, False, False]
    assert table.error.tolist() == [False, False, True]
    assert np.allclose(table.exclusive_ms, [10, 10, 10], atol=1e-3)


def test_a_refusal_is_no_failure_and_a_timeout_is(tmp_path):
    with BundleWriter(tmp_path) as bundle:
        for number, code in enumerate((404, 429, 500, "404")):
            facts: dict[str, Any] = {"http__response__status_code": code}
            bundle.span(START + number, "web", "GET /", (str(number), "1", ""), error="e", **facts)
    assert read_bundle(tmp_path).span_table(ALL).error.tolist() == [False, True, True, True]


def test_a_table_grows_with_its_bundle_and_is_shared_until_then(tmp_path):
    with BundleWriter(tmp_path) as writer:
        request(writer, "t", START)
        recorder = open_bundle(tmp_path)
        assert len(recorder.recording.span_table(ALL)) == 0
        writer.flush()
        first = recorder.advance().span_table(ALL)
        assert recorder.advance().span_table(ALL) is first
        request(writer, "u", START + 5, server__address="elsewhere")
        writer.flush()
        bundle = recorder.advance()
        table = bundle.span_table(ALL)
    assert (len(first), len(table), table.traces) == (3, 6, 2)
    assert {op.peer for op in table.ops} == {"", "elsewhere"}
    later = bundle.span_table(Window(START + 4, START + 9))
    assert later.traces == 1
    assert {op.peer for op in later.ops} == {"", "elsewhere"}
    assert bundle.span_table(Window(START - 9, START)).ops == ()


def test_one_id_twice_is_one_span_of_a_trace_and_two_requests(tmp_path):
    with BundleWriter(tmp_path) as writer:
        request(writer, "t", START)
        request(writer, "t", START + 5)
    bundle = read_bundle(tmp_path)
    linked, every = bundle.span_table(ALL), bundle.span_table(ALL, linked=False)
    assert (linked.start.min(), len(linked), len(every)) == (START + 5, 3, 6)
    assert set(every.parent) == {-1}
    assert every.entry.tolist() == [True, False, False] * 2


def test_rows_lead_back_to_records(tmp_path):
    with BundleWriter(tmp_path) as writer:
        request(writer, "t", START)
        request(writer, "u", START + 5)
    bundle = read_bundle(tmp_path)
    table = bundle.span_table(ALL)
    found = bundle.spans_of(table, np.array([5, 0, 5]))
    assert [(span.trace_id, span.span_id) for span in found] == [("u", "3"), ("t", "1"), ("u", "3")]
    assert bundle.spans_of(table, np.zeros(0, np.int64)) == []


def test_log_lines_name_their_spans(tmp_path):
    with BundleWriter(tmp_path) as writer:
        request(writer, "t", START)
        writer.log(START + 2, "cart", "later", "WARN")
        line = {"ts": START + 1, "service": "web", "message": "first", "trace_id": "t"}
        writer.add("logs/web.jsonl", line | {"span_id": "2"})
    bundle = read_bundle(tmp_path)
    lines, table = bundle.log_table(ALL), bundle.span_table(ALL)
    assert bundle.messages(lines) == ["first", "later"]
    assert [lines.services[i] for i in lines.service] == ["web", "cart"]
    assert [lines.levels[i] for i in lines.level] == ["info", "warning"]
    assert rows_of(lines.span, table.key).tolist() == [1, -1]
    assert bundle.messages(lines.chosen(lines.of_levels({"warning"}))) == ["later"]
    assert bundle.messages(lines.chosen(lines.of_levels(()))) == []


def test_an_empty_bundle_has_empty_tables(tmp_path):
    BundleWriter(tmp_path)
    bundle = read_bundle(tmp_path)
    assert len(bundle.span_table(ALL)) == len(bundle.log_table(ALL)) == 0
    assert bundle.span_table(ALL).exclusive_ms.size == 0


def test_answers_are_kept_while_nothing_changes_and_only_so_many():
    kept, made = Kept(most=2), []

    def ask(key, stamp):
        return kept.get(key, stamp, lambda: made.append(key) or len(made))

    assert (ask("a", 1), ask("a", 1), ask("a", 2)) == (1, 1, 2)
    assert (ask("b", 2), ask("c", 2), ask("a", 2)) == (3, 4, 5)
