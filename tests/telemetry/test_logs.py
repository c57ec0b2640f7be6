"""What sources of logs make of lines, and of too many of them, over fakes of the published APIs."""

import json
from collections import Counter
from typing import Any

import pytest

from warroom.telemetry.model import LogRecord, Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources import logs
from warroom.telemetry.sources.datasource import Datasource, SourceLabels
from warroom.telemetry.sources.log_lines import Line
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import EVER, About
from warroom.tests.support.backends import Backend
from warroom.tests.support.bundles import START
from warroom.tests.support.http_backends import FAILURES, Reply
from warroom.tests.support.ways import Way, real_too

EXACT = ("elasticsearch", "journald", "kubernetes")
"""Go on within a moment."""
LABELLED = ("loki", "victorialogs", "elasticsearch", "elasticsearch/opensearch", "kubernetes")
"""Know a service by several labels."""
KINDS = (*LABELLED, "journald")
REAL_TOO = real_too(*KINDS)
SECONDS = 600


@pytest.fixture(params=map(Way, KINDS), ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


class Watched:
    """A recorder over one datasource, at a time that the test sets."""

    def __init__(self, kind: str, backend: Backend, **facts: Any) -> None:
        self.type = kind.partition("/")[0]
        given = {"name": "logs", "type": self.type, "url": backend.where, **facts}
        self.now = START + SECONDS
        found = connected([Datasource.model_validate(given)])
        sources = [one for one in found if one.modality == "logs"]
        self.recorder = Recorder(sources, clock=lambda: self.now)
        self.recorder.focus("shop", START)

    def read(self) -> list[LogRecord]:
        return self.recorder.advance().logs(EVER)

    @property
    def said(self) -> str:
        covers = self.recorder.recording.coverage()
        return next(one.problem for one in covers if one.modality == "logs")


def told(at: float, text: str, **labels: str) -> dict[str, Any]:
    return {"ts": START + at, "service": "shop", "message": text, "labels": labels}


def write(backend: Backend, at: float, text: str) -> None:
    backend.write("logs", told(at, text))


@pytest.mark.parametrize("failing", [*FAILURES, "slow"])
def test_every_failure_ends_as_a_named_gap(kind, backend, failing):
    write(backend, 1, "one")
    backend.failing = failing
    watched = Watched(kind, backend, timeout=0.3 if failing == "slow" else 60)
    assert watched.read() == []
    ((modality, why),) = watched.recorder.recording.gaps
    assert modality == "logs"
    assert f"logs, {watched.type} at {backend.where}: " in why


@pytest.mark.parametrize("broken", [b"[]", b"{}", b'{"status": "success"}', b'{"values": 3}'])
def test_an_answer_of_another_shape_is_a_gap(kind, backend, broken, monkeypatch):
    monkeypatch.setattr(backend, "answer", lambda question: Reply(broken))
    watched = Watched(kind, backend)
    assert watched.read() == []
    assert watched.recorder.recording.gaps or "no lines of shop" in watched.said


def test_how_it_was_asked_is_told(kind, backend):
    write(backend, 1, "one")
    watched = Watched(kind, backend)
    watched.read()
    (source,) = watched.recorder.sources
    assert isinstance(source, logs.LogSource)
    (asked,) = source.queries(About(Window(START, START + SECONDS), frozenset(["shop"])))
    assert asked.language
    assert "shop" in asked.text


def test_what_fails_first_is_read_when_it_is_back(kind, backend):
    write(backend, 1, "one")
    backend.failing = "502"
    watched = Watched(kind, backend)
    assert watched.read() == []
    backend.failing = ""
    watched.now += 60
    assert [one.message for one in watched.read()] == ["one"]
    assert watched.recorder.recording.gaps == ()


@REAL_TOO
def test_lines_are_read_page_by_page_also_those_of_one_moment(kind, backend):
    lines = (told(1 + number // 10, f"line {number}") for number in range(25))
    backend.write("logs", *lines)
    watched = Watched(kind, backend, jsonData={"maxLines": 7})
    exact = kind in EXACT
    assert len(watched.read()) == (25 if exact else 7 + 7 + 5)
    assert ("of logs's busiest moments not all lines are here" in watched.said) != exact
    watched = Watched(kind, backend, jsonData={"maxLines": 12})
    assert len(watched.read()) == 25
    assert watched.said == ""


@pytest.mark.thorough
@REAL_TOO
def test_of_too_many_lines_trouble_is_whole_and_the_rest_is_a_stated_part(
    kind, backend, monkeypatch
):
    monkeypatch.setattr(logs, "MOST_LINES", 600)
    backend.write("logs", *(told(tenth / 10, f"served {tenth}") for tenth in range(10 * SECONDS)))
    for second in range(0, SECONDS, 20):
        odd = told(second + 19.6, f"odd {second}", level="error")
        backend.write("logs", told(second + 19.5, f"payment failed {second}"), odd)
    watched = Watched(kind, backend)
    found = Counter(one.message.split()[0] for one in watched.read())
    assert found["payment"] == found["odd"] == SECONDS / 20
    assert found["served"] == pytest.approx(600, rel=0.1)
    assert "logs had 6000 other lines in 600 s: from then on those of the first 2 s" in watched.said
    recording = watched.recorder.recording
    weights = Counter(recording.log_table(EVER).weight.round(6).tolist())
    assert weights == {1.0: found["payment"] + found["odd"], 10.0: found["served"]}
    assert recording.sampled == {"logs"}
    later = (told(SECONDS + tenth / 10, f"served later {tenth}") for tenth in range(600))
    backend.write("logs", *later)
    watched.now += 60
    then = Counter(one.message.split()[0] for one in watched.read())
    assert then["served"] - found["served"] == pytest.approx(60, rel=0.2)  # the same part
    assert "other lines in 600 s" in watched.said


@real_too(*LABELLED)
def test_the_label_of_each_service_is_found(kind, backend):
    write(backend, 1, "one")
    row = {"ts": START + 1, "service": "", "message": "two", "labels": {"app": "cart"}}
    backend.write("logs", row)
    watched = Watched(kind, backend)
    watched.recorder.widen(["cart", "gone"])
    assert {(one.service, one.message) for one in watched.read()} == {
        ("shop", "one"),
        ("cart", "two"),
    }
    assert watched.said == ""


@real_too(*LABELLED)
def test_a_label_that_may_name_something_else_is_said(kind, backend):
    backend.service = "job"
    write(backend, 1, "one")
    watched = Watched(kind, backend)
    assert [one.service for one in watched.read()] == ["shop"]
    assert watched.said == "services are told by job alone"


@REAL_TOO
def test_a_service_without_lines_is_said(kind, backend):
    backend.write("logs", {"ts": START + 1, "service": "cart", "message": "one"})
    watched = Watched(kind, backend)
    assert watched.read() == []
    by = "_SYSTEMD_UNIT: " if kind == "journald" else "service_name, service"
    assert f"no lines of shop by {by}" in watched.said


def row(text: str, **labels: str) -> dict[str, Any]:
    return Line(1_700_000_000_123_456_789, labels, text).row("shop", SourceLabels())


def test_json_is_taken_apart():
    found = row(
        json.dumps(
            {
                **{"msg": "card declined", "level": "ERROR", "trace_id": "abc", "order": 7},
                **{"error": {"type": "Declined"}, "tags": ["a"], "span.id": "def"},
            }
        ),
        pod="shop-1",
        zone="a",
    )
    assert found["message"] == "card declined"
    assert (found["level"], found["trace_id"], found["span_id"]) == ("error", "abc", "def")
    assert found["instance"] == "shop-1"
    assert found["ts"] == pytest.approx(1_700_000_000.123456789)
    assert found["attributes"] == {"order": 7, "error.type": "Declined", "zone": "a"}


def test_a_long_stack_keeps_where_it_was_raised():
    stack = "Traceback:\n" + '  File "/srv/app/shop.py", line 7, in f\n' * 200 + "KeyError: 'x'"
    found = Line(1, {"exception.stacktrace": stack}, "failed").row("shop", SourceLabels())
    assert found["attributes"]["exception.stacktrace"].endswith("KeyError: 'x'")


@pytest.mark.parametrize(
    ("text", "labels", "level", "message"),
    [
        ('level=warn msg="disk is \\"full\\"" x=1', {}, "warning", 'disk is "full"'),
        ("2026-11-29 10:00:00,123 ERROR [main] no pool", {}, "error", None),
        ("[error] 12#0: upstream timed out", {}, "error", None),
        ("E1129 10:00:00.1 1 a.go:1] no lease", {}, "error", None),
        ("no errors in a = b", {}, "info", None),
        ("plain", {"detected_level": "fatal"}, "critical", None),
        ("WARN plain", {"detected_level": "unknown"}, "warning", None),
        ('{"level": 50, "msg": "pino"}', {}, "error", "pino"),
        ('{"level": "info", "msg": ""}', {}, "info", '{"level": "info", "msg": ""}'),
        ("{broken", {}, "info", None),
        ("[" * 50_000, {}, "info", None),
        ("{" * 50_000, {}, "info", None),
    ],
)
def test_levels_and_messages_as_people_write_them(text, labels, level, message):
    found = row(text, **labels)
    assert (found["level"], found["message"]) == (level, text if message is None else message)


def test_a_sample_is_the_same_whatever_the_window():
    sample = logs.Sample(every_s=10, share=0.2, count=0, over_s=0)
    assert list(sample.parts(Window(95, 125))) == [
        Window(100, 102),
        Window(110, 112),
        Window(120, 122),
    ]
    assert list(sample.parts(Window(101, 111))) == [Window(101, 102), Window(110, 111)]
