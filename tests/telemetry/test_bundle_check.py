"""A bundle made by hand: what is wrong, where, and what to do; nothing where nothing is wrong."""

import json

import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.bundle_check import checked
from warroom.telemetry.sample_bundle import write_sample
from warroom.tests.support.shop_bundle import Fault, write_shop

LOG = {"ts": 1_763_711_200.0, "service": "payments", "message": "paid"}
SPAN = {"start": 1_763_711_200.0, "trace_id": "a", "span_id": "b", "service": "payments"}


@pytest.fixture
def sample(tmp_path):
    return write_sample(tmp_path / "sample")


def add(bundle, file: str, *rows) -> None:
    with (bundle / file).open("a") as out:
        out.writelines(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)


def test_nothing_is_wrong_with_what_code_wrote(sample, tmp_path):
    for bundle in (sample, write_shop(tmp_path / "shop", Fault("errors", "checkout"))):
        found = checked(bundle)
        assert found.good
        assert {name: rows for name, rows in found.rows.items() if rows} == {
            name: rows for name, rows in read_bundle(bundle).held.items() if rows
        }
    assert not checked(sample).problems


@pytest.mark.parametrize(
    ("file", "row", "what", "fix"),
    [
        ("logs/lines.jsonl", "{half\n", "no JSON", "one object a line"),
        ("logs/lines.jsonl", "[1]\n", "no JSON object", "one object a line"),
        ("logs/lines.jsonl", {**LOG, "ts": 1.7e12}, "no time of this century", "milliseconds"),
        ("logs/lines.jsonl", {**LOG, "ts": "2025-11-21"}, "is no number", "unix seconds"),
        ("logs/lines.jsonl", {"timestamp": 1, **LOG, "ts": None}, "no 'ts'", "'timestamp'"),
        ("traces/spans.jsonl", SPAN, "no 'duration_ms'", "write 'duration_ms'"),
        ("traces/spans.jsonl", {**SPAN, "duration_ms": 1e300}, "beyond reason", "milliseconds"),
        ("metrics/scrape.jsonl", {**LOG, "name": "up", "value": "high"}, "no number", "0.25"),
    ],
)
def test_a_line_that_is_not_read_is_told_with_its_cure(sample, file, row, what, fix):
    known = read_bundle(sample).held
    lines = len((sample / file).read_text().splitlines())
    add(sample, file, row)
    found = checked(sample)
    assert not found.good
    problem = next(one for one in found.problems.values() if one.grave)
    assert problem.where == f"{file}:{lines + 1}"
    assert what in problem.what
    assert fix in problem.fix
    if "century" not in what:  # that is read, and is of no use
        assert read_bundle(sample).held == known, "the check and the reader agree"


def test_what_is_only_odd_is_told_and_read(sample):
    add(sample, "logs/lines.jsonl", {**LOG, "service": "payment", "mesage": "x"})
    add(sample, "trace.jsonl", {})
    found = checked(sample)
    assert found.good
    told = " ".join(f"{one.where} {one.what} {one.fix}" for one in found.problems.values())
    for words in ("did you mean 'message'", "is it 'payments'", "trace.jsonl is not read"):
        assert words in told


def test_the_same_in_many_lines_is_said_once(sample):
    add(sample, "logs/lines.jsonl", *["{\n"] * 500)
    problem, *others = (one for one in checked(sample).problems.values() if one.grave)
    assert (problem.lines, others) == (500, [])


def test_a_last_line_without_an_end_is_told(sample):
    add(sample, "logs/lines.jsonl", json.dumps(LOG))
    assert "no end" in next(iter(checked(sample).problems.values())).what


def test_the_alert_belongs_to_the_telemetry(sample):
    alert = {"name": "Old", "service": "gateway", "starts_at": "2020-01-01T00:00:00Z"}
    (sample / "alert.json").write_text(json.dumps(alert))
    assert "Old began at" in next(iter(checked(sample).problems.values())).what
    (sample / "alert.json").write_text("{}")
    assert not checked(sample).good


def test_what_is_no_bundle_is_no_traceback(tmp_path):
    assert not checked(tmp_path / "nowhere").good
    (tmp_path / "bundle.json").write_text("{}")
    assert "format" in next(iter(checked(tmp_path).problems.values())).what
