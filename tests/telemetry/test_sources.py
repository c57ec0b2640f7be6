"""What every source of telemetry keeps to, and what a recorder makes of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.telemetry.model import Catalogue, Service, Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.registry import OPENERS, sources_of
from warroom.telemetry.sources.source import BEYOND, EVER, Batch, Budget, Scope, SourceQuery
from warroom.tests.support.backends import BACKENDS, Backend
from warroom.tests.support.bundles import START
from warroom.tests.support.example_source import open_example

CART = Scope(frozenset(["cart"]))


def line(second: float, message: str, service: str = "cart") -> dict:
    return {"ts": START + second, "service": service, "message": message}


def sample(second: float, value: float, service: str = "cart") -> dict:
    return {"ts": START + second, "name": "up", "service": service, "labels": {}, "value": value}


@pytest.fixture(params=list(BACKENDS))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(OPENERS, "example", open_example)
    assert OPENERS.keys() == BACKENDS.keys(), "give each kind of source a backend to be tried on"
    return request.param


@pytest.fixture
def backend(kind: str, tmp_path: Path) -> Backend:
    return BACKENDS[kind](tmp_path / "backend")


class Watched:
    """A recorder over a backend, at a time that the test sets."""

    def __init__(self, kind: str, backend: Backend, **facts) -> None:
        self.now = START + 10
        sources = sources_of(kind, backend.where)
        self.recorder = Recorder(sources, clock=lambda: self.now, **facts)
        self.recorder.focus("", START - 600)

    def at(self, second: float) -> list[str]:
        """The messages that are recorded when it is so late."""
        self.now = START + second
        return [log.message for log in self.recorder.advance().logs(Window(0, 4e9))]

    def problem(self, modality: str) -> str:
        covers = self.recorder.recording.coverage()
        return next(cover.problem for cover in covers if cover.modality == modality)


@pytest.fixture
def watched(kind: str, backend: Backend) -> Iterator[Watched]:
    made = Watched(kind, backend)
    yield made
    made.recorder.close()


def asked(kind: str, backend: Backend, ask: SourceQuery) -> Batch:
    (source,) = [one for one in sources_of(kind, backend.where) if one.modality == "logs"]
    return source.read(ask)


def test_an_empty_window_is_an_empty_answer(kind, backend):
    backend.write("logs", line(1, "one"))
    batch = asked(kind, backend, SourceQuery(window=Window(START + 2, START + 3)))
    assert (batch.lines, batch.gap, batch.more) == (b"", "", False)


def test_a_window_is_closed_and_open(kind, backend):
    backend.write("logs", line(1, "one"), line(2, "two"), line(3, "three"))
    batch = asked(kind, backend, SourceQuery(window=Window(START + 1, START + 3)))
    assert batch.rows == 2
    assert b"three" not in batch.lines


def test_a_scope_is_kept_to(kind, backend):
    backend.write("logs", line(1, "ours"), line(1, "theirs", "login"))
    batch = asked(kind, backend, SourceQuery(CART))
    assert b"ours" in batch.lines
    assert b"theirs" not in batch.lines


@pytest.mark.parametrize("budget", [Budget(rows=2), Budget(bytes=150)])
def test_a_budget_is_kept_to_and_named(kind, backend, budget):
    backend.write("logs", *(line(second, "x" * 20) for second in range(9)))
    batch = asked(kind, backend, SourceQuery(budget=budget))
    assert 0 < batch.rows <= budget.rows
    assert len(batch.lines) <= budget.bytes
    assert BEYOND in batch.left_out or batch.more
    watched = Watched(kind, backend, budget=budget)
    assert 0 < len(watched.at(20)) <= 2
    assert f"{BEYOND} was left out" in watched.problem("logs")


def test_what_is_down_is_a_gap_and_what_was_read_stays(watched, backend):
    backend.write("logs", line(1, "one"))
    assert watched.at(10) == ["one"]
    backend.fail()
    assert watched.at(11) == ["one"]
    ((modality, why),) = [gap for gap in watched.recorder.recording.gaps if gap[0] == "logs"]
    assert modality == "logs"
    assert why in watched.problem("logs")


def test_late_rows_and_repeats(watched, backend):
    backend.write("logs", line(5, "five"), line(5, "five"))
    assert watched.at(10) == ["five", "five"]  # it was logged twice
    assert watched.at(11) == ["five", "five"]  # and read again without being counted again
    backend.write("logs", line(3, "late"))
    assert watched.at(12) == ["late", "five", "five"]


def test_order_is_the_recordings_business(watched, backend):
    backend.write("logs", line(3, "three"), line(1, "one"), line(2, "two"))
    backend.write("metrics", sample(3, 3), sample(1, 1))
    assert watched.at(10) == ["one", "two", "three"]
    (series,) = watched.recorder.recording.metrics(EVER, ["up"])
    assert series.values.tolist() == [1, 3]


def test_wrong_types_are_left_out_and_counted(watched, backend):
    backend.write("metrics", sample(1, 1), {**sample(2, 2), "value": "many"})
    watched.at(10)
    assert watched.recorder.recording.held["metrics"] == 1
    assert "1 of 2 lines could not be read" in watched.problem("metrics")


def test_a_state_stays_as_it_is_while_more_comes(watched, backend):
    backend.write("logs", line(1, "one"))
    backend.write("metrics", sample(1, 1))
    watched.at(10)
    before = watched.recorder.recording
    backend.write("logs", line(2, "two"))
    backend.write("metrics", sample(2, 2), sample(2, 2, "login"))
    assert watched.at(11) == ["one", "two"]
    assert [log.message for log in before.logs(EVER)] == ["one"]
    assert [one.ts.size for one in before.metrics(EVER, ["up"])] == [1]
    assert before.metric_names() == [("cart", "up")]
    counted = "SELECT count(*) AS n FROM logs"
    assert before.query(counted, 1).rows == [{"n": 1}]
    assert watched.recorder.recording.query(counted, 1).rows == [{"n": 2}]


def test_an_answer_holds_until_something_comes_that_it_rests_on(watched, backend):
    backend.write("logs", line(1, "one"))
    made = []

    def ask() -> int:
        recording = watched.recorder.recording
        window = Window(START, START + 5)
        return recording.remember("key", lambda: made.append(recording.log_table(window))) or len(
            made
        )

    watched.at(10)
    assert (ask(), ask()) == (1, 1)
    backend.write("logs", line(7, "after the window"))
    backend.write("metrics", sample(2, 2))
    watched.at(11)
    assert ask() == 1
    backend.write("logs", line(4, "late"))
    watched.at(12)
    assert ask() == 2


def test_a_backend_is_asked_along_the_calls(monkeypatch, tmp_path):
    monkeypatch.setitem(OPENERS, "example", open_example)
    backend = BACKENDS["example"](tmp_path / "backend")
    for service in ("cart", "web", "stock", "far"):
        backend.write("logs", line(1, service, service))
    calls = {"web": ["cart"], "cart": ["stock"], "stock": ["far"]}
    listed = [Service(name=name, depends_on=callees) for name, callees in calls.items()]
    catalogue = Catalogue(services=listed)
    sources = sources_of("example", backend.where)
    recorder = Recorder(sources, lambda: catalogue, clock=lambda: START + 10)
    assert recorder.recording.held["logs"] == 0  # nobody said about whom
    recorder.focus("cart", START - 60)
    seen = [sorted(log.service for log in recorder.advance().logs(EVER)) for _ in range(3)]
    assert seen[0] == ["cart", "stock", "web"]
    assert seen[1] == seen[2] == ["cart", "far", "stock", "web"]
