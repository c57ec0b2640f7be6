"""What a person may do to a drawing of causes, and what stays whatever they do."""

import pytest

from warroom.errors import InputError
from warroom.incident.cause_chart import CauseEdit, CauseNode, Drawing, Stands, edited, placed

NODES = [
    CauseNode(id="N1", drawing=Drawing.tree, text="orders fail", evidence=["E1"]),
    CauseNode(id="N2", drawing=Drawing.tree, parent="N1", text="a release", every=True, share=0.9),
    CauseNode(id="N3", drawing=Drawing.tree, parent="N2", text="v2 went out", evidence=["E2"]),
    CauseNode(id="N4", drawing=Drawing.tree, parent="N2", text="no stage", stands=Stands.assumed),
    CauseNode(id="N5", drawing=Drawing.whys, text="why?", evidence=["E1"]),
]
KNOWN = {"E1", "E2", "E3"}


def after(act: str, node: str, **more) -> list[CauseNode]:
    edit = CauseEdit.model_validate({"base": 0, "act": act, "node": node, **more})
    return edited(NODES, edit, "ann", KNOWN)


def told(nodes: list[CauseNode]) -> dict[str, str]:
    return {each.number: each.node.text for each in placed(nodes, Drawing.tree)}


def test_nodes_are_read_from_the_top_down():
    assert told(NODES) == {
        "1": "orders fail",
        "1.1": "a release",
        "1.1.1": "v2 went out",
        "1.1.2": "no stage",
    }
    gates = [each.gate for each in placed(NODES, Drawing.tree)]
    assert gates == ["any of", "all of", "", ""]
    assert [each.mark for each in placed(NODES, Drawing.tree)] == ["", "90%", "", "assumption"]


def test_a_new_wording_keeps_its_evidence_gate_and_share():
    (node,) = [n for n in after("change", "N2", text="a release of v2") if n.id == "N2"]
    assert (node.text, node.every, node.share, node.by) == ("a release of v2", True, 0.9, "ann")
    (node,) = [n for n in after("change", "N3", text="v2 was released") if n.id == "N3"]
    assert node.evidence == ["E2"] and node.stands is Stands.shown


def test_evidence_makes_of_an_assumption_what_is_shown_and_back():
    (node,) = [n for n in after("change", "N4", evidence=["E3"]) if n.id == "N4"]
    assert (node.text, node.evidence, node.stands) == ("no stage", ["E3"], Stands.shown)
    (node,) = [n for n in after("change", "N3", assumed=True) if n.id == "N3"]
    assert (node.evidence, node.stands) == (["E2"], Stands.assumed)


def test_a_node_is_added_below_and_removed_with_what_stands_below_it():
    added = after("add", "N3", text="nobody looked at the canary")
    assert told(added)["1.1.1.1"] == "nobody looked at the canary"
    assert added[-1].id == "N6" and added[-1].stands is Stands.assumed
    assert told(after("remove", "N2")) == {"1": "orders fail"}
    assert after("remove", "N2")[-1].id == "N5", "other drawings stay"


@pytest.mark.parametrize(
    ("act", "node", "more", "said"),
    [
        ("change", "N9", {"text": "x"}, "there is no N9"),
        ("change", "N3", {"evidence": ["E9"]}, "no evidence E9"),
        ("remove", "N1", {}, "the top stays"),
        ("add", "N3", {}, "say what it is"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(act, node, more, said):
    with pytest.raises(InputError, match=said):
        after(act, node, **more)


def test_a_drawing_does_not_grow_without_bounds():
    nodes, at = list(NODES), "N3"
    with pytest.raises(InputError, match="levels"):
        for _level in range(9):
            edit = CauseEdit(base=0, act="add", node=at, text="because")
            nodes = edited(nodes, edit, "ann", KNOWN)
            at = nodes[-1].id
    assert len(nodes) == 8
