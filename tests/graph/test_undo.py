"""Undoing what made things worse: once, and never said to be undone when it was not."""

from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.catalogue import plan
from warroom.actions.edge import Throttle
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import effect_of, planned, undo
from warroom.agents.runtime.whether import ask_whether
from warroom.graph import after_undo, after_whether
from warroom.incident.action import Execution, Outcome, Verdict
from warroom.incident.timeline import utc_now
from warroom.intake.handing import take
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Request
from warroom.record.switches import Switches
from warroom.state import IncidentState
from warroom.tests.support.hands import Hands
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, inventory, room_over

RECEIPT = {"changed": True}


def worse(home: Path, receipt: dict[str, Any]) -> tuple[ResponseContext, Hands, IncidentState]:
    """An incident whose only, approved action left things worse."""
    hands = Hands(inventory())
    context = room_over(home, hands=hands)
    limit = {"route": "/login", "rate": 5.0}
    tried = plan(Throttle.kind, "gateway", limit, "too much", inventory=inventory())
    incident, _ = take(context.store, alert(), context.clock())
    now = utc_now()
    begun = Execution(plan=tried.hash, title=tried.title, started_at=now, ended_at=now)
    begun.receipt, begun.outcome = receipt, Outcome.worse
    context.store.update(incident, lambda doc: doc.proposals.append(tried))
    context.store.update(incident, lambda doc: doc.executions.append(begun))
    at = now.timestamp()
    context.store.ledger.ask(Request(incident, tried.hash, "action", tried.title, at, at + 60))
    context.store.ledger.decide(incident, tried.hash, Verdict.approved, by=person())
    return context, hands, IncidentState(incident_id=incident, plan=tried.hash, take_back=True)


def execution(context: ResponseContext, state: IncidentState) -> Execution:
    return context.store.load(state.incident_id).executions[0]


def run(context: ResponseContext, state: IncidentState) -> dict[str, Any]:
    return undo(state, cast("Runtime[ResponseContext]", Runtime(context=context)))


def asked(context: ResponseContext, state: IncidentState) -> dict[str, Any]:
    return ask_whether(state, cast("Runtime[ResponseContext]", Runtime(context=context)))


def went_on(state: IncidentState, change: dict[str, Any]) -> IncidentState:
    return state.model_copy(update=change)


def test_it_is_undone_once_and_told_once_however_often_the_node_runs(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    run(context, state)
    told = len(context.store.load(state.incident_id).timeline)
    run(context, state)
    assert len(hands.undone) == 1
    assert execution(context, state).undone
    assert len(context.store.load(state.incident_id).timeline) == told


def begun(context: ResponseContext, state: IncidentState) -> Effect:
    """The undo is claimed by a process that ends before it says a word."""
    document = context.store.load(state.incident_id)
    effect = effect_of(context, document, planned(document, state.plan), Does.undo)
    context.store.ledger.claim(effect)
    return effect


def test_an_undo_that_died_is_asked_about_and_a_person_says_it_was_done(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    effect = begun(context, state)
    state = went_on(state, run(context, state))
    assert after_undo(state) == ["ask_whether"]
    state = went_on(state, asked(context, state))
    assert after_whether(state) == ["whether"]
    request = context.store.ledger.request(state.incident_id, effect.question)
    assert request.title == "it was undone: let 5.0 requests a second of /login through at gateway"
    assert not execution(context, state).undone
    context.store.ledger.decide(state.incident_id, effect.question, Verdict.approved, person("ann"))
    state = went_on(state, asked(context, state))
    assert after_whether(state) == ["undo"]
    state = went_on(state, run(context, state))
    assert hands.undone == []
    assert execution(context, state).undone
    assert "ann says that it was done" in execution(context, state).note
    assert not state.take_back


def test_an_undo_that_a_person_says_was_not_done_is_done_under_a_new_key(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    effect = begun(context, state)
    state = went_on(state, run(context, state))
    state = went_on(state, asked(context, state))
    context.store.ledger.decide(state.incident_id, effect.question, Verdict.rejected, person("ann"))
    state = went_on(state, asked(context, state))
    state = went_on(state, run(context, state))
    assert len(hands.undone) == 1
    assert execution(context, state).undone
    again = context.store.ledger.effect(f"{effect.key}.1")
    assert again and again.done_at is not None


def test_an_undo_that_the_system_knows_needs_no_person(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    hands.keys.add(begun(context, state).key)
    state = went_on(state, run(context, state))
    assert hands.undone == []
    assert execution(context, state).undone
    assert "the system shows that it was done" in execution(context, state).note


def test_an_undo_that_the_system_shows_was_not_done_is_done(tmp_path: Path) -> None:
    """The route is limited still, as the action left it."""
    context, hands, state = worse(tmp_path, RECEIPT)
    begun(context, state)
    hands.becomes(inventory().model_copy(update={"limits": {"/login": 5.0}}))
    state = went_on(state, run(context, state))
    assert after_undo(state) == ["undo"]
    state = went_on(state, run(context, state))
    assert len(hands.undone) == 1
    assert execution(context, state).undone


def test_an_undo_that_is_held_back_is_owed_and_done_when_it_may_be(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    switches = Switches(context.store.engine)
    switches.turn(True, person("ann"), "hands off")
    for _ in range(2):
        owed = run(context, state.model_copy(update={"take_back": True}))
        assert owed["timer"]
        held = went_on(state.model_copy(update={"take_back": True}), owed)
        assert after_undo(held) == ["undo_owed"]
    assert hands.undone == []
    told = [event.text for event in context.store.load(state.incident_id).timeline]
    assert len([text for text in told if "not undone yet" in text and "by ann" in text]) == 1
    switches.turn(False, person("ann"), "")
    done = run(context, state)
    assert done["take_back"] is False
    assert len(hands.undone) == 1
    assert execution(context, state).undone


@pytest.mark.parametrize("receipt", [{}, {"changed": False}])
def test_what_changed_nothing_is_not_said_to_be_undone(
    tmp_path: Path, receipt: dict[str, Any]
) -> None:
    context, _hands, state = worse(tmp_path, receipt)
    run(context, state)
    assert not execution(context, state).undone
    assert "undone" in execution(context, state).note


def test_without_the_system_the_undo_is_said_to_be_owed(tmp_path: Path) -> None:
    context, _hands, state = worse(tmp_path, RECEIPT)
    context.operations = None
    run(context, state)
    assert "could not be undone" in execution(context, state).note
