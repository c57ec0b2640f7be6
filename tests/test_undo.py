"""Undoing what made things worse: once, and never said to be undone when it was not."""

from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from warroom.agents.effects import undo
from warroom.agents.intake import take
from warroom.agents.room import Room
from warroom.incident.action import ActionKind, Execution, Outcome, Verdict
from warroom.incident.ledger import Request
from warroom.incident.timeline import utc_now
from warroom.operations.rehearsal import Rehearsal
from warroom.state import IncidentState
from warroom.tests.responses import alert, inventory, room_over
from warroom.tools.actions import plan

RECEIPT = {"changed": True}


def worse(home: Path, receipt: dict[str, Any]) -> tuple[Room, Rehearsal, IncidentState]:
    """An incident whose only, approved action left things worse."""
    hands = Rehearsal(inventory())
    room = room_over(home, hands=hands)
    limit = {"route": "/login", "rate": 5.0}
    tried = plan(ActionKind.throttle, "gateway", limit, "too much", inventory=inventory())
    incident, _ = take(room.store, alert(), "playbooks", room.clock())
    now = utc_now()
    begun = Execution(plan=tried.hash, title=tried.title, started_at=now, ended_at=now)
    begun.receipt, begun.outcome = receipt, Outcome.worse
    room.store.update(incident, lambda doc: doc.proposals.append(tried))
    room.store.update(incident, lambda doc: doc.executions.append(begun))
    at = now.timestamp()
    room.store.ledger.ask(Request(incident, tried.hash, "action", tried.title, at, at + 60))
    room.store.ledger.decide(incident, tried.hash, Verdict.approved, by="test commander")
    return room, hands, IncidentState(incident_id=incident, plan=tried.hash)


def execution(room: Room, state: IncidentState) -> Execution:
    return room.store.load(state.incident_id).executions[0]


def run(room: Room, state: IncidentState) -> None:
    undo(state, cast("Runtime[Room]", Runtime(context=room)))


def test_it_is_undone_once_and_told_once_however_often_the_node_runs(tmp_path: Path) -> None:
    room, hands, state = worse(tmp_path, RECEIPT)
    run(room, state)
    told = len(room.store.load(state.incident_id).timeline)
    run(room, state)
    assert len(hands.undone) == 1
    assert execution(room, state).undone
    assert len(room.store.load(state.incident_id).timeline) == told


def test_an_undo_that_died_is_on_the_record(tmp_path: Path) -> None:
    room, hands, state = worse(tmp_path, RECEIPT)
    room.store.ledger.claim(state.incident_id, f"{state.incident_id}:undo:{state.plan}")
    run(room, state)
    assert hands.undone == []
    assert not execution(room, state).undone
    assert "could not be undone" in execution(room, state).note


@pytest.mark.parametrize("receipt", [{}, {"changed": False}])
def test_what_changed_nothing_is_not_said_to_be_undone(
    tmp_path: Path, receipt: dict[str, Any]
) -> None:
    room, _hands, state = worse(tmp_path, receipt)
    run(room, state)
    assert not execution(room, state).undone
    assert "undone" in execution(room, state).note


def test_without_the_system_the_undo_is_said_to_be_owed(tmp_path: Path) -> None:
    room, _hands, state = worse(tmp_path, RECEIPT)
    room.operations = None
    run(room, state)
    assert "could not be undone" in execution(room, state).note
