"""The faults agree with the catalogue of actions, with the shop, and announce nothing."""

import inspect
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import RollBack
from warroom.drills.faults import FAULTS, DrillFault
from warroom.drills.world import world
from warroom.incident.finding import FaultKind

SHOP = Path(inspect.getfile(sys.modules["warroom.drills.layout"])).parent / "shop"
WORLD = world()
KNOWN = {entry.name for entry in WORLD.entries()}
ANNOUNCING = ("fault", "inject", "drill", "leak", "bug", "broken", "attack", "corrupt", "herring")

INVENTORY = Inventory(
    services={
        spec.name: Part(
            instances=[f"{spec.name}-1"],
            spares=[f"{spec.name}-{number + 1}" for number in range(1, spec.copies)],
            version="v2",
            previous="v1",
            versions=["v1", "v2"],
            provider="primary" if spec.name == "recommendations" else "",
            edge=spec.name == "gateway",
        )
        for spec in WORLD.services
    },
    flags=dict.fromkeys(WORLD.configuration["flags.json"]["flags"], True),
    tables={name: [] for name in WORLD.tables},
    providers=["fallback", "primary"],
)


class Recorder:
    """Stands where a shop would be and writes down the deploys asked for; runs nothing."""

    def __init__(self) -> None:
        self.deploys: list[tuple[str, tuple, str]] = []
        self.layout = SimpleNamespace(world=WORLD)

    def deploy(self, service: str, patches: tuple, message: str, author: str = "") -> str:
        self.deploys.append((service, tuple(patches), message))
        return "v9"


EVERY = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


def test_there_are_ten_faults_and_two_controls() -> None:
    assert len(FAULTS) == 12
    assert {"no-fault", "red-herring"} <= set(FAULTS)


@EVERY
def test_name_is_the_key(fault: DrillFault) -> None:
    assert FAULTS[fault.name] is fault


@EVERY
def test_cures_are_actions_that_the_shop_allows(fault: DrillFault) -> None:
    given = {(one.action, one.target): one.parameters for one in fault.truth.parameters}
    assert given.keys() <= set(fault.truth.effective_actions)
    for kind, target in fault.truth.effective_actions:
        known = given.get((kind, target), {})
        needed = {"to_version": "v1"} if kind == RollBack.kind else {}
        made = plan(kind, target, {**needed, **known}, "to cure", inventory=INVENTORY)
        assert (made.kind, made.target) == (kind, target)


@EVERY
def test_services_are_in_the_catalogue(fault: DrillFault) -> None:
    truth = fault.truth
    named = {truth.service, *truth.blameless} - {""}
    named |= {symptom.service for symptom in truth.symptoms}
    assert named <= KNOWN
    assert truth.service not in truth.blameless


@EVERY
def test_only_no_fault_has_nothing_to_cure(fault: DrillFault) -> None:
    nothing = fault.truth.kind is FaultKind.no_fault
    assert bool(fault.truth.effective_actions) is not nothing
    assert (not fault.truth.symptoms) is nothing
    assert (fault.alert is not None) is nothing


@pytest.mark.parametrize("name", ["bad-deploy", "slow-release", "memory-leak"])
def test_edits_fit_the_source_once_and_announce_nothing(name: str) -> None:
    shop = Recorder()
    [course] = FAULTS[name].courses()
    course.begin(shop)  # pyright: ignore[reportArgumentType] only deploys are asked for
    [(service, edits, message)] = shop.deploys
    assert service == FAULTS[name].truth.service
    source = {path: (SHOP / Path(path).name).read_text() for path, _, _ in edits}
    for path, before, after in edits:
        assert source[path].count(before) == 1
        source[path] = source[path].replace(before, after)
        compile(source[path], path, "exec")
        told = f"{message} {after}".lower()
        assert not [word for word in ANNOUNCING if word in told]


def test_alert_of_no_fault_is_a_webhook_of_version_4() -> None:
    body = FAULTS["no-fault"].webhook(1_750_000_000.0)
    assert body is not None
    assert (body["version"], body["status"]) == ("4", "firing")
    assert body["alerts"][0]["startsAt"] == "2025-06-15T15:06:40.000+00:00"
    assert body["alerts"][0]["labels"]["service"] in KNOWN
