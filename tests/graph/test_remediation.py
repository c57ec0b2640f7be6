"""The write tool acts on nothing but an approved, exact plan."""

from datetime import UTC, datetime

import pytest

from warroom.errors import ApprovalRequired, ToolFailed, ToolRetry
from warroom.incident.action import ActionKind, ActionPlan, Decision, Verdict
from warroom.targets.inventory import Inventory, Part
from warroom.targets.rehearsal import Rehearsal
from warroom.tools.actions import plan
from warroom.tools.remediation import execute, undo

INVENTORY = Inventory(
    services={"catalog": Part(instances=["catalog-1"], spares=["catalog-2"])}, flags={"bulk": True}
)


def off() -> ActionPlan:
    return plan(ActionKind.flag_off, "bulk", {}, "it fails", inventory=INVENTORY)


def decided(subject: str, verdict: Verdict = Verdict.approved) -> Decision:
    return Decision(subject=subject, verdict=verdict, by="commander", at=datetime.now(UTC))


def test_approved_plan_is_carried_out_once() -> None:
    system = Rehearsal(INVENTORY)
    receipt = execute(system, off(), decided(off().hash))
    assert receipt["rehearsal"] is True
    assert system.acted == [(ActionKind.flag_off, "bulk", {})]


@pytest.mark.parametrize(
    "approval",
    [
        None,
        decided("000000000000"),
        decided(off().hash, Verdict.rejected),
        decided(off().hash, Verdict.edited),
        decided(off().hash, Verdict.expired),
    ],
)
def test_anything_but_an_approval_of_this_plan_touches_nothing(approval: Decision | None) -> None:
    system = Rehearsal(INVENTORY)
    with pytest.raises(ApprovalRequired, match=off().hash):
        execute(system, off(), approval)
    with pytest.raises(ApprovalRequired):
        undo(system, off(), {"changed": True}, approval)
    assert (system.acted, system.undone) == ([], [])


def test_approval_does_not_cover_an_edited_plan() -> None:
    wider = plan(ActionKind.scale, "catalog", {"instances": 2}, "load", inventory=INVENTORY)
    edited = wider.model_copy(update={"parameters": {"instances": 1}})
    with pytest.raises(ApprovalRequired, match="ask again"):
        execute(Rehearsal(INVENTORY), edited, decided(wider.hash))


def test_plan_that_no_longer_fits_is_sent_back() -> None:
    changed = Rehearsal(INVENTORY.model_copy(update={"flags": {"bulk": False}}))
    with pytest.raises(ToolRetry, match="off already"):
        execute(changed, off(), decided(off().hash))
    assert changed.acted == []


def test_repetition_after_a_crash_is_no_error() -> None:
    changed = Rehearsal(INVENTORY.model_copy(update={"flags": {"bulk": False}}))
    execute(changed, off(), decided(off().hash), since=1.0)
    assert execute(changed, off(), decided(off().hash), since=1.0)["changed"] is False


def test_undo_is_covered_by_the_plans_approval() -> None:
    system = Rehearsal(INVENTORY)
    receipt = execute(system, off(), decided(off().hash))
    assert undo(system, off(), receipt, decided(off().hash))["changed"] is True
    assert system.undone == system.acted


def test_failure_of_the_system_reaches_the_caller() -> None:
    system = Rehearsal(INVENTORY, frozenset({ActionKind.flag_off}))
    with pytest.raises(ToolFailed):
        execute(system, off(), decided(off().hash))


def test_restart_has_no_undo() -> None:
    again = plan(ActionKind.restart, "catalog", {}, "hung", inventory=INVENTORY)
    with pytest.raises(ToolFailed, match="cannot be undone"):
        undo(Rehearsal(INVENTORY), again, {"changed": True}, decided(again.hash))
