"""Traces of Tempo and Jaeger, over fakes made from their published APIs: which are taken, what is
said of the others, and what becomes of it when the backend does not answer as it should."""

import json
from types import SimpleNamespace

import pytest

from warroom.errors import TelemetryError
from warroom.telemetry.model import Window
from warroom.telemetry.recorder import Recorder
from warroom.telemetry.sources import http, traces
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.jaeger import NEAR
from warroom.telemetry.sources.registry import OPENERS
from warroom.telemetry.sources.source import EVER, Batch, Scope, Source, SourceQuery
from warroom.telemetry.sources.tempo import trace_ql
from warroom.telemetry.sources.traces import AT_A_TIME, SLICES, TRACES, Question
from warroom.tests.support.bundles import START
from warroom.tests.support.http_backends import Question as Asked
from warroom.tests.support.http_backends import Reply
from warroom.tests.support.trace_backends import TempoBackend, TraceBackend
from warroom.tests.support.ways import Way, real_too

KINDS = ("tempo", "jaeger")
REAL_TOO = real_too(*KINDS)
CART = Scope(frozenset(["cart"]))
WHOLE = Window(START, START + 1200)


@pytest.fixture(params=map(Way, KINDS), ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


def opened(backend: TraceBackend, **facts) -> Source:
    given = {"name": backend.kind, "type": backend.kind, "url": backend.where, "timeout": 5} | facts
    (source,) = OPENERS[backend.kind](Datasource.model_validate(given))
    return source


def ask(backend: TraceBackend, scope: Scope = CART, window: Window = WHOLE) -> Batch:
    return opened(backend).read(SourceQuery(scope, window))


def rows(batch: Batch) -> list[dict]:
    return [json.loads(line) for line in batch.lines.splitlines()]


def trace(number: int, second: float, **facts) -> list[dict]:
    """A request through web, cart and stock."""
    made = []
    for place, service in enumerate(["web", "cart", "stock"]):
        ids = {"trace_id": f"{number + 1:032x}", "span_id": f"{number * 3 + place + 1:016x}"}
        above = {"parent_id": f"{number * 3 + place:016x}"} if place else {}
        begin = START + second + place / 1000
        said = {"service": service, "name": "work", "start": begin, "duration_ms": 10.0} | facts
        made.append(ids | above | said)
    return made


def traffic(backend: TraceBackend) -> None:
    """Twenty minutes: a request in three seconds; a twentieth fails, another is slow."""
    made = []
    for number in range(400):
        facts = {"status": "error"} if number % 20 == 7 else {}
        facts |= {"duration_ms": 400.0} if number % 20 == 3 else {}
        made += trace(number, 3 * number, **facts)
    backend.write("traces", *made)


@REAL_TOO
def test_each_sort_has_its_share_and_each_time(backend):
    traffic(backend)
    batch = ask(backend)
    taken = {row["trace_id"]: row for row in rows(batch)}
    failing = [row for row in taken.values() if row["status"] == "error"]
    slow = [row for row in taken.values() if row["duration_ms"] > 100]
    assert (len(failing), len(slow)) == (20, 20)  # all of them: fewer than there is room for
    assert 100 <= len(taken) <= TRACES
    seen = {int(row["start"] - START) // 100 for row in taken.values()}
    assert seen == set(range(SLICES))
    (said,) = batch.left_out
    assert "beyond 4 failing, 2 slow (of 3 times the median) and 14 others of a service" in said
    assert "in each slice of time were left out: a sample" in said
    assert batch.gap == ""
    drawn = [row for row in taken.values() if "weight" not in row]
    assert len(drawn) == SLICES * 14
    assert sum(row["status"] == "error" for row in drawn) < 20  # the others were sought out
    assert {row.get("weight", 0.0) for row in taken.values()} == {0.0}
    assert batch.sampled


def test_a_busy_service_is_searched_again_once_there_is_a_slice_of_it(backend):
    """An idle one at each look: what comes late of it is seen at once."""
    traffic(backend)
    source = opened(backend)

    def look(second: float, after=None) -> tuple[Batch, int]:
        before = len(backend.asked_of("/api/search") + backend.asked_of("/api/traces"))
        batch = source.read(SourceQuery(CART, Window(START, START + second), after=after))
        every = backend.asked_of("/api/search") + backend.asked_of("/api/traces")
        return batch, len(every) - before

    batch, searches = look(1101)
    assert batch.sampled
    assert searches == SLICES + 2 * SLICES // AT_A_TIME
    batch, searches = look(1105, batch.after)
    assert (batch.lines, searches) == (b"", 0)
    batch, searches = look(1112, batch.after)
    assert searches == 1
    assert {row["start"] // 1 - START for row in rows(batch)} == {1101, 1104, 1107, 1110}
    backend.write("traces", *trace(900, 1103))
    batch, searches = look(1112.5, batch.after)
    assert searches == 1
    assert START + 1103 in {row["start"] for row in rows(batch)}


@pytest.mark.parametrize("way", [Way("jaeger")], indirect=True)
def test_jaeger_is_asked_for_the_newest_part_of_a_window_first(backend):
    """It would read all the others to answer; where they are too few, the whole is searched."""
    backend.write("traces", *(span for at in range(600) for span in trace(at, 2 * at)))
    source = opened(backend)
    assert isinstance(source, traces.Traces)
    for window, wide in (
        (WHOLE, [1200]),
        (WHOLE, [NEAR * 28]),
        (Window(START + 1180, START + 1400), [NEAR * 28, 220]),
    ):
        asked = len(backend.asked)
        found = source.find(Question("cart", window, most=14))
        ends = [(int(one["start"]), int(one["end"])) for one in backend.asked[asked:]]
        assert [(b - a) / 1e6 for a, b in ends] == pytest.approx(wide, abs=NEAR)
        newest = [f"{600 - number:032x}" for number in range(14)]
        assert {one.id for one in found} == set(newest[: len(found)])


def test_where_there_are_few_all_are_taken_and_nothing_more_is_asked(backend):
    for number in range(6):
        backend.write("traces", *trace(number, 150 * number, status="error"))
    batch = ask(backend)
    assert len(rows(batch)) == 18
    assert (batch.left_out, batch.gap, batch.sampled) == ((), "", False)
    searches = backend.asked_of("/api/search") + backend.asked_of("/api/traces")
    assert len(searches) == SLICES


@REAL_TOO
def test_a_trace_comes_whole_and_linked(backend):
    backend.write("traces", *trace(0, 5))
    found = {row["service"]: row for row in rows(ask(backend))}
    assert found.keys() == {"web", "cart", "stock"}
    assert found["stock"]["parent_id"] == found["cart"]["span_id"]
    assert "parent_id" not in found["web"]


@REAL_TOO
def test_a_span_is_recorded_once_however_often_it_is_handed_out(backend):
    for number in range(5):
        backend.write("traces", *trace(number, 60 * number))
    now = [START + 400.0]
    recorder = Recorder([opened(backend)], clock=lambda: now[0])
    recorder.focus("cart", START)
    assert len(recorder.advance().spans(EVER)) == 15
    recorder.widen(["login"])
    now[0] += 15
    backend.write("traces", *trace(9, 410))
    assert len(recorder.advance().spans(EVER)) == 18
    assert {"web", "stock"} <= {name for ring in recorder.rings for name in ring.services or ()}
    recorder.close()


@REAL_TOO
def test_what_an_earlier_window_left_out_stays_said(backend):
    traffic(backend)
    now = [START + 1200.0]
    recorder = Recorder([opened(backend)], clock=lambda: now[0])
    recorder.focus("cart", START)
    for _ in range(2):
        cover = next(one for one in recorder.advance().coverage() if one.modality == "traces")
        assert "a sample, whose shares are not the system's" in cover.problem
        now[0] += 3600
    recorder.close()


def test_services_are_bounded_and_the_rest_named(backend):
    many = Scope(frozenset(f"service-{number:03}" for number in range(60)))
    for number, name in enumerate(sorted(many.services or ())):
        backend.write("traces", trace(number, 5)[1] | {"service": name})
    batch = ask(backend, many)
    assert "traces of 36 of 60 services were not asked for" in batch.left_out
    searches = backend.asked_of("/api/search") + backend.asked_of("/api/traces")
    assert len(searches) == 24


@pytest.mark.parametrize("way", [Way("jaeger")], indirect=True)
def test_jaeger_is_not_asked_for_what_is_called_and_sends_no_spans(backend):
    backend.write("traces", *trace(0, 5))
    source = opened(backend)
    for there, listings in (("cart", 1), ("cart", 1), ("db", 2)):
        batch = source.read(SourceQuery(Scope(frozenset(["cart", there])), WHOLE))
        assert batch.rows == 3
        assert len(backend.asked_of("/api/services")) == listings
    assert {one["service"] for one in backend.asked_of("/api/traces")} == {"cart"}


@REAL_TOO
def test_without_a_service_every_one_is_meant(backend):
    for number, service in enumerate(["cart", "login"]):
        one = {"trace_id": f"{number + 1:032x}", "span_id": f"{number + 1:016x}"}
        backend.write(
            "traces",
            one | {"service": service, "start": START + 1, "name": "x", "duration_ms": 1.0},
        )
    assert {row["service"] for row in rows(ask(backend, Scope()))} == {"cart", "login"}


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ("401", "does not accept our credentials"),
        ("403", "forbids it"),
        ("404", "is it really"),
        ("429", "asks to be left alone"),
        ("502", "answered HTTP 502"),
        ("garbage", "no JSON"),
        ("partial", "broke off"),
        ("slow", "did not answer within"),
    ],
)
def test_what_fails_is_a_named_gap(backend, failing, said):
    backend.failing = failing
    recorder = Recorder(
        [opened(backend, timeout=0.2 if failing == "slow" else 60)], clock=lambda: START + 60
    )
    recorder.focus("cart", START)
    ((modality, gap),) = recorder.advance().gaps
    assert modality == "traces"
    assert said in gap
    assert backend.where in gap
    recorder.close()


@pytest.mark.parametrize("answer", [[], {"traces": "x"}, {"data": {"a": 1}}, "x", 5])
def test_json_that_is_no_search_result_is_said(backend, monkeypatch, answer):
    monkeypatch.setattr(backend, "answer", lambda question: Reply(answer))
    with pytest.raises(TelemetryError, match=r"is it (Tempo|Jaeger)"):
        ask(backend)


@pytest.mark.parametrize(
    "answer",
    [
        {"traces": [None, {}, {"traceID": 5}], "data": [None, {}, {"spans": [None, {"tags": 3}]}]},
        {"traces": [], "data": None},
    ],
)
def test_rubbish_inside_an_answer_gives_no_rows(backend, monkeypatch, answer):
    monkeypatch.setattr(backend, "answer", lambda question: Reply(answer))
    try:
        assert rows(ask(backend)) == []
    except TelemetryError as error:
        assert "could not be had" in str(error)


def failing_after(
    backend: TraceBackend, monkeypatch: pytest.MonkeyPatch, path: str, good: int
) -> None:
    """It refuses questions to a path once it has answered so many."""
    answer, asked = backend.answer, []

    def limited(question: Asked) -> Reply:
        if not question.path.startswith(path):
            return answer(question)
        asked.append(question)
        return answer(question) if len(asked) <= good else Reply(b"", 429, {"Retry-After": "7"})

    monkeypatch.setattr(backend, "answer", limited)


@pytest.mark.parametrize(
    ("way", "path"),
    [
        (Way("tempo"), "/api/search"),
        (Way("tempo"), "/api/v2/traces"),
        (Way("jaeger"), "/api/traces"),
    ],
    indirect=["way"],
)
def test_a_part_is_kept_and_the_rest_is_a_gap(backend, monkeypatch, path):
    for number in range(12):
        backend.write("traces", *trace(number, 100 * number))
    failing_after(backend, monkeypatch, path, 4)
    batch = ask(backend)
    assert 0 < len({row["trace_id"] for row in rows(batch)}) < 12
    assert "left alone for now (429), for 7 s" in batch.gap
    assert len(backend.asked) < 24  # it is left alone


def test_a_backend_that_takes_long_is_left(backend, monkeypatch):
    for number in range(12):
        backend.write("traces", *trace(number, 100 * number))
    ticks = iter(range(0, 10**6, 5))
    monkeypatch.setattr(traces, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    batch = ask(backend)
    assert "took too long" in batch.gap
    assert len(backend.asked) < SLICES


def test_a_wrong_clock_is_said(backend):
    backend.write("traces", *trace(0, 5))
    backend.extra = {"Date": "Tue, 01 Jan 2030 00:00:00 GMT"}
    batch = ask(backend)
    assert (batch.rows, batch.gap) == (3, "")
    assert "its clock is" in batch.left_out[0]


def test_a_part_is_asked_for_again_until_all_is_there(backend, monkeypatch):
    for number in range(8):
        backend.write("traces", *trace(number, 150 * number))
    answer = backend.answer
    recorder = Recorder([opened(backend)], clock=lambda: START + 1200)
    recorder.focus("cart", START)
    failing_after(backend, monkeypatch, "/api", 9)
    part = recorder.advance()
    assert part.gaps
    assert len(part.spans(EVER)) < 24
    monkeypatch.setattr(backend, "answer", answer)
    whole = recorder.advance()
    assert not whole.gaps
    assert len(whole.spans(EVER)) == 24
    recorder.close()


def test_a_trace_of_many_megabytes_leaves_the_others(monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 2**20)
    backend = TempoBackend()
    backend.write("traces", *trace(0, 5), *trace(1, 90))
    facts = [{"key": "payload", "value": {"stringValue": "x" * 10_000_000}}]
    span = {"traceId": f"{1:032x}", "spanId": "1" * 16, "attributes": facts}
    backend.extra_rows[f"{1:032x}"] = {"scopeSpans": [{"spans": [span]}]}
    batch = ask(backend)
    assert {row["trace_id"] for row in rows(batch)} == {f"{2:032x}"}
    assert "1 of 2 traces could not be had; answered more than 1 MB" in batch.gap
    backend.close()


@REAL_TOO
def test_spans_of_one_trace_are_bounded(backend):
    one = trace(0, 5)[1]
    backend.write("traces", *(one | {"span_id": f"{n + 1:016x}"} for n in range(6000)))
    batch = ask(backend)
    assert batch.rows == traces.MOST_SPANS
    assert batch.left_out == ("spans beyond 5000 of one trace were left out",)


def test_names_are_quoted_for_trace_ql():
    asked = Question('a" || {', WHOLE, "slow", 250.4)
    assert trace_ql(asked) == r'{ resource.service.name = "a\" || {" && traceDuration >= 250ms }'
    assert trace_ql(Question("ä☃", WHOLE)) == '{ resource.service.name = "ä☃" }'
    assert trace_ql(Question("", WHOLE)) == "{  }"
