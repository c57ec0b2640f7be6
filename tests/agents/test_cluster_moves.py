"""What a cluster shows to be wrong is met on the object that it names."""

import json
from pathlib import Path
from typing import Any

import pytest

from warroom.actions.inventory import Inventory, Part
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.remedies import propose
from warroom.agents.debugger import investigate
from warroom.agents.steps import INVESTIGATE
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.clusters import dump, node, pending, workload
from warroom.tests.support.specialists import case_on


def planned(folder: Path, inventory: Inventory, *objects: Any) -> list[str]:
    """Titles of the plans, where nothing but the cluster is seen."""
    with BundleWriter(folder / "bundle") as writer:
        dump(folder / "bundle" / "kubernetes", *objects)
        survey = {"inventory": inventory.model_dump(mode="json"), "differences": {}}
        (writer.root / "survey.json").write_text(json.dumps(survey))
    case = case_on(folder / "bundle", folder / "home", step=INVESTIGATE, service="cart")
    plans, _ = propose(Observations(case), investigate(case).hypotheses)
    return [plan.title for plan in plans]


def broken(name: str) -> dict[str, Any]:
    """A node whose kubelet is silent."""
    made = node(name)
    made["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    ]
    return made


@pytest.mark.parametrize(
    ("there", "closed", "title"),
    [
        (node("n1", unschedulable=True), True, "uncordon node n1"),
        (broken("n1"), False, "cordon node n1"),
    ],
)
def test_a_node_is_opened_or_closed(
    tmp_path: Path, there: dict[str, Any], closed: bool, title: str
) -> None:
    inventory = Inventory(services={"cart": Part(instances=["cart 1"])}, nodes={"n1": closed})
    assert title in planned(tmp_path, inventory, there, pending(workload("cart")))


def test_one_that_is_closed_already_is_left(tmp_path: Path) -> None:
    inventory = Inventory(services={"cart": Part(instances=["cart 1"])}, nodes={"n1": True})
    assert "cordon node n1" not in planned(
        tmp_path, inventory, broken("n1"), pending(workload("cart"))
    )
