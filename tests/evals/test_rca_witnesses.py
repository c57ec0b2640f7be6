"""Playbooks, model and what follows from both, side by side on root-cause cases."""

import pytest

from warroom.agents.reasoning.layer import model_layer_of
from warroom.errors import InputError, ModelUnavailable
from warroom.evals.framework.runs import Method
from warroom.evals.rca.answers import ModelWord, RcaAnswer
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import model_of
from warroom.evals.rca.methods import rca_methods
from warroom.evals.rca.results import RcaEvaluation, answered
from warroom.evals.rca.tables import rca_grids
from warroom.evals.servers.scripted import ScriptedModel
from warroom.settings import Settings
from warroom.tests.support.rca_folder import CULPRIT, DECOY, write_folder
from warroom.tests.support.thinkers import evidence_of, filled

pytestmark = pytest.mark.thorough


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


def method(name, answer):
    return Method(name, lambda _case: [answer], "for a test")


def grids(root, *methods):
    found = RcaEvaluation(runs=list(answered(rca_cases(root, ["shop"]), list(methods), root)))
    return {grid.title: grid for grid in rca_grids(found)}


def test_who_was_right_stands_side_by_side_with_what_it_took(root):
    word = ModelWord(
        model="m1", basis="requests", service="cart", commit=CULPRIT, tokens=41_000, calls=12
    )
    tables = grids(
        root,
        method("floor", RcaAnswer(scores={"cart": 1}, commit=DECOY)),
        method("model", RcaAnswer(scores={"cart": 1}, commit=DECOY, heard=word)),
    )
    rows = tables["Two witnesses"].rows
    assert rows[0] == ["shop/a1", "✖", "✓", "✖", "41,000", "·", "12"]
    assert rows[1][:4] == ["all", "0 of 1", "1 of 1", "0 of 1"]
    assert tables["Reliability of each witness"].rows == [
        ["m1", "requests", "[1, 1]", "[0, 1]", "[0, 0]"]
    ]


def test_without_a_model_there_is_no_such_table(root):
    assert "Two witnesses" not in grids(root, method("floor", RcaAnswer()))


def test_the_playbooks_answer_beside_a_model_that_is_asked_for():
    configured = Settings(model="m1")
    assert [one.name for one in rca_methods(configured, ["model"])] == ["floor", "model"]
    with pytest.raises(InputError, match="no model is configured"):
        rca_methods(Settings(), ["model"])


def test_what_the_model_said_is_kept_apart_from_what_follows(root):
    cause = {
        **{"service": "cart", "kind": "bad deploy", "change": CULPRIT[:9], "explains": []},
        **{"statement": "it is the price", "against": [], "ruled_out": ""},
        "support": [{"statement": "it fails", "service": "cart", "cites": []}],
    }

    def says(ask):
        room = ask.schema.model_fields
        return filled(ask, **({"causes": [cause]} if "contributing" in room else {}))

    layer = lambda settings, store: model_layer_of(settings, store, ScriptedModel(says))  # noqa: E731
    (case,) = rca_cases(root, ["shop"])
    (answer,) = model_of(Settings(context_tokens=128_000), layer).answer(case)
    word = answer.heard
    assert word and (word.service, word.commit) == ("cart", CULPRIT)
    assert word.calls > 5


def answer_of(root, says):
    """The answer that follows from the playbooks, which lean to the decoy, and this script."""
    layer = lambda settings, store: model_layer_of(settings, store, ScriptedModel(says))  # noqa: E731
    (case,) = rca_cases(root, ["shop"])
    return model_of(Settings(context_tokens=128_000), layer).answer(case)[0]


def blaming(change, *cites, ruled_out=""):
    """A cause of cart's as a careful reader would hand it in."""
    reasons = [
        {"statement": words, "service": "cart", "cites": [{"evidence": id, "value": value}]}
        for words, id, value in cites
    ]
    return {
        **{"service": "cart", "kind": "bad deploy", "change": change, "explains": []},
        **{"statement": "it asks for the price in another way", "ruled_out": ruled_out},
        "support": [] if ruled_out else reasons,
        "against": reasons if ruled_out else [],
    }


def investigating(*causes_of):
    """A script that says this in step 4, with the evidence that it is shown there."""

    def says(ask):
        if "contributing" not in ask.schema.model_fields:
            return filled(ask)
        found = {tool: evidence_of(ask, tool) for tool in ("failure_origins", "change_history")}
        return filled(ask, causes=[made(found) for made in causes_of])

    return says


def right(found):
    origin = ("cart fails with no price", found["failure_origins"], "no price")
    release = ("v2 asks for the price in one query", found["change_history"], "price in one query")
    return blaming(CULPRIT[:9], origin, release)


def other_release(found):
    before = ("v1 came out 640 s before it", found["change_history"], "640")
    return blaming(DECOY[:9], before, ruled_out="it was long in use when it began")


def test_a_right_answer_with_values_that_resolve_leads(root):
    assert answer_of(root, filled).commit == DECOY
    answer = answer_of(root, investigating(right, other_release))
    assert answer.commit == CULPRIT
    assert answer.blamed[0].confidence > 0.5


def test_the_same_answer_that_cites_nothing_does_not(root):
    bare = [lambda found: blaming(CULPRIT[:9], ("v2 did it", "E999", "price in one query"))]
    answer = answer_of(root, investigating(*bare))
    assert answer.commit == DECOY
    assert answer.heard and answer.heard.commit == CULPRIT


def test_a_model_that_never_answered_is_not_scored(root):
    down = ModelUnavailable("no answer")
    layer = lambda settings, store: model_layer_of(settings, store, ScriptedModel(lambda _: down))  # noqa: E731
    (case,) = rca_cases(root, ["shop"])
    with pytest.raises(ModelUnavailable, match="none of"):
        model_of(Settings(context_tokens=128_000), layer).answer(case)


def test_one_case_may_be_picked(root):
    assert [case.id for case in rca_cases(root, None, ["b"])] == ["b1"]
