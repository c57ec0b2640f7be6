"""The catalogue of actions: what is planned, what is sent back with a correction."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.errors import ToolRetry
from warroom.incident.action import ActionKind, ActionPlan, Level
from warroom.targets.inventory import Inventory, Part
from warroom.tools.actions import CATALOGUE, check, find, plan

INVENTORY = Inventory(
    services={
        "gateway": Part(instances=["gateway-1"], edge=True),
        "catalog": Part(
            instances=["catalog-1"],
            spares=["catalog-2"],
            version="v2",
            previous="v1",
            versions=["v1", "v2"],
        ),
        "suggest": Part(instances=["suggest-1"], provider="primary"),
        "database": Part(),
    },
    flags={"bulk": True, "theme": False},
    tables={"stock": ["sku", "units", "notes"]},
    providers=["fallback", "primary"],
    routes=["/login", "/search"],
)

GOOD: list[tuple[ActionKind, str, dict[str, Any]]] = [
    (ActionKind.restart, "catalog", {}),
    (ActionKind.roll_back, "catalog", {"to_version": "v1"}),
    (ActionKind.scale, "catalog", {"instances": 2}),
    (ActionKind.flag_off, "bulk", {}),
    (ActionKind.throttle, "gateway", {"route": "/login", "rate": 2.0}),
    (ActionKind.block_source, "gateway", {"sources": ["10.1.2.0/24"], "good_share": 0.0}),
    (ActionKind.reroute, "catalog", {"away_from": ["catalog-1"]}),
    (ActionKind.switch_provider, "suggest", {"to": "fallback"}),
    (ActionKind.repair_rows, "stock", {"columns": ["notes"], "max_rows": 20}),
]

BAD: list[tuple[ActionKind, str, dict[str, Any], str]] = [
    (ActionKind.restart, "catalogue", {}, "known: catalog, database, gateway, suggest"),
    (ActionKind.restart, "database", {}, "no instance of ours"),
    (ActionKind.restart, "catalog", {"force": True}, "force"),
    (ActionKind.roll_back, "catalog", {}, "to_version"),
    (ActionKind.roll_back, "catalog", {"to_version": "v2"}, "runs v2 already"),
    (ActionKind.roll_back, "catalog", {"to_version": "v9"}, "known: v1, v2"),
    (ActionKind.roll_back, "gateway", {"to_version": "v1"}, "known: none"),
    (ActionKind.scale, "catalog", {"instances": 0}, "greater than or equal to 1"),
    (ActionKind.scale, "catalog", {"instances": 3}, "room for 2"),
    (ActionKind.scale, "catalog", {"instances": 1}, "1 instances already"),
    (ActionKind.flag_off, "bulky", {}, "known: bulk, theme"),
    (ActionKind.flag_off, "theme", {}, "off already"),
    (ActionKind.throttle, "catalog", {"route": "/login", "rate": 1}, "known: gateway"),
    (ActionKind.throttle, "gateway", {"route": "/cart", "rate": 1}, "known: /login, /search"),
    (ActionKind.throttle, "gateway", {"route": "/", "rate": 1}, "whole site"),
    (ActionKind.throttle, "gateway", {"route": "/login", "rate": 0}, "greater than 0"),
    (ActionKind.throttle, "gateway", {"route": "/login", "rate": float("inf")}, "less than"),
    (ActionKind.throttle, "gateway", {"route": "/login", "rate": float("nan")}, "rate"),
    (ActionKind.block_source, "gateway", {"sources": ["10.1.2.3"]}, "good_share"),
    (ActionKind.block_source, "gateway", {"sources": [], "good_share": 0}, "at least 1"),
    (
        ActionKind.block_source,
        "gateway",
        {"sources": ["10.1.0.0/16"], "good_share": 0},
        "wider than /24",
    ),
    (
        ActionKind.block_source,
        "gateway",
        {"sources": ["10.1.2.3"], "good_share": 0.3},
        "less than or equal to 0.05",
    ),
    (ActionKind.block_source, "gateway", {"sources": ["here"], "good_share": 0}, "sources"),
    (ActionKind.reroute, "catalog", {"away_from": ["catalog-2"]}, "known: catalog-1"),
    (ActionKind.reroute, "suggest", {"away_from": ["suggest-1"]}, "no other instance"),
    (ActionKind.switch_provider, "catalog", {"to": "fallback"}, "known: suggest"),
    (ActionKind.switch_provider, "suggest", {"to": "primary"}, "already"),
    (ActionKind.switch_provider, "suggest", {"to": "third"}, "known: fallback, primary"),
    (ActionKind.repair_rows, "orders", {}, "known: stock"),
    (ActionKind.repair_rows, "stock", {"columns": ["colour"]}, "known: notes, sku, units"),
]


def make(kind: ActionKind, target: str, parameters: dict[str, Any]) -> ActionPlan:
    return plan(kind, target, parameters, "because", inventory=INVENTORY, hypothesis="H1")


def test_every_kind_has_an_entry_and_an_example() -> None:
    assert set(CATALOGUE) == set(ActionKind) == {kind for kind, _, _ in GOOD}


@pytest.mark.parametrize(("kind", "target", "parameters"), GOOD)
def test_plan_takes_risk_and_texts_from_the_catalogue(
    kind: ActionKind, target: str, parameters: dict[str, Any]
) -> None:
    made = make(kind, target, parameters)
    entry = CATALOGUE[kind]
    assert (made.risk, made.reversible) == (entry.risk, entry.reversible)
    assert made.parameters == parameters
    texts = (made.blast_radius, made.expected_effect, made.verification, made.undo)
    assert all(text and "{" not in text for text in texts)


@pytest.mark.parametrize(("kind", "target", "parameters", "correction"), BAD)
def test_what_is_off_comes_back_with_a_correction(
    kind: ActionKind, target: str, parameters: dict[str, Any], correction: str
) -> None:
    with pytest.raises(ToolRetry, match=correction):
        make(kind, target, parameters)


def test_only_a_restart_has_no_undo() -> None:
    assert [kind for kind, entry in CATALOGUE.items() if not entry.reversible] == [
        ActionKind.restart
    ]


def test_writing_to_data_is_the_highest_risk() -> None:
    assert [kind for kind, entry in CATALOGUE.items() if entry.risk is Level.high] == [
        ActionKind.repair_rows
    ]


def test_words_of_a_kind_are_accepted() -> None:
    assert find("roll back").kind is ActionKind.roll_back
    with pytest.raises(ToolRetry, match="roll back"):
        find("explode")


def test_any_edit_is_another_plan() -> None:
    hashes = {
        make(ActionKind.throttle, "gateway", {"route": "/login", "rate": rate}).hash
        for rate in (1.0, 2.0, 3.0)
    }
    assert len(hashes) == 3


def test_sources_are_written_in_canonical_form() -> None:
    parameters = {"sources": ["10.1.2.3/32", "10.1.2.77/24"], "good_share": 0}
    checked = check(ActionKind.block_source, "gateway", parameters, INVENTORY)
    assert checked["sources"] == ["10.1.2.3", "10.1.2.0/24"]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
NAMES = st.sampled_from(
    ["to_version", "instances", "route", "rate", "sources", "good_share", "away_from", "to"]
)


@given(
    st.sampled_from(list(ActionKind)),
    st.sampled_from(["catalog", "gateway", "bulk", "stock", "suggest", "", "database"]),
    st.dictionaries(NAMES | st.text(string.ascii_lowercase, max_size=5), SCALARS, max_size=4),
)
def test_any_input_is_a_plan_or_a_correction(
    kind: ActionKind, target: str, parameters: dict[str, Any]
) -> None:
    try:
        made = make(kind, target, parameters)
    except ToolRetry as error:
        assert str(error)
    else:
        assert check(kind, target, made.parameters, INVENTORY) == made.parameters
        assert len(made.hash) == 12
