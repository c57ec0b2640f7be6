"""What every source of telemetry keeps to, and what a recorder makes of them."""

import json
from collections.abc import Iterator, Sequence
from typing import get_args

import pytest

from warroom.telemetry.model import Catalogue, Service, Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources.datasource import Datasource, Kind
from warroom.telemetry.sources.registry import OPENERS, connected, sources_of
from warroom.telemetry.sources.source import (
    BEYOND,
    EVER,
    Batch,
    Budget,
    Scope,
    Source,
    SourceQuery,
)
from warroom.tests.support.backends import BACKENDS, TOLD, Backend
from warroom.tests.support.bundles import START
from warroom.tests.support.example_source import open_example
from warroom.tests.support.ways import WAYS, Way

CART = Scope(frozenset(["cart"]))
AROUND = Window(START - 600, START + 600)
BOTH = pytest.mark.parametrize("way", [Way("files"), Way("example")], indirect=True, ids=str)
"""Kinds that hold logs and metrics."""


def line(second: float, message: str, service: str = "cart") -> dict:
    return {"ts": START + second, "service": service, "message": message}


def sample(second: float, value: float, service: str = "cart") -> dict:
    return {"ts": START + second, "name": "up", "service": service, "labels": {}, "value": value}


@pytest.fixture(params=WAYS, ids=str)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    monkeypatch.setitem(OPENERS, "example", open_example)
    tried = {name.partition("/")[0] for name in BACKENDS}
    assert OPENERS.keys() == tried, "give each kind of source a backend to be tried on"
    return request.param


def opened(kind: str, backend: Backend) -> Sequence[Source]:
    """The sources of a backend, with what it has to be told about it."""
    kind = kind.partition("/")[0]  # what follows tells several backends of it apart
    known = {"name": kind, "url": backend.where, "jsonData": getattr(backend, "json_data", {})}
    if kind == "example":  # not a kind that can be configured
        return sources_of(kind, backend.where)
    return connected([Datasource.model_validate(known | {"type": kind})])


class Watched:
    """A recorder over a backend, at a time that the test sets."""

    def __init__(self, kind: str, backend: Backend, **facts) -> None:
        self.now = START + 10
        self.texts = TOLD[backend.modality].texts
        sources = opened(kind, backend)
        self.recorder = Recorder(sources, clock=lambda: self.now, **facts)
        self.recorder.focus("", START - 600)

    def at(self, second: float) -> list[str]:
        """The texts that are recorded when it is so late."""
        self.now = START + second
        return self.texts(self.recorder.advance())

    def problem(self, modality: str) -> str:
        covers = self.recorder.recording.coverage()
        return next(cover.problem for cover in covers if cover.modality == modality)


@pytest.fixture
def watched(kind: str, backend: Backend) -> Iterator[Watched]:
    made = Watched(kind, backend)
    yield made
    made.recorder.close()


def tell(backend: Backend, *told: tuple[float, str], service: str = "cart") -> None:
    """Write texts, in the backend's own modality."""
    row = TOLD[backend.modality].row
    backend.write(backend.modality, *(row(START + at, text, service) for at, text in told))


def asked(kind: str, backend: Backend, ask: SourceQuery) -> Batch:
    sources = opened(kind, backend)
    (source,) = [one for one in sources if one.modality == backend.modality]
    return source.read(ask)


def test_every_kind_can_be_named_in_warroom_yaml():
    assert set(get_args(Kind)) == OPENERS.keys()


def test_an_empty_window_is_an_empty_answer(kind, backend):
    tell(backend, (1, "one"))
    batch = asked(kind, backend, SourceQuery(window=Window(START + 2, START + 3)))
    assert (batch.lines, batch.gap, batch.more) == (b"", "", False)


def test_a_window_is_closed_and_open(kind, backend):
    tell(backend, (1, "one"), (2, "two"), (3, "three"))
    batch = asked(kind, backend, SourceQuery(window=Window(START + 1, START + 3)))
    assert batch.rows == 2
    assert b"three" not in batch.lines


def test_a_scope_is_kept_to(kind, backend):
    tell(backend, (1, "ours"))
    tell(backend, (1, "theirs"), service="login")
    tell(backend, (1, "nearly"), service="cart2")
    batch = asked(kind, backend, SourceQuery(CART, AROUND))
    assert b"ours" in batch.lines
    assert b"theirs" not in batch.lines
    assert b"nearly" not in batch.lines


@pytest.mark.parametrize(
    "name",
    [
        pytest.param('a"}', id="quote"),
        pytest.param("a\\", id="backslash"),
        pytest.param("a|.*", id="alternatives"),
        pytest.param("--flag", id="flag"),
        pytest.param(".*", id="any"),
        pytest.param("a\nb", id="lines"),
        pytest.param("ä b", id="umlaut"),
    ],
)
def test_a_name_is_a_name_whatever_it_holds(kind, backend, name):
    tell(backend, (1, "ours"), service=name)
    tell(backend, (1, "theirs"))
    batch = asked(kind, backend, SourceQuery(Scope(frozenset([name])), AROUND))
    assert batch.rows == 1
    assert json.loads(batch.lines)["service"] == name


@pytest.mark.parametrize("budget", [Budget(rows=2), Budget(bytes=400)], ids=["rows", "bytes"])
def test_a_budget_is_kept_to_and_named(kind, backend, budget):
    tell(backend, *((second, str(second) * 100) for second in range(9)))
    batch = asked(kind, backend, SourceQuery(window=AROUND, budget=budget))
    assert 0 < batch.rows <= budget.rows
    assert len(batch.lines) <= budget.bytes
    assert BEYOND in batch.left_out or batch.more
    watched = Watched(kind, backend, budget=budget)
    assert 0 < len(watched.at(20)) <= 2
    assert f"{BEYOND} was left out" in watched.problem(backend.modality)


def test_what_is_down_is_a_gap_and_what_was_read_stays(watched, backend):
    tell(backend, (1, "one"))
    assert watched.at(10) == ["one"]
    backend.fail()
    assert watched.at(11) == ["one"]
    gaps = watched.recorder.recording.gaps
    ((modality, why),) = [gap for gap in gaps if gap[0] == backend.modality]
    assert modality == backend.modality
    assert why in watched.problem(backend.modality)


def test_late_rows(watched, backend):
    tell(backend, (5, "five"))
    assert watched.at(10) == ["five"]
    assert watched.at(11) == ["five"]  # read again without being counted again
    tell(backend, (3, "late"))
    assert watched.at(12) == ["late", "five"]


@BOTH
def test_repeats(watched, backend):
    tell(backend, (5, "five"), (5, "five"))
    assert watched.at(10) == ["five", "five"]  # it was logged twice
    assert watched.at(11) == ["five", "five"]


@BOTH
def test_order_is_the_recordings_business(watched, backend):
    backend.write("logs", line(3, "three"), line(1, "one"), line(2, "two"))
    backend.write("metrics", sample(3, 3), sample(1, 1))
    assert watched.at(10) == ["one", "two", "three"]
    (series,) = watched.recorder.recording.metrics(EVER, ["up"])
    assert series.values.tolist() == [1, 3]


@BOTH
def test_wrong_types_are_left_out_and_counted(watched, backend):
    backend.write("metrics", sample(1, 1), {**sample(2, 2), "value": "many"})
    watched.at(10)
    assert watched.recorder.recording.held["metrics"] == 1
    assert "1 of 2 lines could not be read" in watched.problem("metrics")


@BOTH
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


@BOTH
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
