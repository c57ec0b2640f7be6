"""What a careful reader says of recorded tables holds; what the tables do not say does not."""

import pytest

from warroom.agents.reasoning.citations import time_shown
from warroom.agents.reasoning.proof import complaints
from warroom.agents.reasoning.replies import Cited, Claim, SkepticReply
from warroom.incident.evidence import Evidence, Quote, check_quotes
from warroom.tests.support.grounding import proof_of, stated

WEAK = (
    "15% of the rows of stock",  # true: the table does not say whose it is
    "ai-primary succeeded and was never",  # false: a healthy 0% stands in that row too
)
"""Judged wrongly so far, and why."""
ONSET = 1_795_259_172.358
"""11:06:12.358 UTC."""


@pytest.mark.parametrize("table", ["claims.yaml", "claims-later.yaml"])
def test_claims_about_recorded_tables_are_judged_as_people_judge_them(table: str) -> None:
    known = {name: proof_of(name) for name in {case.recording for case in stated(table)}}
    judged = [(case, known[case.recording].judge(case.claim)) for case in stated(table)]
    wrong = [(case, found.reasons) for case, found in judged if bool(found.reasons) is case.holds]
    assert [case for case, _ in wrong if not case.claim.statement.startswith(WEAK)] == []
    assert len(wrong) < 3


def test_what_holds_resolves_when_it_is_filed() -> None:
    for case in stated("claims.yaml"):
        proof = proof_of(case.recording)
        finding = proof.finding(case.claim)
        if finding:
            check_quotes(finding.quotes, proof.evidence, proof.payload)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("11:06:12", True),
        ("11:06", True),
        ("2026-11-21T11:06:12Z", True),
        ("2026-11-20T11:06:12Z", False),
        ("+0.0s", True),
        ("1795259172", True),
        ("11:06:14", False),
        ("+1.0s", False),
        ("1795259190", False),
        ("soon", False),
    ],
)
def test_a_time_is_cited_as_it_is_shown(text: str, shown: bool) -> None:
    assert time_shown(ONSET, text, ONSET) is shown


def claim(text: str, *cites: tuple[str, str], service: str = "checkout") -> Claim:
    cited = [Cited(evidence=evidence, value=value) for evidence, value in cites]
    return Claim(statement=text, service=service, cites=cited)


def reply(said: Claim) -> SkepticReply:
    return SkepticReply(refuted=False, why="", against=[said], causes=[])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            claim("it fails", ("E7", "0.175")),
            "0.175 in row 2 about recommendations, not checkout",
        ),
        (claim("it fails", ("E7", "0.42")), "near: "),
        (claim("it fails", ("E10", "count")), "it is a column: cite count=value"),
        (claim("27 fail", ("E1", "27"), service="inventory"), "leave `service` empty"),
        (claim("it fails 40%", ("E7", "0.333")), "no cited row holds 40%"),
        (claim("it fell", ("E7", "0.333")), "“fell”, and the cited row went up"),
        (claim("it fails", ("E7", "checkout")), "a name alone proves nothing"),
        (claim("it fails", ("E99", "1")), "there is no evidence 'E99'"),
    ],
)
def test_a_complaint_says_what_is_wrong_and_what_would_be_right(said: Claim, why: str) -> None:
    proof = proof_of("bad-deploy")
    told = complaints(reply(said), proof)
    assert told.startswith(f"- “{said.statement}”: ")
    assert why in told
    assert proof.unproven == []  # it may yet be mended


def test_a_reply_that_holds_is_not_complained_about() -> None:
    true = claim("checkout fails 33% of requests", ("E7", "0.333"))
    assert complaints(reply(true), proof_of("bad-deploy")) == ""


@pytest.mark.parametrize(
    ("pointer", "far"),
    [
        ("/rows/0/current", 1.0),  # error rate 0 -> 0.333, worse
        ("/rows/7/current", 0.0),  # latency that fell
        ("/summary", 1.0),
    ],
)
def test_a_row_counts_as_far_as_it_is_from_usual(pointer: str, far: float) -> None:
    quote = Quote(evidence="E7", pointer=pointer, value=0.333)
    assert proof_of("bad-deploy").deviation(quote) == far


def asked(onset: float | None) -> tuple[dict[str, Evidence], dict[str, object]]:
    """One table of changes, asked for from an onset of the caller's."""
    proof = proof_of("bad-deploy")
    record = proof.evidence["E18"].model_copy(update={"query": {"onset": onset}})
    return {"E18": record}, {"E18": proof.payload("E18")}


@pytest.mark.parametrize(("onset", "holds"), [(None, True), (ONSET, True), (ONSET + 60, False)])
def test_what_follows_from_the_callers_own_question_proves_nothing(
    onset: float | None, holds: bool
) -> None:
    proof = proof_of("bad-deploy")
    proof.evidence, payloads = asked(onset)
    proof.payload = payloads.__getitem__
    judged = proof.judge(claim("deployed 1.4 s before", ("E18", "1.4"), ("E18", "v1.4.2")))
    assert (judged.reasons == ()) is holds
