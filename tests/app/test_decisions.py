"""An edit makes another plan, checked like any other; what was measured cannot be set."""

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.edge import BlockSource
from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import Scale
from warroom.app.decisions import changed
from warroom.errors import ToolRetry
from warroom.incident.action import ActionPlan

INVENTORY = Inventory(
    services={
        "gateway": Part(instances=["gateway-1"], edge=True),
        "catalog": Part(instances=["catalog-1"], spares=["catalog-2", "catalog-3"]),
    }
)


def block() -> ActionPlan:
    parameters = {"sources": ["203.0.113.0/24", "198.51.100.7"], "good_share": 0.01}
    kind = BlockSource.kind
    return plan(kind, "gateway", parameters, "an attack", inventory=INVENTORY)


def test_an_edit_is_another_plan_with_another_hash() -> None:
    old = plan(Scale.kind, "catalog", {"instances": 3}, "a surge", inventory=INVENTORY)
    new = changed(old, ["instances=2"], INVENTORY)
    assert new.parameters == {"instances": 2}
    assert new.hash != old.hash


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ("good_share=0", "measured, not chosen"),
        ("sources=203.0.113.0/24, 192.0.2.9", "192.0.2.9 was not measured"),
        ("colour=red", "no parameter 'colour'"),
        ("sources", "not key=value"),
    ],
)
def test_what_cannot_be_edited_is_said(edit: str, reason: str) -> None:
    with pytest.raises(ToolRetry, match=reason):
        changed(block(), [edit], INVENTORY)


def test_a_source_can_be_left_out() -> None:
    new = changed(block(), ["sources=198.51.100.7"], INVENTORY)
    assert new.parameters["sources"] == ["198.51.100.7"]
