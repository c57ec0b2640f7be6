"""What was sent by OTLP, read out of the store: where reading goes on, whole traces, samples."""

import json
from pathlib import Path

import pytest

from warroom.telemetry.model import Window
from warroom.telemetry.sources import received
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.registry import connected
from warroom.telemetry.sources.source import Batch, Scope, SourceQuery
from warroom.tests.support.bundles import START
from warroom.tests.support.otlp_backend import OtlpBackend

CART = Scope(frozenset(["cart"]))
WEB = Scope(frozenset(["web"]))
WHOLE = Window(START - 600, START + 600)


class Asked:
    """One source of a store, asked again and again."""

    def __init__(self, backend: OtlpBackend, modality: str) -> None:
        where = Datasource(name="otlp", type="otlp", url=backend.where)
        (self.source,) = [one for one in connected([where]) if one.modality == modality]
        self.after, self.last, self.weights = None, Batch(), []

    def texts(self, scope: Scope = CART, window: Window = WHOLE) -> list[str]:
        """Of what is new: names of spans, messages, values."""
        self.last = self.source.read(SourceQuery(scope, window, after=self.after))
        self.after = self.last.after
        rows = list(map(json.loads, self.last.lines.splitlines()))
        self.weights = [(row.get("name"), row.get("weight")) for row in rows]
        return [row.get("message") or row.get("name") for row in rows]


@pytest.fixture
def backend(tmp_path: Path):
    made = OtlpBackend(tmp_path / "kept")
    yield made
    made.store.close()


def span(name: str, trace: int, second: float = 1, service: str = "cart", **facts) -> dict:
    ids = {"trace_id": f"{trace:032x}", "span_id": f"{abs(hash(name)) % 16**15:016x}"}
    row = {"start": START + second, "name": name, "service": service, "duration_ms": 1.0}
    return ids | row | facts


def log(second: float, message: str, service: str = "cart", level: str = "info") -> dict:
    return {"ts": START + second, "service": service, "message": message, "level": level}


def up(second: float, value: float = 1) -> dict:
    return {"ts": START + second, "service": "cart", "name": "up", "value": value}


def test_reading_goes_on_where_it_ended_however_late_a_row_is(backend):
    asked = Asked(backend, "logs")
    backend.write("logs", log(100, "one"))
    assert asked.texts() == ["one"]
    assert (asked.last.sampled, asked.weights) == (False, [(None, None)])
    backend.write("logs", log(-500, "late"), log(101, "two"), log(1, "theirs", "web"))
    assert asked.texts() == ["late", "two"]
    assert asked.texts() == []


def test_what_lies_after_the_window_comes_once_the_window_reaches_it(backend):
    asked = Asked(backend, "logs")
    backend.write("logs", log(5, "now"), log(9, "a clock ahead"))
    assert asked.texts(window=Window(START, START + 8)) == ["now"]
    assert asked.texts(window=Window(START, START + 8.5)) == []
    assert asked.texts(window=Window(START, START + 10)) == ["a clock ahead"]
    assert asked.texts(window=Window(START, START + 11)) == []


def test_a_trace_comes_whole_also_what_came_before_it_was_meant(backend):
    asked = Asked(backend, "traces")
    backend.write("traces", span("above", 1, 1, "web"), span("other", 2, 1, "web"))
    assert asked.texts() == []
    backend.write("traces", span("below", 1, 70))
    assert sorted(asked.texts()) == ["above", "below"]
    backend.write("traces", span("beside", 1, 71, "stock"), span("other's", 2, 71, "stock"))
    assert asked.texts() == ["beside"]


def test_each_scope_has_a_place_of_its_own(backend):
    one, other = Asked(backend, "logs"), Asked(backend, "logs")
    backend.write("logs", log(1, "ours"), log(1, "theirs", "web"))
    assert one.texts(CART) == ["ours"]
    assert other.texts(WEB) == ["theirs"]


def test_of_too_many_traces_a_share_is_drawn_and_failing_ones_are_sought_out(backend, monkeypatch):
    monkeypatch.setitem(received.MOST_ROWS, "traces", 50)
    rows = [span(f"{t} {s}", t, service=s) for t in range(100) for s in ("cart", "web")]
    rows += [span(f"{t} cart", t, status="error") for t in range(1000, 1010)]
    backend.write("traces", *rows)
    asked = Asked(backend, "traces")
    names = asked.texts()
    traces = {name.partition(" ")[0] for name in names}
    assert {str(t) for t in range(1000, 1010)} <= traces
    drawn = [t for t in traces if int(t) < 1000]
    assert 5 < len(drawn) < 30  # one in eight of a hundred, by chance
    assert all(f"{t} {s}" in names for t in drawn for s in ("cart", "web"))
    (said,) = asked.last.left_out
    assert "one trace in 8 was drawn, and of those that fail one in 1 was taken besides" in said
    assert asked.last.sampled
    weights = {name.partition(" ")[0]: weight for name, weight in asked.weights}
    assert {weights[t] for t in drawn} == {8.0}
    assert {weights[str(t)] for t in range(1000, 1010)} <= {0.0, 8.0}
    backend.write("traces", *(span(f"{t} late", t) for t in range(100)))
    assert {name.partition(" ")[0] for name in asked.texts()} == set(drawn)


def test_of_too_many_lines_a_share_is_drawn_and_errors_are_sought_out(backend, monkeypatch):
    monkeypatch.setitem(received.MOST_ROWS, "logs", 50)
    lines = [log(n, f"line {n}") for n in range(300)]
    backend.write("logs", *lines, *(log(n, f"broken {n}", level="error") for n in range(20)))
    asked = Asked(backend, "logs")
    texts = asked.texts()
    assert sum(text.startswith("broken") for text in texts) == 20
    assert 10 < sum(text.startswith("line") for text in texts) < 80
    assert "one line in 8 was drawn" in asked.last.left_out[0]
    backend.write("logs", *(log(n, f"more {n}") for n in range(40)))
    assert len(asked.texts()) < 20  # the share that was told stays


def test_of_too_many_samples_the_newest_minutes_are_taken(backend, monkeypatch):
    monkeypatch.setitem(received.MOST_ROWS, "metrics", 10)
    backend.write("metrics", *(up(second, second) for second in range(0, 300, 15)))
    asked = Asked(backend, "metrics")
    assert len(asked.texts()) == 9
    assert asked.last.left_out == ("metrics from before 22:16:00 UTC were too many: left out",)


def test_what_has_left_and_what_was_refused_is_said(backend):
    backend.write("logs", log(0, "old"), log(300, "new"))
    backend.now = START + 6 * 3600 + 120
    backend.store.prune()
    answer = backend.post("logs", b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}')
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    asked = Asked(backend, "logs")
    assert asked.texts() == ["new"]
    gone, refused = asked.last.left_out
    assert gone == (
        "logs from before 22:14:00 UTC have left the store: raise hours or megabytes of otlp:"
    )
    assert refused == "logs were refused as they came: without service.name"
    assert asked.texts(window=Window(backend.now + 1, backend.now + 2)) == []
    assert asked.last.left_out == ()


def test_what_is_no_line_of_the_store_is_passed_over(backend):
    backend.write("logs", log(1, "one"))
    (path,) = backend.files("logs")
    path.write_text('{"service": "cart"}\n\n<html>\n' + path.read_text() + '{"ts": 1e')
    assert Asked(backend, "logs").texts() == ["one"]


def test_a_file_that_leaves_meanwhile_is_no_failure(backend, monkeypatch):
    backend.write("logs", log(1, "one"), log(70, "two"))
    files = received.segments(Path(backend.where), "logs")
    backend.files("logs")[0].unlink()
    monkeypatch.setattr(received, "segments", lambda _root, _modality: files)
    assert Asked(backend, "logs").texts() == ["two"]
