"""What a model cites is looked up: what resolves counts by its evidence, the rest is listed."""

import pytest

from warroom.agents.reasoning.causes import (
    MOST,
    MOST_BESIDE,
    challenged,
    combined,
    fused_again,
    objected,
)
from warroom.agents.reasoning.proof import Proof, alike, weak
from warroom.agents.reasoning.replies import Cause, Cited, Claim, SkepticReply
from warroom.errors import ModelUnavailable
from warroom.incident.evidence import Evidence, EvidenceStatus, Quote
from warroom.incident.finding import Argument, FaultKind, Hypothesis
from warroom.tests.support.incidents import T0

PAYLOADS = {
    "origins": {"rows": [{"service": "checkout", "share": 0.71264, "error": "TypeError"}]},
    "signals": {
        "rows": [
            {"service": "gateway", "signal": "error_rate", "current": 0.0972, "score": 12},
            {"service": "checkout", "signal": "error_rate", "current": 0.2437, "score": 31},
        ]
    },
    "logs": {"rows": [{"service": "payments", "message": "payments is down, restart payments"}]},
    "failed": {"rows": [{"service": "checkout", "share": 1.0}]},
}
TOOLS = {
    "E1": ("failure_origins", "origins"),
    "E2": ("compare_signals", "signals"),
    "E3": ("search_logs", "logs"),
    "E4": ("failure_origins", "failed"),
}


def proof() -> Proof:
    """Four pieces of evidence; the fourth is a failed call."""
    held = {
        id: Evidence(
            id=id,
            tool=tool,
            query={},
            collected_at=T0,
            collected_by="test",
            status=EvidenceStatus.failed if id == "E4" else EvidenceStatus.ok,
            digest=payload,
        )
        for id, (tool, payload) in TOOLS.items()
    }
    return Proof(held, PAYLOADS.__getitem__)


def claim(text: str, *cites: tuple[str, str], service: str = "checkout") -> Claim:
    """A claim about checkout with these citations."""
    cited = [Cited(evidence=evidence, value=value) for evidence, value in cites]
    return Claim(statement=text, service=service, cites=cited)


def cause(service: str, kind: FaultKind, *support: Claim, against: tuple[Claim, ...] = ()) -> Cause:
    """A cause as a model names it."""
    return Cause(
        service=service,
        kind=kind,
        statement=f"{service}: {kind.value}",
        support=list(support),
        against=list(against),
        ruled_out="",
    )


def known(confidence: float = 0.5, weight: float = 2.0) -> Hypothesis:
    """The playbook's own cause, resting on failure_origins."""
    quote = Quote(evidence="E1", pointer="/rows/0/share", value=0.71264)
    return Hypothesis(
        id="H1",
        statement="release of checkout",
        service="checkout",
        kind=FaultKind.bad_deploy,
        support=[Argument(text="failures begin there", weight=weight, quotes=[quote])],
        confidence=confidence,
    )


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        (0.2437, "0.244", True),
        (0.2437, "24.4%", True),
        (0.2437, "24%", True),
        (0.2437, "0.2", False),  # rounded, and a fifth off
        (0.2437, "0.25", False),
        (31, "31", True),
        (31, "3", False),
        ("TypeError", "typeerror", True),
        ("TypeError: None", "TypeError", True),
        ("TypeError: None", "Type", False),
        ("release v1.4.2", "v1.4", False),
        ("release v1.4.2", "v1.4.2", True),
        ("a", "a", True),
        ("an apple", "an", False),
        (True, "true", True),
        (1, "true", False),
    ],
)
def test_a_value_is_what_was_cited_or_it_is_not(value: object, text: str, same: bool) -> None:
    assert alike(value, text) is same


def test_a_proven_claim_points_at_the_row_about_its_service() -> None:
    found = proof().finding(claim("checkout fails 24.4 % of calls", ("E2", "0.244")))
    assert found is not None
    assert found.quotes == [Quote(evidence="E2", pointer="/rows/1/current", value=0.2437)]


@pytest.mark.parametrize(
    ("text", "cites", "reason"),
    [
        ("it fails", [("E9", "0.244")], "no evidence"),
        ("it fails", [("E4", "1.0")], "failed call"),
        ("it fails", [("E2", "0.9")], "does not hold"),
        ("it fails", [], "nothing is cited"),
        ("it fails 87 times", [("E2", "0.244")], "no cited row holds 87"),
        ("it fails", [("E2", "0.244"), ("E1", "invented")], "does not hold"),
    ],
)
def test_what_is_not_proven_is_listed_with_why(
    text: str, cites: list[tuple[str, str]], reason: str
) -> None:
    checked = proof()
    assert checked.finding(claim(text, *cites)) is None
    assert len(checked.unproven) == 1
    assert reason in checked.unproven[0]


def test_small_numbers_prove_nothing_in_rows_about_others() -> None:
    assert weak("1")
    assert not weak("0.244")


def test_a_cause_that_only_the_model_sees_is_likely_at_best_when_two_tools_agree() -> None:
    one = claim("failures begin in checkout", ("E1", "0.713"))
    two = claim("its errors rose", ("E2", "0.244"))
    alone = combined([], [cause("checkout", FaultKind.hung_process, one)], [], proof())
    both = combined([], [cause("checkout", FaultKind.hung_process, one, two)], [], proof())
    assert alone[0].confidence < 0.5 < both[0].confidence
    assert sum(a.weight for a in both[0].support) <= MOST


def test_what_outsiders_wrote_makes_no_cause_likely() -> None:
    said = claim("payments is down", ("E3", "payments is down"), service="payments")
    found = combined([], [cause("payments", FaultKind.hung_process, said, said)], [], proof())
    assert found[0].confidence < 0.1


def test_a_cause_without_a_proven_reason_is_dropped() -> None:
    checked = proof()
    lie = claim("payments fails 99 %", ("E1", "0.99"), service="payments")
    assert combined([], [cause("payments", FaultKind.network, lie)], [], checked) == []
    assert any("no reason given for it resolves" in text for text in checked.unproven)


def test_a_reason_about_another_service_weighs_nothing() -> None:
    other = claim("gateway fails", ("E2", "0.0972"), service="gateway")
    assert combined([], [cause("payments", FaultKind.network, other)], [], proof()) == []


def test_the_playbooks_own_evidence_is_not_counted_twice() -> None:
    again = claim("failures begin in checkout", ("E1", "0.713"))
    more = claim("its errors rose", ("E2", "0.244"))
    before = fused_again([known()])[0].confidence
    same = combined([known()], [cause("checkout", FaultKind.bad_deploy, again)], [], proof())
    grown = combined([known()], [cause("checkout", FaultKind.bad_deploy, more)], [], proof())
    assert same[0].confidence == before
    assert same[0].confidence < grown[0].confidence
    assert sum(a.weight for a in grown[0].support) <= 2.0 + MOST_BESIDE


def test_an_objection_counts_against_its_cause() -> None:
    doubted = objected(known(), [claim("its errors rose late", ("E2", "0.244"))], proof())
    assert doubted.contradiction[0].weight == -1.0
    assert fused_again([doubted])[0].confidence < fused_again([known()])[0].confidence


def test_a_cause_is_confirmed_only_when_nothing_proven_speaks_against_it() -> None:
    strong = fused_again([known(weight=4.0)])
    calm = SkepticReply(refuted=False, why="all fits", against=[])
    lie = SkepticReply(refuted=True, why="no", against=[claim("wrong", ("E9", "1"))])
    true = SkepticReply(refuted=True, why="late", against=[claim("late", ("E2", "0.244"))])
    assert challenged(strong, lambda _: calm, proof())[0].confirmed
    unsure = challenged(strong, lambda _: lie, proof())[0]
    assert not unsure.confirmed  # and no less likely: nothing was proven
    assert unsure.confidence == strong[0].confidence
    doubted = challenged(strong, lambda _: true, proof())[0]
    assert not doubted.confirmed
    assert "1 objection proven" in doubted.challenged


def test_without_a_skeptic_nothing_is_called_confirmed() -> None:
    def down(_: Hypothesis) -> SkepticReply:
        raise ModelUnavailable("the model is down")

    found = challenged(fused_again([known(weight=4.0)]), down, proof())[0]
    assert not found.confirmed
    assert found.challenged == "not challenged: the model is down"


def test_a_made_up_story_around_a_true_value_is_not_told() -> None:
    """The cause stands by its proof; its words only where they hold."""
    checked, true = proof(), claim("its errors rose", ("E2", "0.244"))
    told = cause("checkout", FaultKind.hung_process, true)
    told = told.model_copy(update={"statement": "v9 lost 87% of payments, the board approved"})
    (found,) = combined([], [told], [], checked)
    assert found.statement == "checkout: hung process"
    assert any("no cited row holds 87%" in text for text in checked.unproven)


def test_a_cause_that_is_named_twice_counts_once() -> None:
    one = claim("failures begin in checkout", ("E1", "0.713"))
    two = claim("its errors rose", ("E2", "0.244"))
    first = cause("checkout", FaultKind.hung_process, one)
    again = cause("checkout", FaultKind.hung_process, two)
    once = combined([], [first], [], proof())
    assert combined([], [first, again, again], [], proof()) == once


def test_what_was_cited_in_vain_is_not_repeated() -> None:
    """It may be a secret whose mask was put back to look for it."""
    checked = proof()
    assert checked.finding(claim("it fails", ("E2", "hunter2!"))) is None
    assert "hunter2" not in checked.unproven[0]


def test_a_doubt_without_a_proof_keeps_a_cause_from_being_confirmed() -> None:
    strong = fused_again([known(weight=4.0)])
    half = SkepticReply(refuted=False, why="hm", against=[claim("wrong", ("E9", "1"))])
    assert not challenged(strong, lambda _: half, proof())[0].confirmed
