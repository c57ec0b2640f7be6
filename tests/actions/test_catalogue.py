"""The catalogue of actions: what is planned, what is sent back with a correction."""

import string
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from warroom.actions.base import Action
from warroom.actions.canaries import StepCanary
from warroom.actions.catalogue import CATALOGUE, checked, find, in_passing, plan, sentence_of
from warroom.actions.configuration import FlagOff, RevertConfiguration, SwitchProvider
from warroom.actions.database import EndSession, RepairRows
from warroom.actions.edge import BlockSource, BringBack, Throttle
from warroom.actions.facts import KINDS, FactKind
from warroom.actions.inventory import Canary, Inventory, ModelUse, Part, Procedure
from warroom.actions.models import AnswerWithoutModel, CapCalls, CapTokens, SwitchModel
from warroom.actions.procedures import (
    ClearCache,
    FreeSpace,
    OpenBreaker,
    RaiseLimit,
    RenewCertificate,
)
from warroom.actions.services import Reroute, Restart, RollBack, Scale
from warroom.actions.state import RestoreDatabase, RestoreProcess
from warroom.actions.workloads import Cordon, PatchWorkload, Uncordon
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.console.decision import in_full
from warroom.console.screen import THEME
from warroom.errors import ToolRetry
from warroom.faults import faults
from warroom.incident.action import ActionKind, ActionPlan, Level
from warroom.tests.support.incidents import full

PREPARED = [a.kind for a in (RenewCertificate, ClearCache, FreeSpace, OpenBreaker, RaiseLimit)]
INVENTORY = Inventory(
    services={
        "gateway": Part(instances=["gateway-1"], edge=True),
        "catalog": Part(
            instances=["catalog-1"],
            spares=["catalog-2"],
            version="v2",
            previous="v1",
            versions=["v1", "v2"],
            fields={"limits of web": {"memory": "256Mi"}},
            canary=Canary(version="v2", stable="v1", weight=25, waits=[50, 100]),
        ),
        "suggest": Part(
            instances=["suggest-1"],
            provider="primary",
            ai=ModelUse(model="large", models=["large", "small"], calls_per_request=4),
        ),
        "database": Part(),
    },
    flags={"bulk": True, "theme": False},
    tables={"stock": ["sku", "units", "notes"]},
    providers=["fallback", "primary"],
    databases=["postgres"],
    routes=["/login", "/search"],
    nodes={"n1": False, "n2": True},
    limits={"/search": 5.0},
    procedures={
        kind.replace(" ", "-"): Procedure(does=kind, target="catalog", written="0" * 64)
        for kind in PREPARED
    },
)

GOOD: list[tuple[ActionKind, str, dict[str, Any]]] = [
    (Restart.kind, "catalog", {}),
    (RollBack.kind, "catalog", {"to_version": "v1"}),
    (Scale.kind, "catalog", {"instances": 2}),
    (FlagOff.kind, "bulk", {}),
    (Throttle.kind, "gateway", {"route": "/login", "rate": 2.0}),
    (BlockSource.kind, "gateway", {"sources": ["10.1.2.0/24"], "good_share": 0.0}),
    (BringBack.kind, "gateway", {"route": "/search", "limit": 5.0, "full": 40.0, "stages": [50]}),
    (Reroute.kind, "catalog", {"away_from": ["catalog-1"]}),
    (SwitchProvider.kind, "suggest", {"to": "fallback"}),
    (SwitchModel.kind, "suggest", {"to": "small"}),
    (AnswerWithoutModel.kind, "suggest", {}),
    (CapCalls.kind, "suggest", {"calls": 2}),
    (CapTokens.kind, "suggest", {"tokens": 9000.0}),
    (RepairRows.kind, "stock", {"columns": ["notes"], "max_rows": 20}),
    (RevertConfiguration.kind, "catalog", {"commit": "0123abc"}),
    (EndSession.kind, "postgres", {"session": "71/1700000000.5", "application": "psql"}),
    (
        RestoreDatabase.kind,
        "postgres",
        {"what": "grant", "object": "SELECT on table public.t to web", "now": "", "to": "granted"},
    ),
    (
        RestoreProcess.kind,
        "catalog",
        {"what": "environment", "object": "TIMEOUT", "now": "0.05", "to": "2"},
    ),
    (StepCanary.kind, "catalog", {"version": "v2", "weight": 25, "stages": [50, 100]}),
    (Cordon.kind, "n1", {}),
    (Uncordon.kind, "n2", {}),
    (
        PatchWorkload.kind,
        "catalog",
        {"object": "limits of web", "now": {"memory": "256Mi"}, "to": {"memory": "1Gi"}},
    ),
    *((kind, "catalog", {"procedure": kind.replace(" ", "-")}) for kind in PREPARED),
]

HASHES = {
    Restart.kind: "abd823394d51",
    RollBack.kind: "9515c0696202",
    Scale.kind: "d14564ee5270",
    FlagOff.kind: "71ad28220397",
    Throttle.kind: "e61187f9d77b",
    BlockSource.kind: "0fca28687bf0",
    Reroute.kind: "ed45764b5a15",
    SwitchProvider.kind: "5af4a76ce088",
    RepairRows.kind: "ba5dd65e767e",
}
"""Of GOOD, as they were when the catalogue was one table."""

SECRET = "secret, digest ab12cd34"


def fact(what: str, name: str, now: str = "a", to: str = "b") -> dict[str, Any]:
    """Parameters of an action that puts a fact back."""
    return {"what": what, "object": name, "now": now, "to": to}


def back(route: str = "/search", **other: Any) -> dict[str, Any]:
    """Parameters of an action that brings traffic back."""
    return {"route": route, "limit": 5.0, "full": 40.0, "stages": [10, 50, 100], **other}


BAD: list[tuple[ActionKind, str, dict[str, Any], str]] = [
    (Restart.kind, "catalogue", {}, "known: catalog, database, gateway, suggest"),
    (Restart.kind, "database", {}, "no instance of ours"),
    (Restart.kind, "catalog", {"force": True}, "force"),
    (Restart.kind, "catalog", {"target": "gateway"}, "target is no parameter"),
    (RollBack.kind, "catalog", {}, "to_version"),
    (RollBack.kind, "catalog", {"to_version": "v2"}, "runs v2 already"),
    (RollBack.kind, "catalog", {"to_version": "v9"}, "known: v1, v2"),
    (RollBack.kind, "gateway", {"to_version": "v1"}, "known: none"),
    (Scale.kind, "catalog", {"instances": 0}, "instances: at least 1 is wanted"),
    (Scale.kind, "catalog", {"instances": 3}, "room for 2"),
    (Scale.kind, "catalog", {"instances": 1}, "1 instances already"),
    (FlagOff.kind, "bulky", {}, "known: bulk, theme"),
    (FlagOff.kind, "theme", {}, "off already"),
    (Throttle.kind, "catalog", {"route": "/login", "rate": 1}, "known: gateway"),
    (Throttle.kind, "gateway", {"route": "/cart", "rate": 1}, "known: /login, /search"),
    (Throttle.kind, "gateway", {"route": "/", "rate": 1}, "whole site"),
    (Throttle.kind, "gateway", {"route": "/login", "rate": 0}, "rate: more than 0 is wanted"),
    (Throttle.kind, "gateway", {"route": "/login", "rate": float("inf")}, "at most 1,000,000 is"),
    (Throttle.kind, "gateway", {"route": "/login", "rate": float("nan")}, "rate"),
    (BringBack.kind, "gateway", back("/login"), "limited route '/login'"),
    (BringBack.kind, "gateway", back(limit=9.0), "limited to 5/s by now, not to 9/s"),
    (BringBack.kind, "gateway", back(stages=[50, 10]), "do not rise"),
    (BringBack.kind, "gateway", back(stages=[]), "stages"),
    (BlockSource.kind, "gateway", {"sources": ["10.1.2.3"]}, "good_share"),
    (BlockSource.kind, "gateway", {"sources": [], "good_share": 0}, "sources: it is missing"),
    (
        BlockSource.kind,
        "gateway",
        {"sources": ["10.1.0.0/16"], "good_share": 0},
        "wider than /24",
    ),
    (
        BlockSource.kind,
        "gateway",
        {"sources": ["10.1.2.3"], "good_share": 0.3},
        "at most 0.05 is wanted, not 0.3",
    ),
    (BlockSource.kind, "gateway", {"sources": ["here"], "good_share": 0}, "sources"),
    (Reroute.kind, "catalog", {"away_from": ["catalog-2"]}, "known: catalog-1"),
    (Reroute.kind, "suggest", {"away_from": ["suggest-1"]}, "no other instance"),
    (SwitchProvider.kind, "catalog", {"to": "fallback"}, "known: suggest"),
    (SwitchProvider.kind, "suggest", {"to": "primary"}, "already"),
    (SwitchProvider.kind, "suggest", {"to": "third"}, "known: fallback, primary"),
    (SwitchModel.kind, "catalog", {"to": "small"}, "known: suggest"),
    (SwitchModel.kind, "suggest", {"to": "large"}, "model large already"),
    (SwitchModel.kind, "suggest", {"to": "huge"}, "known: large, small"),
    (AnswerWithoutModel.kind, "gateway", {}, "known: suggest"),
    (CapCalls.kind, "suggest", {"calls": 0}, "calls: at least 1 is wanted"),
    (CapCalls.kind, "suggest", {"calls": 5}, "calls_per_request 4 already"),
    (CapTokens.kind, "suggest", {"tokens": 0}, "tokens: more than 0 is wanted"),
    (RepairRows.kind, "orders", {}, "known: stock"),
    (RepairRows.kind, "stock", {"columns": ["colour"]}, "known: notes, sku, units"),
    (RevertConfiguration.kind, "catalogue", {"commit": "0123abc"}, "known: catalog"),
    (RevertConfiguration.kind, "catalog", {"commit": "--help"}, "commit"),
    (EndSession.kind, "stock", {"session": "71/1.5", "application": ""}, "known: postgres"),
    (EndSession.kind, "postgres", {"session": "71", "application": ""}, "give pid/start"),
    (RestoreDatabase.kind, "stock", fact("index", "i on public.t"), "known: postgres"),
    (RestoreDatabase.kind, "postgres", fact("environment", "X"), "kind of fact"),
    (RestoreDatabase.kind, "postgres", fact("grant", "x", now="a", to="a"), "nothing to put back"),
    (RestoreDatabase.kind, "postgres", fact("grant", "owner of table t"), "by hand"),
    (
        RestoreDatabase.kind,
        "postgres",
        fact("setting", "connection limit of role new") | {"now": "-1", "to": ""},
        "nobody had it before",
    ),
    (RestoreDatabase.kind, "postgres", fact("setting", "x", to=SECRET), "not written down"),
    (Cordon.kind, "n2", {}, "node n2 is cordoned"),
    (Uncordon.kind, "n1", {}, "node n1 is not cordoned"),
    (Cordon.kind, "n3", {}, "known: n1, n2"),
    (RestoreProcess.kind, "catalogue", fact("limit", "open files"), "known: catalog"),
    (RestoreProcess.kind, "catalog", fact("grant", "x"), "known: environment, limit"),
    (RestoreProcess.kind, "catalog", fact("environment", "DSN", now=SECRET), "not written down"),
]


def make(kind: ActionKind, target: str, parameters: dict[str, Any]) -> ActionPlan:
    return plan(kind, target, parameters, "because", inventory=INVENTORY, hypothesis="H1")


def test_every_action_has_an_example() -> None:
    assert set(CATALOGUE) == {kind for kind, _, _ in GOOD}


def test_plans_of_before_keep_their_hash() -> None:
    """Approvals and stored documents name them."""
    made = [make(kind, target, parameters) for kind, target, parameters in GOOD]
    hashes = {plan.kind: plan.model_copy(update={"found": {}}).short_hash for plan in made}
    assert {kind: hashes[kind] for kind in HASHES} == HASHES


@pytest.mark.parametrize(("kind", "target", "parameters"), GOOD)
def test_plan_takes_risk_and_texts_from_the_catalogue(
    kind: ActionKind, target: str, parameters: dict[str, Any]
) -> None:
    made = make(kind, target, parameters)
    action = CATALOGUE[kind]
    level = action.parse(target, parameters).level
    assert (made.risk, made.reversible) == (level, action.reversible())
    assert made.parameters == parameters
    assert target in action.targets(INVENTORY)
    assert "nowhere" not in action.targets(INVENTORY)
    texts = (made.blast_radius, made.expected_effect, made.verification, made.undo)
    assert all(text and "{" not in text for text in texts)


@pytest.mark.parametrize(("kind", "target", "parameters", "correction"), BAD)
def test_what_is_off_comes_back_with_a_correction(
    kind: ActionKind, target: str, parameters: dict[str, Any], correction: str
) -> None:
    with pytest.raises(ToolRetry, match=correction):
        make(kind, target, parameters)


def test_what_ends_something_has_no_undo() -> None:
    assert {kind for kind, action in CATALOGUE.items() if not action.reversible()} == {
        Restart.kind,
        EndSession.kind,
        RenewCertificate.kind,
        ClearCache.kind,
        FreeSpace.kind,
    }


def test_writing_to_data_is_the_highest_risk() -> None:
    assert {kind for kind, action in CATALOGUE.items() if action.profile.risk is Level.high} == {
        RepairRows.kind,
        RestoreDatabase.kind,
    }


@pytest.mark.parametrize(
    ("what", "level"),
    [("grant", Level.low), ("index", Level.medium), ("function", Level.high)],
)
def test_a_fact_that_is_put_back_has_the_risk_of_its_kind(what: str, level: Level) -> None:
    made = make(RestoreDatabase.kind, "postgres", fact(what, "x"))
    assert (made.risk, made.reversible) == (level, True)
    assert made.blast_radius == KINDS[FactKind(what)].notices


def test_what_is_put_back_is_part_of_the_hash_and_long_texts_are_not_of_the_title() -> None:
    one, other = (
        make(RestoreDatabase.kind, "postgres", fact("function", "f()", now=now, to="x" * 500))
        for now in ("a", "b")
    )
    assert one.hash != other.hash
    assert len(one.title) < 300
    assert one.move != make(RestoreDatabase.kind, "postgres", fact("function", "g()")).move


def test_words_of_a_kind_are_accepted() -> None:
    assert find("roll back") is RollBack
    with pytest.raises(ToolRetry, match="roll back"):
        find("explode")


def test_any_edit_is_another_plan() -> None:
    hashes = {
        make(Throttle.kind, "gateway", {"route": "/login", "rate": rate}).hash
        for rate in (1.0, 2.0, 3.0)
    }
    assert len(hashes) == 3


def test_sources_are_written_in_canonical_form() -> None:
    parameters = {"sources": ["10.1.2.3/32", "10.1.2.77/24"], "good_share": 0}
    action = checked(BlockSource.kind, "gateway", parameters, INVENTORY)
    assert action.parameters["sources"] == ["10.1.2.3", "10.1.2.0/24"]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
NAMES = st.sampled_from(
    ["to_version", "instances", "route", "rate", "sources", "good_share", "away_from", "to"]
)


@given(
    st.sampled_from(list(CATALOGUE)),
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
        again = checked(kind, target, made.parameters, INVENTORY)
        assert again.parameters == made.parameters
        assert len(made.hash) == 64


def test_what_is_not_offered_is_not_planned() -> None:
    restarts = INVENTORY.model_copy(update={"offered": [Restart.kind]})
    assert plan(Restart.kind, "catalog", {}, "because", inventory=restarts)
    with pytest.raises(ToolRetry, match="not offered here, only: restart"):
        plan(FlagOff.kind, "bulk", {}, "because", inventory=restarts)


@pytest.mark.parametrize("action", CATALOGUE.values())
def test_an_action_says_everything_that_a_decision_needs(action: type[Action]) -> None:
    words = {name: f"<{name}>" for name in action.model_fields}
    words["notices"] = "<who notices, by the kind of fact>"
    told = action.profile
    for text in (told.blast_radius, told.expected_effect, told.verification):
        assert len(text.format(**words)) > 20
    assert told.undone_by.startswith("None:") is not action.reversible()
    assert told.runbook in {book.id for book in faults().values()}
    assert all(field.description for field in action.model_fields.values())


@pytest.mark.parametrize(("kind", "target", "parameters"), GOOD)
def test_both_renderings_show_risk_and_undo(
    kind: ActionKind, target: str, parameters: dict[str, Any]
) -> None:
    document = full()
    made = make(kind, target, parameters)
    document.proposals.append(made)
    console = Console(record=True, width=400, file=StringIO(), theme=THEME)
    console.print(in_full(made, document, None, document.opened_at))
    for rendered in (console.export_text(), incident_markdown(document)):
        for text in (made.risk.value, made.blast_radius, made.undo):
            assert text in rendered


def test_in_passing_a_plan_is_named_in_few_words_and_without_figures_of_ours() -> None:
    sources = [f"203.0.113.{n}" for n in range(9)]
    given = {"kind": ActionKind("block source"), "target": "gateway"}
    block = (
        full()
        .proposals[0]
        .model_copy(update={**given, "parameters": {"sources": sources, "good_share": 0.0}})
    )
    first = "203.0.113.0, 203.0.113.1, 203.0.113.2"
    assert in_passing(block) == f"refuse requests from {first} and 6 more at gateway"
    assert all(source in sentence_of(block) for source in sources)  # what is approved is said whole
    older = block.model_copy(update={"parameters": {}})
    assert in_passing(older) == "block source gateway"
