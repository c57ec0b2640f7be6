"""Whether something was done that nobody reported: told by what is so now, and half is neither."""

import pytest

from warroom.actions.base import Action, Probe
from warroom.actions.catalogue import CATALOGUE, plan, probe
from warroom.actions.configuration import FlagOff, SwitchProvider
from warroom.actions.edge import BlockSource, Throttle
from warroom.actions.inventory import Inventory, ModelUse, Part
from warroom.actions.models import AnswerWithoutModel, CapCalls, SwitchModel
from warroom.actions.services import Restart, RollBack, Scale
from warroom.errors import ToolRetry
from warroom.tests.support.hands import Hands

BEFORE = Inventory(
    services={
        "web": Part(
            instances=["web-1"],
            spares=["web-2", "web-3"],
            version="v2",
            deployed="v2",
            versions=["v1", "v2"],
            provider="a",
            ai=ModelUse(model="large", models=["large", "small"]),
            edge=True,
        )
    },
    flags={"bulk": True},
    providers=["a", "b"],
    system="shop",
)
SOURCES = {"sources": ["203.0.113.7", "203.0.113.8"], "good_share": 0.0}


def now(**part: object) -> Inventory:
    """The system with a part of its one service changed."""
    changed = BEFORE.services["web"].model_copy(update=part)
    return BEFORE.model_copy(update={"services": {"web": changed}})


def after(**changes: object) -> Inventory:
    return BEFORE.model_copy(update=changes)


@pytest.mark.parametrize(
    ("kind", "target", "parameters", "found", "shown"),
    [
        (FlagOff, "bulk", {}, after(flags={"bulk": False}), Probe.done),
        (FlagOff, "bulk", {}, BEFORE, Probe.not_done),
        (FlagOff, "bulk", {}, after(flags={}), Probe.cannot_tell),
        (RollBack, "web", {"to_version": "v1"}, now(version="v1", deployed="v1"), Probe.done),
        (RollBack, "web", {"to_version": "v1"}, BEFORE, Probe.not_done),
        (RollBack, "web", {"to_version": "v1"}, now(version="v1"), Probe.cannot_tell),
        (
            RollBack,
            "web",
            {"to_version": "v1"},
            now(version="v3", deployed="v3"),
            Probe.cannot_tell,
        ),
        (Scale, "web", {"instances": 3}, now(instances=["a", "b", "c"]), Probe.done),
        (Scale, "web", {"instances": 3}, BEFORE, Probe.not_done),
        (Scale, "web", {"instances": 3}, now(instances=["a", "b"]), Probe.cannot_tell),
        (SwitchProvider, "web", {"to": "b"}, now(provider="b"), Probe.done),
        (SwitchProvider, "web", {"to": "b"}, BEFORE, Probe.not_done),
        (SwitchModel, "web", {"to": "small"}, now(ai=ModelUse(model="small")), Probe.done),
        (SwitchModel, "web", {"to": "small"}, BEFORE, Probe.not_done),
        (SwitchModel, "web", {"to": "small"}, now(ai=None), Probe.cannot_tell),
        (AnswerWithoutModel, "web", {}, now(ai=ModelUse(canned=True)), Probe.done),
        (AnswerWithoutModel, "web", {}, BEFORE, Probe.not_done),
        (CapCalls, "web", {"calls": 3}, now(ai=ModelUse(calls_per_request=3)), Probe.done),
        (CapCalls, "web", {"calls": 3}, now(ai=ModelUse(calls_per_request=2)), Probe.cannot_tell),
        (Throttle, "web", {"route": "/x", "rate": 5}, after(limits={"/x": 5.0}), Probe.done),
        (Throttle, "web", {"route": "/x", "rate": 5}, BEFORE, Probe.cannot_tell),
        (BlockSource, "web", SOURCES, after(blocked=SOURCES["sources"]), Probe.done),
        (BlockSource, "web", SOURCES, after(blocked=["203.0.113.7"]), Probe.cannot_tell),
        (BlockSource, "web", SOURCES, BEFORE, Probe.not_done),
        (Restart, "web", {}, BEFORE, Probe.cannot_tell),
    ],
)
def test_a_probe(
    kind: type[Action], target: str, parameters: dict, found: Inventory, shown: Probe
) -> None:
    made = plan(kind.kind, target, parameters, "because", inventory=BEFORE)
    assert probe(Hands(found), made, "key") is shown


def test_a_key_that_the_target_kept_tells_more_than_its_state() -> None:
    made = plan(Restart.kind, "web", {}, "hung", inventory=BEFORE)
    hands = Hands(BEFORE)
    hands.keys.add("INC-1:execute:abc")
    assert probe(hands, made, "INC-1:execute:abc") is Probe.done
    assert probe(hands, made, "INC-2:execute:abc") is Probe.cannot_tell


def test_every_plan_is_bound_to_its_system() -> None:
    from warroom.actions.catalogue import fitting

    made = plan(Restart.kind, "web", {}, "hung", inventory=BEFORE)
    assert made.found == {"system": "shop"}
    assert fitting(Hands(BEFORE), made).kind == Restart.kind
    for other in ("staging", ""):
        with pytest.raises(ToolRetry, match="decided for system shop"):
            fitting(Hands(after(system=other)), made)


def test_actions_that_cannot_tell_say_so() -> None:
    silent = {kind for kind, action in CATALOGUE.items() if action.probe is Action.probe}
    assert silent == {
        "end session",
        "repair rows from backup",
        "reroute",
        "restart",
        "restore database state",
        "restore process state",
    }
