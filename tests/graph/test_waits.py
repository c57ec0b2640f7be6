"""Waiting for time: no thread sleeps, a restart forgets nothing, an interruption loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.agents.runtime.context import ResponseContext
from warroom.app.work import work
from warroom.incident.action import Verdict
from warroom.incident.events import StepStarted, Waiting
from warroom.record.ledger import Request
from warroom.record.store import Store
from warroom.record.timers import Timers
from warroom.record.waking import HANDED_OVER, WAITING
from warroom.record.work import Work
from warroom.response import Response
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.people import person
from warroom.tests.support.responses import Time, alert, begin, decide, inventory, room_over


@pytest.fixture
def time() -> Time:
    return Time()


def room(home: Path, place: Path | str, time: Time) -> ResponseContext:
    """A room in which a second of a window takes a second of that time."""
    context = room_over(home, hands=Rehearsal(inventory()), place=place, max_attempts=1)
    context.pace = 1.0
    context.store.work = Work(context.store.engine, time)
    context.store.timers = Timers(context.store.engine, time)
    return context


def acted(context: ResponseContext) -> list:
    assert isinstance(context.operations, Rehearsal)
    return context.operations.acted


def test_a_turn_ends_where_time_has_to_pass_and_says_until_when(
    tmp_path: Path, place: Path | str, time: Time
) -> None:
    context = room(tmp_path, place, time)
    response, incident = begin(context)
    decide(context, incident, Verdict.approved)
    (wait,) = [event for event in response.run(incident) if isinstance(event, Waiting)]
    standing = context.store.work.standing(incident)
    assert standing and standing.status == WAITING and standing.owner is None
    assert response.timer(incident) == pytest.approx(wait.seconds)
    assert standing.wake_at == pytest.approx(time.now + wait.seconds)
    assert [type(event) for event in response.run(incident)] == []  # too early: nothing happens


def test_a_timer_survives_a_restart_and_is_not_begun_anew(
    tmp_path: Path, place: Path | str, time: Time
) -> None:
    context = room(tmp_path, place, time)
    response, incident = begin(context)
    decide(context, incident, Verdict.approved)
    list(response.run(incident))
    due = response.timer(incident)
    response.__exit__()
    assert due
    time.now += due - 1
    with Response(room(tmp_path, place, time)) as second:
        assert second.timer(incident) == pytest.approx(1)
        time.now += 1
        steps = [e.step for e in second.run(incident) if isinstance(e, StepStarted)]
        assert steps[0] == 8  # measured at once
    assert len(acted(context)) == 1


@pytest.mark.thorough
def test_the_command_line_sleeps_between_and_holds_the_incident(tmp_path: Path, time: Time) -> None:
    context = room(tmp_path, tmp_path / "warroom.db", time)
    held: list[bool] = []

    def sleep(seconds: float) -> None:
        other = Work(Store.open(context.settings.database).engine, time)
        held.append(other.claim(incident, "another/1/x") is None)
        time.sleep(seconds)

    def approve(request: Request) -> bool:
        context.store.ledger.decide(
            request.incident_id, request.subject, Verdict.approved, person()
        )
        return True

    with Response(context, lease_s=3_600) as response:
        incident, _ = response.take(alert())
        events: list = []
        work(response, incident, events.append, approve, sleep)
        assert response.over(incident)
    waited = sum(event.seconds for event in events if isinstance(event, Waiting))
    assert held and all(held)
    assert sum(time.slept) == pytest.approx(waited)
    standing = context.store.work.standing(incident)
    assert standing and standing.status == HANDED_OVER


def interrupted(events: Iterator, after: int) -> None:
    """Ctrl-C when so many events have come."""
    for number, _event in enumerate(events):
        if number == after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [0, 1, 2, 5, 20, 40])
def test_an_interruption_anywhere_loses_nothing(tmp_path: Path, after: int) -> None:
    """Once Ctrl-C in the first step made an incident unworkable for good."""
    hands = Rehearsal(inventory())
    context = room_over(tmp_path, hands=hands, max_attempts=1)
    response = Response(context)
    incident, _ = response.take(alert())
    with pytest.raises(KeyboardInterrupt), response.claimed(incident) as held:
        interrupted(response.turn(held), after)
    standing = context.store.work.standing(incident)
    assert standing and standing.owner is None and "goes on" in standing.why
    response.__exit__()
    with Response(room_over(tmp_path, hands=hands)) as second:
        list(second.run(incident))
        assert {item.kind for item in second.waiting(incident)} == {"action", "text"}
        decide(context, incident, Verdict.approved)
        list(second.run(incident))
    assert len(hands.acted) == 1


def test_a_failure_is_tried_again_later_and_kept_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = room_over(tmp_path)
    response = Response(context)
    incident, _ = response.take(alert())
    with monkeypatch.context() as broken:
        broken.setattr(context.recorder, "advance", _no_disk)
        with pytest.raises(OSError, match="no space"):
            list(response.run(incident))
    standing = context.store.work.standing(incident)
    assert standing and standing.attempts == 1 and "no space" in standing.why
    list(response.run(incident))
    assert {item.kind for item in response.waiting(incident)} == {"text"}


def _no_disk(**_named: float) -> None:
    raise OSError(28, "no space left on device")


def test_what_is_over_is_over_and_its_checkpoints_are_gone(tmp_path: Path) -> None:
    context = room_over(tmp_path)
    response, incident = begin(context)
    decide(context, incident, Verdict.rejected, kind="text")
    for _ in range(5):
        list(response.run(incident))
        decide(context, incident, Verdict.rejected, kind="text")
    assert response.over(incident)
    config = {"configurable": {"thread_id": incident}}
    assert response.graph.get_state(config).values == {}  # type: ignore[arg-type]
    before = context.store.load(incident)
    assert list(response.run(incident)) == []
    assert context.store.load(incident) == before


def test_a_recording_is_not_waited_for(tmp_path: Path, time: Time) -> None:
    context = room(tmp_path, tmp_path / "warroom.db", time)
    context.pace = 0.0
    response, incident = begin(context)
    decide(context, incident, Verdict.approved)
    list(response.run(incident))
    assert response.timer(incident) is None
