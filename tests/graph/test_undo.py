"""Undoing what made things worse: once, and never said to be undone when it was not."""

from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from warroom.actions.catalogue import plan
from warroom.actions.edge import Throttle
from warroom.agents.runtime.context import ResponseContext
from warroom.agents.runtime.effects import undo
from warroom.graph import after_undo
from warroom.incident.action import Execution, Outcome, Verdict
from warroom.incident.timeline import utc_now
from warroom.intake.handing import take
from warroom.record.claims import Does, Effect
from warroom.record.ledger import Request
from warroom.record.switches import Switches
from warroom.state import IncidentState
from warroom.targets.stand_ins import Rehearsal
from warroom.tests.support.people import person
from warroom.tests.support.responses import alert, inventory, room_over

RECEIPT = {"changed": True}


def worse(home: Path, receipt: dict[str, Any]) -> tuple[ResponseContext, Rehearsal, IncidentState]:
    """An incident whose only, approved action left things worse."""
    hands = Rehearsal(inventory())
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
    return context, hands, IncidentState(incident_id=incident, plan=tried.hash)


def execution(context: ResponseContext, state: IncidentState) -> Execution:
    return context.store.load(state.incident_id).executions[0]


def run(context: ResponseContext, state: IncidentState) -> dict[str, Any]:
    return undo(state, cast("Runtime[ResponseContext]", Runtime(context=context)))


def test_it_is_undone_once_and_told_once_however_often_the_node_runs(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    run(context, state)
    told = len(context.store.load(state.incident_id).timeline)
    run(context, state)
    assert len(hands.undone) == 1
    assert execution(context, state).undone
    assert len(context.store.load(state.incident_id).timeline) == told


def test_an_undo_that_died_is_on_the_record(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    context.store.ledger.claim(Effect(state.incident_id, Does.undo, state.plan))
    run(context, state)
    assert hands.undone == []
    assert not execution(context, state).undone
    assert "could not be undone" in execution(context, state).note


def test_an_undo_that_is_held_back_is_owed_and_done_when_it_may_be(tmp_path: Path) -> None:
    context, hands, state = worse(tmp_path, RECEIPT)
    switches = Switches(context.store.engine)
    switches.turn(True, person("ann"), "hands off")
    for _ in range(2):
        owed = run(context, state.model_copy(update={"take_back": True}))
        assert owed["timer"]
        assert after_undo(IncidentState(incident_id="", take_back=True)) == ["undo_owed"]
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
