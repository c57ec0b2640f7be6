"""Fault tree, fishbone and five whys of an incident: every end of a branch has proof or says that
it has none; what is enough together is computed; nobody is blamed."""

import re
from html import unescape

import pytest

from warroom.agents.reporting.cause_charts import (
    UNPROVEN,
    as_tables,
    believed,
    cause_charts,
    cut_sets,
)
from warroom.agents.reporting.narrator import Narrator
from warroom.app.charts.cause_drawing import WIDTH, cause_drawings
from warroom.faults import fault_of
from warroom.incident.cause_chart import CauseNode, Drawing, Stands, placed
from warroom.incident.evidence import EvidenceStatus, Quote
from warroom.incident.finding import Argument, FaultKind
from warroom.incident.report import InvestigationReport, Sentence
from warroom.tests.support import incidents
from warroom.tests.support.incident_parts import evidence
from warroom.text_safety.blame_language import blame_marks

BUILDERS = [
    incidents.minimal,
    incidents.declared,
    incidents.running,
    incidents.full,
    incidents.security,
    incidents.inconclusive,
]


def drawn(document) -> list[CauseNode]:
    return cause_charts(Narrator(document))


def texts(nodes, drawing: Drawing) -> dict[str, str]:
    return {each.number: each.node.text for each in placed(nodes, drawing)}


@pytest.mark.parametrize("build", BUILDERS)
def test_every_end_of_a_branch_has_evidence_or_says_that_it_has_none(build):
    document = build()
    known = {e.id for e in document.evidence}
    nodes = drawn(document)
    for drawing in Drawing:
        boxes = placed(nodes, drawing)
        assert boxes
        for box in boxes:
            assert set(box.node.evidence) <= known
            if box.ends and box.node.stands is Stands.shown and drawing is not Drawing.bones:
                assert box.node.evidence, box.node
    assert not [m for n in nodes for m in blame_marks(n.text, Narrator(document).systems)]


def test_noise_has_nothing_to_explain():
    assert drawn(incidents.noise()) == [] and as_tables([], []) == ""


def with_reasons(kind: FaultKind, *tools: str):
    """The full incident, caused by such a fault, with a reason by the evidence of each tool."""
    document = incidents.full(kind)
    cause = document.hypotheses[0]
    cause.support = []
    for number, tool in enumerate(tools, 20):
        document.evidence.append(evidence(number, tool))
        quote = Quote(evidence=f"E{number}", value=1)
        cause.support.append(Argument(text=f"what {tool} shows", weight=1.0, quotes=[quote]))
    return document


def test_a_flag_hurts_together_with_the_code_behind_it_and_requests():
    nodes = drawn(with_reasons(FaultKind.bad_flag, "measure", "error_groups", "recent_changes"))
    found = texts(nodes, Drawing.tree)
    assert found["1.1.1"] == "What recent_changes shows"
    assert found["1.1.2"] == "What error_groups shows"
    assert found["1.1.3"] == "Requests meet it: 2,000 at the edge"
    assert found["1.1.4"].startswith("The flag reached every request at once")
    assert not [text for text in found.values() if "measure" in text], "a cure is no cause"
    sets, whole = cut_sets(nodes)
    assert whole and [[box.number for box in each] for each in sets] == [
        ["1.1.1", "1.1.2", "1.1.3", "1.1.4"],
        ["1.1.3", "1.2.2"],  # a surge meets the same requests
        ["1.3"],
    ]


def test_a_lock_hurts_together_with_those_that_wait_for_it():
    nodes = drawn(with_reasons(FaultKind.lock_contention, "added_waits", "database_sessions"))
    found = texts(nodes, Drawing.tree)
    assert (found["1.1.1"], found["1.1.2"]) == (
        "What database_sessions shows",
        "What added_waits shows",
    )


def test_competing_causes_are_branches_with_their_probability_and_a_rest():
    tree = [each.node for each in placed(drawn(incidents.full()), Drawing.tree)]
    shares = {node.text: node.share for node in tree if node.share is not None}
    assert shares["A cause that nobody named"] == pytest.approx(0.04)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_bone_without_anything_says_what_was_looked_for():
    nodes = drawn(incidents.declared())
    bones = [each for each in placed(nodes, Drawing.bones) if each.number.count(".") == 1]
    assert len(bones) == 6
    for each in placed(nodes, Drawing.bones):
        if each.node.stands is Stands.open and each.ends:
            assert "looked for" in each.node.text or "gap" in each.node.text.lower()


def test_a_safeguard_that_no_record_shows_is_an_assumption_among_the_whys_too():
    document = incidents.full()
    report = document.report(InvestigationReport)
    assert report
    guess = f"Why could it reach users? {fault_of(FaultKind.bad_deploy).systemic}"
    report.five_whys[1] = Sentence(text=guess, evidence=["E1"])
    _first, box, _end = placed(drawn(document), Drawing.whys)
    assert (box.node.evidence, box.mark) == ([], "assumption") and not box.ends
    report.five_whys[0].evidence = []
    first = placed(drawn(document), Drawing.whys)[0]
    assert first.mark == "", "that it fired is what the alert says"


def test_the_whys_end_where_the_record_ends_and_say_so():
    chain = placed(drawn(incidents.full()), Drawing.whys)
    assert [each.number for each in chain] == ["1", "1.1", "1.1.1"]
    assert chain[-1].node.text.startswith("The record ends here. To ask: ")
    assert chain[-1].node.stands is Stands.open
    asked, end = placed(drawn(incidents.minimal()), Drawing.whys)
    assert asked.node.text == "Why did CheckoutErrors fire?" and end.node.stands is Stands.open


def test_each_why_says_why_it_is_believed_from_its_evidence_alone():
    document = incidents.full()
    report = document.report(InvestigationReport)
    assert report
    document.evidence[0].summary = "12% of requests fail"
    nothing = {"status": EvidenceStatus.empty, "summary": "nothing changed in the 3600 s before"}
    document.evidence[4] = document.evidence[4].model_copy(update=nothing)
    report.five_whys.append(Sentence(text="Why now? no change is known", evidence=["E5"]))
    report.five_whys[1].evidence = ["E77"]  # which is not on record
    nodes = drawn(document)
    first, second, third, end = [each.node for each in placed(nodes, Drawing.whys)]
    because = believed(nodes, document.evidence)
    assert because[first.id] == "12% of requests fail"
    assert because[second.id] == UNPROVEN and second.stands is Stands.assumed
    assert because[third.id] == f"looked, found nothing: {nothing['summary']}"
    assert end.id not in because
    told = as_tables(nodes, document.evidence)
    assert "believed because of: 12% of requests fail" in told
    assert told.count("believed because of") == len(because) == 3


@pytest.mark.parametrize("build", BUILDERS)
def test_pictures_are_told_to_who_does_not_see_them_and_fit_a_phone(build):
    document = build()
    document.alert.summary = "<script>alert(1)</script> & " + "x" * 200
    for name, svg in cause_drawings(drawn(document)).items():
        assert re.match(r"<svg [^>]*width='360'", svg) and "<script" not in svg, name
        assert svg.count("<title>") == svg.count("<desc>") == 1
        for x, line in re.findall(r"<text x='([\d.]+)'[^>]*>([^<]*)<", svg):
            assert float(x) + 6.1 * len(unescape(line)) < WIDTH + 40, line


def test_tables_name_every_node_its_evidence_and_the_cut_sets():
    nodes = drawn(incidents.full())
    text = as_tables(nodes, incidents.full().evidence)
    assert "![Fault tree, as the table below](charts/fault-tree.svg)" in text
    assert "to hurt users (minimal cut sets): " in text
    for drawing in Drawing:
        for each in placed(nodes, drawing):
            assert f"| {each.number} " in text
