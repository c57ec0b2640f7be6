"""How a recorder goes about several backends: at the same time, and no further where one fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from warroom.errors import TelemetryError
from warroom.telemetry.model import Catalogue, Service
from warroom.telemetry.recorder import FIRST_S, Recorder
from warroom.telemetry.sources.source import EVER, Batch, SourceQuery
from warroom.tests.support.bundles import START

CALLS = Catalogue(services=[Service(name="web", depends_on=["cart"])])


@dataclass
class Answering:
    """A backend of logs that answers as it is told."""

    name: str
    answer: Callable[[SourceQuery], Batch]
    asked: list[SourceQuery] = field(default_factory=list)
    modality = "logs"
    whole = False

    def read(self, ask: SourceQuery) -> Batch:
        self.asked.append(ask)
        return self.answer(ask)


def line(ask: SourceQuery) -> Batch:
    row = {"ts": START + 1, "service": "cart", "message": "one"}
    meant = ask.scope.holds("cart") and ask.window.start <= START + 1
    return Batch.of([row] if meant else [], ask.budget)


def down(_ask: SourceQuery) -> Batch:
    raise TelemetryError("is down")


def recorder(*sources: Answering) -> Recorder:
    made = Recorder(sources, lambda: CALLS, clock=lambda: START + 600)
    made.focus("cart", START)
    return made


def test_backends_are_asked_at_the_same_time():
    met = Event()

    def meets(ask: SourceQuery) -> Batch:
        met.set()
        return line(ask)

    def waits(ask: SourceQuery) -> Batch:
        assert met.wait(30), "the other was not asked meanwhile"
        return Batch()

    assert recorder(Answering("one", waits), Answering("other", meets)).advance().held["logs"] == 1


def test_what_fails_is_asked_no_further_in_this_step_and_from_where_it_stood_in_the_next():
    source = Answering("one", down)
    made = recorder(source)
    assert made.advance().gaps == (("logs", "one: is down"),)
    assert len(source.asked) == 1
    made.advance()
    assert len(source.asked) == 2  # not for the neighbours as well
    source.answer = line
    assert [log.message for log in made.advance().logs(EVER)] == ["one"]
    assert source.asked[2].window.start == START


def test_the_first_step_sees_what_was_asked_for():
    source = Answering("one", line)
    made = recorder(source)
    assert made.advance(at_most=3600).held["logs"] == 1


def test_that_there_was_nothing_yet_holds_until_there_is_something():
    source = Answering("one", lambda ask: Batch(left_out=("nothing of cart",)))
    made = recorder(source)
    assert made.advance().unseen["logs"] == ("nothing of cart",)
    source.answer = lambda ask: Batch.of(
        [{"ts": START, "message": "m"}], ask.budget, left_out=("half",)
    )
    assert made.advance().unseen["logs"] == ("half",)
    source.answer = lambda ask: Batch()
    assert made.advance().unseen["logs"] == ("half",)


def test_a_level_does_not_wait_for_traces_and_they_are_read_with_the_next_step():
    answers = [Batch(gap="took too long", sampled=True, after=1), Batch(after=2), Batch()]
    source = Answering("one", lambda ask: answers.pop(0))
    source.modality = "traces"
    made = recorder(source)
    first = made.advance(first=True)
    assert source.asked[0].budget.seconds <= FIRST_S
    assert (first.gaps, first.sampled) == ((), {"traces"})
    assert "took too long" in first.unseen["traces"]
    assert [ask.scope.services for ask in source.asked] == [{"cart"}]
    last = made.advance(at_most=3600)
    assert source.asked[1].budget.seconds > FIRST_S
    assert [ask.scope.services for ask in source.asked[1:]] == [{"cart"}, {"web"}]
    assert (last.gaps, last.sampled, last.unseen) == ((), frozenset(), {})
