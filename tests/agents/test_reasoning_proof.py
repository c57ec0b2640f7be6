"""What a model cites is looked up: what resolves counts by its evidence, the rest is listed."""

import pytest

from warroom.agents.causes.calibration import Basis
from warroom.agents.reasoning.causes import Hearing, combined
from warroom.agents.reasoning.cells import alike
from warroom.agents.reasoning.proof import Proof
from warroom.agents.reasoning.reliability import Reliability
from warroom.agents.reasoning.replies import Cause, Cited, Claim, SkepticReply
from warroom.agents.reasoning.skeptic import challenged, leader
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
    "spans": {
        "rows": [
            {"service": "gateway", "status": "error", "attributes": "url.path=/payments is down"}
        ]
    },
    "routes": {
        "rows": [
            {"service": "checkout", "operation": "GET /buy"},
            {"service": "payments", "operation": "GET /pay"},
        ]
    },
    "changes": {
        "rows": [
            {
                **{"id": "cafe123cafe", "service": "checkout", "kind": "deploy"},
                **{"version": "v8", "summary": "tidy"},
            },
            {"id": "state-1", "service": "checkout", "kind": "process", "summary": "stopped"},
            {
                "id": "beef123beef",
                "kind": "deploy",
                "service": "checkout",
                "version": "v7",
                "summary": "drop the nil check",
            },
        ]
    },
}
TOOLS = {
    "E1": ("failure_origins", "origins"),
    "E2": ("compare_signals", "signals"),
    "E3": ("search_logs", "logs"),
    "E4": ("failure_origins", "failed"),
    "E5": ("change_history", "changes"),
    "E6": ("new_failures", "routes"),
    "E7": ("trace", "spans"),
}


def proof() -> Proof:
    """Seven pieces of evidence; the fourth is a failed call."""
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


def cause(
    service: str,
    kind: FaultKind,
    *support: Claim,
    against: tuple[Claim, ...] = (),
    change: str = "",
    ruled_out: str = "",
    explains: tuple[str, ...] = (),
) -> Cause:
    """A cause as a model names it."""
    return Cause(
        service=service,
        kind=kind,
        change=change,
        explains=list(explains),
        statement=f"{service}: {kind.value}",
        support=list(support),
        against=list(against),
        ruled_out=ruled_out,
    )


def known(confidence: float = 0.5, change: str = "") -> Hypothesis:
    """The playbook's own cause, resting on failure_origins."""
    quote = Quote(evidence="E1", pointer="/rows/0/share", value=0.71264)
    return Hypothesis(
        id="H1",
        statement="release of checkout",
        service="checkout",
        kind=FaultKind.bad_deploy,
        change=change,
        support=[Argument(text="failures begin there", weight=2.0, quotes=[quote])],
        confidence=confidence,
    )


def hearing(basis: Basis = Basis.requests, model: str = "nobody measured it") -> Hearing:
    """What causes are weighed with."""
    return Hearing(proof(), Reliability(basis, model))


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


ORIGIN = claim("failures begin in checkout", ("E1", "0.713"))
ERRORS = claim("its errors rose", ("E2", "0.244"))
DIFF = claim("it removes the check", ("E5", "drop the nil check"))
HUNG = FaultKind.hung_process


def test_a_cause_that_only_the_model_sees_leads_when_two_kinds_of_evidence_prove_it() -> None:
    alone = combined([], [cause("checkout", HUNG, ORIGIN)], hearing())
    both = combined([], [cause("checkout", HUNG, ORIGIN, ERRORS)], hearing())
    assert alone[0].confidence < 0.5 < both[0].confidence


def test_what_outsiders_wrote_makes_no_cause_likely() -> None:
    said = claim("payments is down", ("E3", "payments is down"), service="payments")
    found = combined([], [cause("payments", HUNG, said, said)], hearing())
    assert found[0].confidence < 0.4
    assert leader(found) is None


def test_what_a_sender_wrote_into_a_path_makes_no_cause_likely() -> None:
    """A span of the gateway whose path names payments is no row about payments."""
    said = claim("payments is down", ("E7", "payments is down"), service="")
    found = combined([], [cause("payments", HUNG, said)], hearing())
    assert found[0].confidence < 0.4


def test_a_cause_without_a_proven_reason_is_dropped() -> None:
    at, lie = hearing(), claim("payments fails 99 %", ("E1", "0.99"), service="payments")
    assert combined([], [cause("payments", FaultKind.network, lie)], at) == []
    assert any("no reason given for it resolves" in text for text in at.proof.unproven)


def test_a_cause_does_not_die_of_one_bad_citation() -> None:
    lie = claim("payments fails 99 %", ("E1", "0.99"))
    found = combined([], [cause("checkout", HUNG, ORIGIN, ERRORS, lie)], hearing())
    assert found == combined([], [cause("checkout", HUNG, ORIGIN, ERRORS)], hearing())


def test_a_reason_about_another_service_proves_nothing() -> None:
    other = claim("gateway fails", ("E2", "0.0972"), service="gateway")
    assert combined([], [cause("payments", FaultKind.network, other)], hearing()) == []


def test_a_right_model_wins_over_a_wrong_commit_of_the_playbook() -> None:
    """The playbook blames one commit at 79%; the model proves the other and rules this one out."""
    late = claim("v7 came first", ("E5", "v7"))
    right = cause("checkout", FaultKind.bad_deploy, DIFF, ORIGIN, ERRORS, change="beef123")
    ruled = cause(
        "checkout",
        FaultKind.bad_deploy,
        against=(late, ORIGIN),
        change="cafe123",
        ruled_out="it came after the first error",
    )
    found = combined([known(0.79, "cafe123cafe")], [right, ruled], hearing())
    assert found[0].change == "beef123beef"
    assert leader(found) is found[0]
    assert not any("check" in a.text for h in found[1:] for a in h.support)


def test_the_same_answer_that_cites_nothing_does_not_win() -> None:
    bare = [claim("it removes the check"), claim("failures begin in checkout")]
    said = cause("checkout", FaultKind.bad_deploy, *bare, change="beef123")
    found = combined([known(0.79, "cafe123cafe")], [said], hearing())
    assert [(h.change, h.confidence) for h in found] == [("cafe123cafe", 0.79)]


def test_a_confident_wrong_answer_does_not_win_over_measured_evidence() -> None:
    """It cites true values of the victim and says that the measured cause is none."""
    victim = claim("gateway fails", ("E2", "0.0972"), service="gateway")
    ruled = cause("checkout", FaultKind.bad_deploy, against=(ORIGIN, ERRORS), ruled_out="no")
    wrong = cause("gateway", HUNG, victim)
    found = combined([known(0.97)], [wrong, ruled], hearing(Basis.moments))
    assert found[0].service == "checkout"
    assert leader(found) is found[0]
    assert not found[0].ruled_out


def test_what_both_say_is_surer_than_what_one_says() -> None:
    (found,) = combined([known(0.6)], [cause("checkout", FaultKind.bad_deploy, ERRORS)], hearing())
    assert found.confidence > 0.6
    assert [a.text for a in found.support] == ["failures begin there", "its errors rose"]


def test_a_fair_word_for_a_cause_that_its_author_rules_out_adds_nothing_to_it() -> None:
    said = cause("checkout", FaultKind.bad_deploy, ORIGIN, against=(ERRORS,), ruled_out="late")
    (found,) = combined([known(0.6)], [said], hearing())
    assert found.confidence < 0.6
    assert len(found.support) == 1


def test_a_change_that_is_not_on_record_is_not_blamed() -> None:
    at = hearing()
    (found,) = combined([], [cause("checkout", HUNG, ORIGIN, ERRORS, change="abcdef9")], at)
    assert found.change == ""
    assert any("no change of that id" in text for text in at.proof.unproven)


def test_a_fault_whose_change_the_playbook_did_not_know_gets_it_from_the_model() -> None:
    leak = known(0.6).model_copy(update={"kind": FaultKind.memory_leak})
    said = cause("checkout", FaultKind.memory_leak, DIFF, change="beef123")
    (found,) = combined([leak], [said], hearing())
    assert found.change == "beef123beef" and found.confidence > 0.6


def test_who_says_that_no_change_is_guilty_does_not_back_the_change_that_is_blamed() -> None:
    blamed = known(0.6, "cafe123cafe")
    said = cause("checkout", FaultKind.bad_deploy, ORIGIN, ERRORS, change="none")
    found = combined([blamed], [said], hearing())
    assert {h.change for h in found} == {"", "cafe123cafe"}
    assert next(h for h in found if h.change).confidence < 0.6


def test_a_state_that_was_seen_is_no_change_of_ours() -> None:
    """The playbook names what it saw; who says that nobody changed anything agrees with it."""
    stopped = known(0.8, "state-1").model_copy(update={"kind": HUNG})
    (found,) = combined([stopped], [cause("checkout", HUNG, ERRORS, change="none")], hearing())
    assert found.confidence > 0.8


def test_to_rule_one_kind_of_fault_out_rules_out_no_other_of_the_same_change() -> None:
    slow = known(0.2, "cafe123cafe").model_copy(update={"id": "H2", "kind": FaultKind.slow_release})
    said = cause(
        "checkout", FaultKind.slow_release, against=(ERRORS,), change="cafe123", ruled_out="no"
    )
    found = combined([known(0.7, "cafe123cafe"), slow], [said], hearing())
    after = {h.kind: h for h in found}
    assert after[FaultKind.bad_deploy].confidence > 0.7
    assert after[FaultKind.slow_release].contradiction


def test_it_marks_no_other_kind_of_that_change_as_ruled_out_however_unlikely() -> None:
    slow = known(0.9, "cafe123cafe").model_copy(update={"id": "H2", "kind": FaultKind.slow_release})
    unlikely = known(0.05, "cafe123cafe")
    said = cause(
        "checkout", FaultKind.slow_release, against=(ERRORS,), change="cafe123", ruled_out="no"
    )
    found = combined([slow, unlikely], [said], hearing())
    assert all(not h.ruled_out for h in found)


def test_a_change_that_is_named_already_is_not_named_twice() -> None:
    """The same fault with the change and without: the word goes to the one with the change."""
    bare, named = known(0.5), known(0.3, "beef123beef").model_copy(update={"id": "H2"})
    said = cause("checkout", FaultKind.bad_deploy, DIFF, ORIGIN, change="beef123")
    found = combined([bare, named], [said], hearing())
    assert [h.change for h in found] == ["beef123beef", ""]


def test_what_only_the_model_named_and_ruled_out_stays_on_record() -> None:
    said = cause("checkout", FaultKind.disk_full, against=(ERRORS,), ruled_out="it has room")
    found = combined([known(0.7)], [said], hearing())
    assert [(h.kind, h.ruled_out) for h in found][1:] == [(FaultKind.disk_full, "it has room")]


def test_a_cause_that_both_name_is_told_in_the_words_of_who_proved_it() -> None:
    said = cause("checkout", FaultKind.bad_deploy, ORIGIN, ERRORS)
    said = said.model_copy(update={"statement": "it asks again and again without a limit"})
    (found,) = combined([known(0.6)], [said], hearing())
    assert found.statement == "it asks again and again without a limit"
    bare = said.model_copy(update={"support": [claim("it asks again")]})
    (kept,) = combined([known(0.6)], [bare], hearing())
    assert kept.statement == known().statement


def test_of_a_change_that_both_blame_the_model_may_know_the_kind_of_fault() -> None:
    blamed = known(0.4, "beef123beef")
    said = cause("checkout", FaultKind.bad_config, DIFF, ORIGIN, change="beef123")
    (found,) = combined([blamed], [said], hearing())
    assert (found.kind, found.change) == (FaultKind.bad_config, "beef123beef")


def test_a_place_that_is_named_without_a_fault_lends_its_weight_to_who_names_the_fault() -> None:
    place = known(0.8).model_copy(update={"kind": FaultKind.unknown})
    found = combined([place], [cause("checkout", HUNG, ORIGIN, ERRORS)], hearing())
    assert found[0].kind is HUNG
    assert leader(found) is found[0]


def test_two_faults_that_explain_different_routes_are_both_true() -> None:
    """One whole would make each as likely as not; each explains what the other cannot."""
    pay = claim("payments is down", ("E6", "GET /pay"), service="payments")
    first = cause("checkout", HUNG, ORIGIN, ERRORS, explains=("GET /buy",))
    second = cause(
        "payments", FaultKind.lock_contention, pay, explains=("get /pay", "GET /made-up")
    )
    rivals = [replace_explains(one, ()) for one in (first, second)]
    known_both = [known(0.45).model_copy(update={"kind": HUNG}), other_place(0.45)]
    alone = combined(known_both, rivals, hearing())
    both = combined(known_both, [first, second], hearing())
    assert min(h.confidence for h in both[:2]) > 0.7
    assert alone[1].confidence < 0.5
    assert both[1].explains in (["GET /buy"], ["GET /pay"])


def replace_explains(one: Cause, routes: tuple[str, ...]) -> Cause:
    """The same cause, of these routes."""
    return one.model_copy(update={"explains": list(routes)})


def other_place(confidence: float) -> Hypothesis:
    """The playbook's second cause."""
    found = known(confidence).model_copy(update={"id": "H2", "service": "payments"})
    return found.model_copy(update={"kind": FaultKind.lock_contention})


def test_an_objection_counts_as_far_as_it_proves() -> None:
    late = claim("its errors rose late", ("E2", "0.244"))
    doubt = SkepticReply(refuted=True, why="late", against=[late], causes=[])
    before = known(0.8)
    after = challenged([before], lambda _: doubt, hearing())[0]
    assert 0.5 < after.confidence < before.confidence
    assert after.contradiction[0].weight < 0


def test_an_objection_to_one_of_two_faults_leaves_the_other_as_it_was() -> None:
    first = known(0.9).model_copy(update={"explains": ["GET /buy"]})
    second = other_place(0.8).model_copy(update={"explains": ["GET /pay"]})
    late = claim("its errors rose late", ("E2", "0.244"))
    doubt = SkepticReply(refuted=True, why="late", against=[late], causes=[])
    after = {h.id: h.confidence for h in challenged([first, second], lambda _: doubt, hearing())}
    assert after["H2"] == 0.8 and after["H1"] < 0.9


def test_where_no_cause_leads_the_skeptic_may_name_one() -> None:
    named = cause("checkout", HUNG, ORIGIN, ERRORS)
    reply = SkepticReply(refuted=False, why="it hangs", against=[], causes=[named])
    found = challenged([], lambda _: reply, hearing())
    assert leader(found) is found[0]
    assert not found[0].confirmed


def test_a_cause_is_confirmed_only_when_nothing_proven_speaks_against_it() -> None:
    strong = [known(0.9)]
    calm = SkepticReply(refuted=False, why="all fits", against=[], causes=[])
    lie = SkepticReply(refuted=True, why="no", against=[claim("wrong", ("E9", "1"))], causes=[])
    true = SkepticReply(
        refuted=True, why="late", against=[claim("late", ("E2", "0.244"))], causes=[]
    )
    assert challenged(strong, lambda _: calm, hearing())[0].confirmed
    unsure = challenged(strong, lambda _: lie, hearing())[0]
    assert not unsure.confirmed  # and no less likely: nothing was proven
    assert unsure.confidence == strong[0].confidence
    doubted = challenged(strong, lambda _: true, hearing())[0]
    assert not doubted.confirmed
    assert "1 objection proven" in doubted.challenged


def test_without_a_skeptic_nothing_is_called_confirmed() -> None:
    def down(_: Hypothesis | None) -> SkepticReply:
        raise ModelUnavailable("the model is down")

    found = challenged([known(0.9)], down, hearing())[0]
    assert not found.confirmed
    assert found.challenged == "not challenged: the model is down"


def test_a_made_up_story_around_a_true_value_is_not_told() -> None:
    """The cause stands by its proof; its words only where they hold."""
    at = hearing()
    told = cause("checkout", HUNG, ERRORS)
    told = told.model_copy(update={"statement": "v9 lost 87% of payments, the board approved"})
    (found,) = combined([], [told], at)
    assert found.statement == "checkout: hung process"
    assert any("no cited row holds 87%" in text for text in at.proof.unproven)


def test_a_cause_that_is_named_twice_counts_once() -> None:
    first = cause("checkout", HUNG, ORIGIN)
    again = cause("checkout", HUNG, ERRORS)
    once = combined([], [first], hearing())
    assert combined([], [first, again, again], hearing()) == once


def test_what_was_cited_in_vain_is_not_repeated() -> None:
    """It may be a secret whose mask was put back to look for it."""
    checked = proof()
    assert checked.finding(claim("it fails", ("E2", "hunter2!"))) is None
    assert "hunter2" not in checked.unproven[0]


def test_a_doubt_without_a_proof_keeps_a_cause_from_being_confirmed() -> None:
    half = SkepticReply(refuted=False, why="hm", against=[claim("wrong", ("E9", "1"))], causes=[])
    assert not challenged([known(0.9)], lambda _: half, hearing())[0].confirmed
