"""The write tool acts on nothing but an approved, exact plan."""

from datetime import UTC, datetime

import pytest

from warroom.actions.catalogue import execute, plan, undo
from warroom.actions.configuration import FlagOff, SwitchProvider
from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import Restart, RollBack, Scale
from warroom.errors import ApprovalRequired, ToolFailed, ToolRetry
from warroom.incident.action import ActionKind, ActionPlan, Decision, Verdict
from warroom.targets.stand_ins import Rehearsal

INVENTORY = Inventory(
    services={
        "catalog": Part(
            instances=["catalog-1"],
            spares=["catalog-2", "catalog-3"],
            version="v2",
            versions=["v1", "v2"],
        ),
        "suggest": Part(provider="a"),
    },
    flags={"bulk": True},
    providers=["a", "b", "c"],
)


def off() -> ActionPlan:
    return plan(FlagOff.kind, "bulk", {}, "it fails", inventory=INVENTORY)


def decided(subject: str, verdict: Verdict = Verdict.approved) -> Decision:
    return Decision(subject=subject, verdict=verdict, by="commander", at=datetime.now(UTC))


def test_approved_plan_is_carried_out_once() -> None:
    system = Rehearsal(INVENTORY)
    receipt = execute(system, off(), decided(off().hash))
    assert receipt.model_dump()["rehearsal"] is True
    assert system.acted == [(FlagOff.kind, "bulk", {})]


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
    with pytest.raises(ApprovalRequired, match=off().short_hash):
        execute(system, off(), approval)
    with pytest.raises(ApprovalRequired):
        undo(system, off(), {"changed": True}, approval)
    assert (system.acted, system.undone) == ([], [])


def test_approval_does_not_cover_an_edited_plan() -> None:
    wider = plan(Scale.kind, "catalog", {"instances": 2}, "load", inventory=INVENTORY)
    edited = wider.model_copy(update={"parameters": {"instances": 1}})
    with pytest.raises(ApprovalRequired, match="ask again"):
        execute(Rehearsal(INVENTORY), edited, decided(wider.hash))


def test_plan_that_no_longer_fits_is_sent_back() -> None:
    changed = Rehearsal(INVENTORY.model_copy(update={"flags": {"bulk": False}}))
    with pytest.raises(ToolRetry, match="off already"):
        execute(changed, off(), decided(off().hash))
    assert changed.acted == []


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "now", "said"),
    [
        (RollBack.kind, "catalog", {"to_version": "v1"}, {"version": "v3"}, "version v2; it is v3"),
        (Scale.kind, "catalog", {"instances": 2}, {"instances": ["a", "b", "c"]}, "1; it is 3"),
        (SwitchProvider.kind, "suggest", {"to": "b"}, {"provider": "c"}, "provider a; it is c"),
    ],
)
def test_a_plan_that_was_made_for_another_state_is_sent_back(
    kind: ActionKind, target: str, parameters: dict, now: dict, said: str
) -> None:
    """Rolled back from v2 to v1 was decided, not from the fix that runs by now."""
    made = plan(kind, target, parameters, "because", inventory=INVENTORY)
    assert execute(Rehearsal(INVENTORY), made, decided(made.hash)).changed
    part = INVENTORY.services[target].model_copy(update=now)
    changed = Rehearsal(INVENTORY.model_copy(update={"services": {target: part}}))
    with pytest.raises(ToolRetry, match=f"{said} by now: nothing was done"):
        execute(changed, made, decided(made.hash))
    assert changed.acted == []
    again = plan(kind, target, parameters, "because", inventory=changed.inventory())
    assert again.hash != made.hash


def test_undo_is_covered_by_the_plans_approval() -> None:
    system = Rehearsal(INVENTORY)
    receipt = execute(system, off(), decided(off().hash))
    stored = receipt.model_dump(mode="json")
    assert undo(system, off(), stored, decided(off().hash)).changed
    assert system.undone == system.acted


def test_failure_of_the_system_reaches_the_caller() -> None:
    system = Rehearsal(INVENTORY, frozenset({FlagOff.kind}))
    with pytest.raises(ToolFailed):
        execute(system, off(), decided(off().hash))


def test_restart_has_no_undo() -> None:
    again = plan(Restart.kind, "catalog", {}, "hung", inventory=INVENTORY)
    with pytest.raises(ToolFailed, match="cannot be undone"):
        undo(Rehearsal(INVENTORY), again, {"changed": True}, decided(again.hash))
