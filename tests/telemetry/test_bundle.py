"""Bundles: what is read, what is refused, and what is said about the rest."""

import json
import shutil
from pathlib import Path

import pytest

from warroom.errors import BundleError, StoreError
from warroom.telemetry.bundle import open_bundle, read_bundle, save
from warroom.telemetry.coverage import missing
from warroom.telemetry.model import StateFact, Window
from warroom.telemetry.recording import Recording
from warroom.telemetry.records import change_kind
from warroom.telemetry.tables import Tables
from warroom.tests.support.bundles import START, BundleWriter

ALL = Window(0, 4e9)


def problem(bundle: Recording, modality: str) -> str:
    return next(cover.problem for cover in bundle.coverage() if cover.modality == modality)


def small(root: Path) -> BundleWriter:
    writer = BundleWriter(root)
    writer.metric(START, "up", "cart", 1, route="/a")
    writer.metric(START + 1, "up", "cart", 0, route="/a")
    writer.log(START + 1, "cart", "Cannot connect", "ERROR", trace_id="t1", http__route="/a")
    writer.span(START, "cart", "GET /a", ("t1", "s1", ""), ms=12.5, error="boom")
    writer.change(START - 5, "deploy", "cart", "abc", files=["a.py"], summary="tidy")
    writer.flush()
    return writer


def test_every_modality_comes_back_as_written(tmp_path):
    small(tmp_path)
    bundle = read_bundle(tmp_path)
    [series] = bundle.metrics(ALL, ["up"])
    assert (series.service, series.instance, series.labels) == ("cart", "cart-1", {"route": "/a"})
    assert series.ts.tolist() == [START, START + 1]
    assert series.values.tolist() == [1, 0]
    [log] = bundle.logs(ALL, levels=["error"])
    assert (log.message, log.level, log.attributes) == (
        "Cannot connect",
        "error",
        {"http.route": "/a"},
    )
    [span] = bundle.spans(ALL)
    assert (span.name, span.duration_ms, span.status_message) == ("GET /a", 12.5, "boom")
    [change] = bundle.changes(ALL)
    assert (change.id, change.files, change.summary) == ("abc", ("a.py",), "tidy")
    assert bundle.metric_names() == [("cart", "up")]
    assert {cover.modality: cover.rows for cover in bundle.coverage()} == {
        "metrics": 2,
        "logs": 1,
        "traces": 1,
        "changes": 1,
    }


def test_windows_are_closed_open_and_filters_apply(tmp_path):
    small(tmp_path)
    bundle = read_bundle(tmp_path)
    assert bundle.metrics(Window(START, START + 1), ["up"])[0].ts.tolist() == [START]
    assert bundle.metrics(ALL, ["other"]) == []
    assert bundle.metrics(ALL, ["up"], ["login"]) == []
    assert bundle.logs(Window(START, START + 1)) == []
    assert bundle.logs(ALL, services=["login"]) == []
    assert bundle.logs(ALL, levels=["info"]) == []


def test_lines_written_while_it_is_open_are_seen_once(tmp_path):
    writer = small(tmp_path)
    recorder = open_bundle(tmp_path)
    assert len(recorder.advance().logs(ALL)) == 1
    writer.log(START + 2, "cart", "second")
    writer.flush()
    assert [log.message for log in recorder.advance().logs(ALL)] == ["Cannot connect", "second"]
    assert [log.message for log in recorder.advance().logs(ALL)] == ["Cannot connect", "second"]


def test_a_half_written_line_waits_for_its_other_half(tmp_path):
    small(tmp_path)
    line = json.dumps({"ts": START + 3, "service": "cart", "message": "third"})
    file = tmp_path / "logs" / "cart.jsonl"
    with file.open("a") as out:
        out.write(line[:20])
    recorder = open_bundle(tmp_path)
    assert len(recorder.advance().logs(ALL)) == 1
    assert "cart.jsonl is half-written" in problem(recorder.advance(), "logs")
    with file.open("a") as out:
        out.write(line[20:] + "\n")
    assert [log.message for log in recorder.advance().logs(ALL)] == ["Cannot connect", "third"]
    assert problem(recorder.advance(), "logs") == ""


def test_a_whole_last_line_without_newline_counts(tmp_path):
    small(tmp_path)
    file = tmp_path / "logs" / "cart.jsonl"
    file.write_text(file.read_text() + json.dumps({"ts": START + 3, "message": "third"}))
    recorder = open_bundle(tmp_path)
    assert len(recorder.advance().logs(ALL)) == 2
    with file.open("a") as out:
        out.write("\n" + json.dumps({"ts": START + 4, "message": "fourth"}) + "\n")
    assert len(recorder.advance().logs(ALL)) == 3


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b'{"ts": "yesterday", "message": "x"}',
        b'["ts", 1]',
        b'{"ts": NaN, "message": "x"}',
        b'{"message": "when?"}',
        b'{"ts": 5, "message": "caf\xff"}',
    ],
)
def test_unreadable_lines_are_left_out_and_counted(tmp_path, line):
    small(tmp_path)
    file = tmp_path / "logs" / "cart.jsonl"
    file.write_bytes(line + b"\n" + file.read_bytes())
    bundle = read_bundle(tmp_path)
    assert [log.message for log in bundle.logs(ALL)] == ["Cannot connect"]
    assert "1 of 2 lines could not be read" in problem(bundle, "logs")


def test_fields_of_odd_types_do_not_break_records(tmp_path):
    small(tmp_path)
    odd = {"ts": START + 1, "message": 5, "level": None, "attributes": "text", "service": None}
    (tmp_path / "logs" / "odd.jsonl").write_text(json.dumps(odd) + "\n")
    found = [log for log in read_bundle(tmp_path).logs(ALL) if log.message == "5"]
    assert [(log.level, log.service, log.attributes) for log in found] == [("info", "", {})]


def test_missing_modalities_are_named(tmp_path):
    BundleWriter(tmp_path)
    bundle = read_bundle(tmp_path)
    assert bundle.metrics(ALL, ["up"]) == []
    assert bundle.spans(ALL) == []
    assert problem(bundle, "metrics") == "no metrics/*.jsonl in the bundle"
    assert problem(bundle, "changes") == "no changes.jsonl in the bundle"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (None, "is not a directory"),
        ({}, "holds no bundle.json"),
        ({"bundle.json": "{"}, "is not JSON"),
        ({"bundle.json": "[]"}, "reads 'warroom-bundle/1'"),
        ({"bundle.json": '{"format": "other/2"}'}, "format is 'other/2'"),
    ],
)
def test_what_is_no_bundle_is_refused(tmp_path, files, said):
    root = tmp_path / "bundle"
    if files is not None:
        root.mkdir()
        for name, text in files.items():
            (root / name).write_text(text)
    with pytest.raises(BundleError, match=said):
        read_bundle(root)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"services": [{"name": "a", "tier": "first"}]}', "services.0.tier"),
        ('{"services": [{"name": "a"}, {"name": "a"}]}', "listed twice"),
        ('{"services": ', "is not JSON"),
        ("[]", "the document"),
    ],
)
def test_a_wrong_catalogue_names_the_field(tmp_path, content, said):
    BundleWriter(tmp_path)
    (tmp_path / "catalogue.json").write_text(content)
    with pytest.raises(BundleError, match=said):
        read_bundle(tmp_path).catalogue()


def test_no_catalogue_is_an_empty_one(tmp_path):
    BundleWriter(tmp_path)
    (tmp_path / "catalogue.json").unlink()
    assert read_bundle(tmp_path).catalogue().services == []


def test_clocks_that_disagree_are_told(tmp_path):
    writer = BundleWriter(tmp_path)
    for i in range(8):
        writer.span(START + i, "edge", "GET /", (f"t{i}", f"a{i}", ""), ms=50)
        writer.span(START + i - 30, "cart", "GET /", (f"t{i}", f"b{i}", f"a{i}"), ms=20)
        writer.span(START + i, "edge", "GET /", (f"u{i}", f"c{i}", ""), ms=50)
        writer.log(START + i + 90, "edge", "done", trace_id=f"u{i}")
    writer.metric(START - 500, "up", "edge", 1)
    writer.flush()
    bundle = read_bundle(tmp_path)
    assert "clock of cart is 30.0 s behind its callers'" in problem(bundle, "traces")
    assert "clock is 90.0 s ahead of that of the traces" in problem(bundle, "logs")
    assert "after the metrics end" in problem(bundle, "logs")


def test_clocks_that_agree_are_not_mentioned(tmp_path):
    writer = BundleWriter(tmp_path)
    for i in range(8):
        writer.span(START + i, "edge", "GET /", (f"t{i}", f"a{i}", ""), ms=50)
        writer.span(START + i + 0.01, "cart", "GET /", (f"t{i}", f"b{i}", f"a{i}"), ms=20)
        writer.log(START + i + 0.05, "edge", "done", trace_id=f"t{i}")
        writer.metric(START + i, "up", "edge", 1)
    writer.change(START, "flag", "", "dark-mode")
    writer.flush()
    assert [cover.problem for cover in read_bundle(tmp_path).coverage()] == ["", "", "", ""]


def test_gaps_name_the_window_that_cannot_be_seen(tmp_path):
    writer = small(tmp_path)
    writer.log(START + 60, "cart", "later")
    writer.flush()
    covers = {cover.modality: cover for cover in read_bundle(tmp_path).coverage()}
    before = Window(START - 45, START - 5)
    assert missing(covers["metrics"], before) == "begins 5 s after the window has ended"
    assert missing(covers["metrics"], Window(START, START + 1)) == ""
    assert missing(covers["changes"], before) == ""


def test_queries_cannot_leave_the_bundle(tmp_path):
    small(tmp_path)
    secret = tmp_path.parent / "secret.txt"
    secret.write_text("x")
    bundle = read_bundle(tmp_path / ".")
    with pytest.raises(Exception, match=r"[Pp]ermission"):
        bundle.tables.db.execute("SELECT * FROM read_text(?)", [str(secret)])


def test_a_recording_is_written_as_a_bundle_that_reads_the_same(tmp_path):
    catalogue = {"services": [{"name": "cart", "tier": 1}]}
    writer = BundleWriter(tmp_path / "live", catalogue)
    writer.metric(START, "up", "cart", float("nan"), route="/a")
    writer.metric(START + 1, "up", "cart", 2)
    writer.log(START + 2, "cart", "two \u2028 lines", "WARN", http__route="/a")
    writer.span(START + 1, "cart", "GET /", ("t", "1", ""), ms=3)
    writer.change(START - 9, "deploy", "cart", "v2", files=["a.py"])
    writer.flush()
    fact = {
        "at": START - 9,
        "service": "cart",
        "kind": "limit",
        "object": "open files",
        "value": "9",
    }
    (tmp_path / "live" / "state.jsonl").write_text(json.dumps(fact) + "\n")
    live = read_bundle(tmp_path / "live")
    again = read_bundle(save(live, tmp_path / "kept"))
    part = read_bundle(save(live, tmp_path / "part", Window(START + 1, START + 2)))
    with pytest.raises(BundleError, match="exists already"):
        save(live, tmp_path / "kept")
    assert again.held == live.held
    for read in (Recording.logs, Recording.spans, Recording.changes):
        assert read(again, ALL) == read(live, ALL)
    assert again.state(START) == live.state(START) == [StateFact(instance="", **fact)]
    assert live.state(START - 9) == []
    assert again.catalogue() == live.catalogue()
    then, now = ([str(one) for one in part.metrics(ALL, ["up"])] for part in (live, again))
    assert then == now
    expected = {"metrics": 1, "logs": 0, "traces": 1, "changes": 1, "state": 1, "kubernetes": 0}
    assert part.held == expected


@pytest.mark.parametrize(
    ("word", "versioned", "kind"),
    [
        ("helm-upgrade", True, "deploy"),
        ("ConfigMap", False, "config"),
        ("feature_flag", False, "flag"),
        ("argo-sync", True, "deploy"),
        ("argo-sync", False, "config"),
        ("restart", False, "restart"),
    ],
)
def test_a_feeds_own_word_for_a_change_is_not_lost(word, versioned, kind):
    assert change_kind(word, versioned) == kind


def test_a_spool_that_vanished_ends_in_a_plain_error():
    tables = Tables()
    shutil.rmtree(tables.spool.name)
    with pytest.raises(StoreError, match="keep that folder"):
        tables.add("logs", b'{"ts": 1, "message": "hello"}\n')
