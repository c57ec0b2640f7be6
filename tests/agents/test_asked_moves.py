"""A move that a model asks for passes the gate that every plan passes, or is told why not."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from warroom.actions.catalogue import CATALOGUE
from warroom.actions.inventory import Inventory, Part
from warroom.agents.causes.moves import brought_by
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.remedies import propose
from warroom.agents.reasoning.moves import asked_for, reach
from warroom.agents.reasoning.replies import Move, Setting
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.shop_bundle import Fault, catalogue, write_shop
from warroom.tests.support.specialists import case_on

GUILTY, LATER = "a" * 40, "b" * 40


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    """Checkout fails since v2, which brought the guilty commit; v3 after it is innocent."""
    root: Path = tmp_path_factory.mktemp("case")
    write_shop(root / "bundle", Fault("errors", "checkout"))
    with BundleWriter(root / "bundle", catalogue()) as writer:
        writer.change(START + 30, "deploy", "checkout", "c" * 40, version="v1", previous="v0")
        writer.change(START + 50, "commit", "checkout", GUILTY)
        writer.change(START + 55, "deploy", "checkout", "d" * 40, version="v2", previous="v1")
        writer.change(START + 58, "deploy", "checkout", LATER, version="v3", previous="v2")
    case = case_on(root / "bundle", root / "home", now=85, service="checkout")
    part = Part(
        instances=["checkout-1"], spares=["checkout-2"], version="v3", previous="v2",
        versions=["v1", "v2", "v3"],
    )  # fmt: skip
    inventory = Inventory(
        services={"checkout": part, "login": Part(instances=["login-1"], spares=["login-2"])}
    )
    object.__setattr__(case, "inventory", inventory)
    return Observations(case)


def blames(change: str = "", service: str = "checkout", confidence: float = 0.8, **more: Any):
    facts = {"id": "H1", "statement": "it fails", "kind": FaultKind.bad_deploy, **more}
    return Hypothesis(service=service, change=change, confidence=confidence, **facts)


def wants(kind: str, target: str = "checkout", service: str = "checkout", **parameters: str):
    given = [Setting.model_validate({"name": n, "value": v}) for n, v in parameters.items()]
    move = {"kind": kind, "target": target, "parameters": given}
    return [Move.model_validate({**move, "service": service, "fault": FaultKind.bad_deploy})]


def refused(seen: Observations, moves: list[Move], *causes: Hypothesis) -> str:
    plans, (gap,) = asked_for(seen, moves, list(causes))
    assert not plans
    return gap.why


def test_a_move_that_the_playbook_did_not_list_becomes_a_plan(seen: Observations):
    (plan,), gaps = asked_for(seen, wants("scale", instances="2"), [blames()])
    assert not gaps
    assert (plan.kind, plan.target, plan.parameters) == ("scale", "checkout", {"instances": 2})
    assert (plan.hypothesis, plan.risk.value, plan.reversible) == ("H1", "low", True)


def test_what_does_not_fit_is_told_with_its_reason(seen: Observations):
    assert "no service 'shipping'" in refused(
        seen, wants("scale", "shipping", instances="2"), blames()
    )
    assert "room for 2" in refused(seen, wants("scale", instances="9"), blames())
    assert "no action" in refused(seen, wants("drop table"), blames())
    assert "no standing cause" in refused(
        seen, wants("scale", service="login", instances="2"), blames()
    )
    unsure = blames(confidence=0.2)
    assert "20%, below 30%" in refused(seen, wants("scale", instances="2"), unsure)


def test_no_plan_rests_on_a_word_where_nothing_measured_agrees(seen: Observations):
    """A healthy service that a model blames with 0.6 is neither restarted nor scaled."""
    cause = blames(service="login", confidence=0.6, kind=FaultKind.hung_process)
    assert not propose(seen, [cause])[0]
    (move,) = wants("reroute", "login", service="login", away_from="login-1")
    move = move.model_copy(update={"fault": FaultKind.hung_process})
    why = refused(seen, [move], cause)
    assert "nothing that was measured at login agrees" in why


def test_a_version_that_is_suspected_is_no_way_back(seen: Observations):
    assert brought_by(seen, "checkout", "v2") == {GUILTY, "d" * 40}
    back = wants("roll back", to_version="v2")
    why = refused(seen, back, blames(LATER), blames(GUILTY, confidence=0.15, id="H2"))
    assert why.startswith("v2 is suspected itself") and "H2" in why
    (plan,), _ = asked_for(seen, back, [blames(LATER)])
    assert plan.parameters == {"to_version": "v2"}


def test_the_way_back_lies_before_the_version_that_brought_the_guilty_commit(seen: Observations):
    """Not before the newest one: that is the very version which brought the fault in."""
    plans, _ = propose(seen, [blames(GUILTY)])
    assert [p.parameters for p in plans if p.kind == "roll back"] == [{"to_version": "v1"}]


def test_kinds_and_parameters_are_those_of_the_catalogue():
    schema = Move.model_json_schema()
    cures = [kind for kind, action in CATALOGUE.items() if action.cures]
    assert schema["properties"]["kind"]["enum"] == cures and "bring back" not in cures
    assert "to_version" in schema["$defs"]["Setting"]["properties"]["name"]["enum"]
    with pytest.raises(ValidationError):
        Move.model_validate({"kind": "scale", "target": "x", "fault": "magic"})


def test_what_there_is_to_act_on_is_told(seen: Observations):
    lines = list(reach(seen.case.inventory))
    assert "roll back (to_version)" in lines[0]
    assert lines[1] == "service checkout: runs v3 on 1 of 2 instances, before v2"
