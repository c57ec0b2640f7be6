"""The scorer of surprises, on incidents whose answer is known: each question met and missed."""

import pytest

from warroom.console.scoreboard import surprises
from warroom.drills.score import DrillObservation, not_run
from warroom.drills.surprise.mechanism import ground
from warroom.drills.surprise.score import (
    ALERTED,
    BETTER,
    CAUSE,
    END,
    HARM,
    KINDS,
    LEVEL,
    NOISE,
    PLACE,
    RESOLVED,
    facts_met,
    score_surprise,
    sums,
    told,
)
from warroom.drills.surprise.truth import Truth
from warroom.drills.symptom import Symptom
from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.incident.finding import FaultKind
from warroom.incident.severity import Severity
from warroom.tests.support.consoles import paper, printed
from warroom.tests.support.incidents import full, inconclusive, noise

SYMPTOM = Symptom(service="gateway", signal="error_rate", level=0.05)
TRUTH = Truth(
    mechanism="one-category",
    group="errors",
    place="checkout",
    cause="The new release of checkout raises an error.",
    accept=("checkout",),
    level=(Severity.P0, Severity.P1),
    facts={"who": r"\bcheckout\b", "change": r"release|deploy|version"},
    cures=("roll back checkout",),
    helps=("restart checkout",),
    symptoms=(SYMPTOM,),
    loud="gateway",
    complaint="that they cannot buy",
)
MECHANISMS = ground().mechanisms
HARMLESS = MECHANISMS["one-restart"].bind("", "all").truth


def test_each_kind_that_a_group_may_be_called_is_one_that_there_is():
    named = {kind for kinds in KINDS.values() for kind in kinds.split(", ")}
    assert {FaultKind(kind).value for kind in named} == named
    drawn = {one.group for world in ("shop", "queue") for one in ground(world).mechanisms.values()}
    assert KINDS.keys() <= drawn


def seen(left: float | None = 0.0, by_hand: bool = False) -> DrillObservation:
    return DrillObservation(detect_s=4.0, by_hand=by_hand, left={str(SYMPTOM): left})


def met(document: Incident, question: str, truth: Truth = TRUTH, left: float | None = 0.0):
    return score_surprise("surprise-001", document, truth, seen(left)).check(question).met


def changed(**fields: object) -> Truth:
    return TRUTH.model_copy(update=fields)


def test_a_response_that_got_everything_right():
    found = score_surprise("surprise-001", full(), TRUTH, seen())
    assert found.passed
    assert found.facts == {"who": True, "change": True}
    assert found.to_json()["truth"]["curable"] is True


def test_a_person_had_to_tell():
    found = score_surprise("surprise-001", full(), TRUTH, seen(by_hand=True))
    assert found.check(ALERTED).met is False
    assert found.seconds["detect"] is None
    nobody = changed(hurt=False)
    assert score_surprise("x", full(), nobody, seen(by_hand=True)).check(ALERTED).met is None


def test_the_level_is_one_that_an_honest_person_gives():
    assert met(full(), LEVEL)  # it was classified P0
    assert not met(full(), LEVEL, changed(level=(Severity.P1, Severity.P2)))


def test_the_place_is_one_where_it_is_found():
    assert met(full(), PLACE, changed(accept=["database", "checkout"]))
    assert not met(full(), PLACE, changed(accept=["payments"]))
    assert met(full(), PLACE, HARMLESS) is None


def test_the_cause_is_told_only_with_every_fact():
    lacking = changed(facts={**TRUTH.facts, "lock": "deadlock"})
    check = score_surprise("x", full(), lacking, seen()).check(CAUSE)
    assert not check.met
    assert check.answer == "2 of 3 facts, lacks lock"
    assert met(full(), CAUSE, HARMLESS) is None


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("a deploy of checkout", True),
        ("no deploy preceded it", False),
        ("there was no recent deploy", False),
        ("no deploy at first; then a release", True),
        ("nothing is known", False),
        ("there was no release left to try", True),
    ],
)
def test_a_fact_that_is_denied_is_not_told(text, there):
    assert facts_met([text], TRUTH.facts)["change"] is there


def test_facts_count_together_and_not_scattered_over_a_draft():
    facts = {"who": "stock", "state": "locked", "holder": "report"}
    assert facts_met(["stock is locked", "by the report"], facts) == dict.fromkeys(facts, True)
    scattered = facts_met(["", "stock is low", "the door is locked", "see the report"], facts)
    assert sum(scattered.values()) == 0
    beside_another_cause = facts_met(["a release is bad", "stock is locked by the report"], facts)
    assert sum(beside_another_cause.values()) == 0


def test_of_two_faults_one_account_told_whole_is_right():
    twice = changed(facts={"lock": "deadlock"}, besides={"who": "checkout"})
    assert met(full(), CAUSE, twice)


@pytest.mark.parametrize(
    ("kind", "service", "right"),
    [
        (FaultKind.data_corruption, "labels", True),
        (FaultKind.database, "database", True),
        (FaultKind.traffic_surge, "labels", False),
        (FaultKind.telemetry_lost, "labels", False),
        (FaultKind.data_corruption, "orders", False),
    ],
)
def test_a_quoted_error_does_not_make_another_fault_the_right_one(kind, service, right):
    truth = ground("queue").mechanisms["damaged-carriers"].bind("labels", "half").truth
    document = full(kind, service)
    document.hypotheses[
        0
    ].statement = (
        "labels holds what it cannot do (“JSONDecodeError: Unterminated string in carriers”)"
    )
    check = score_surprise("x", document, truth, seen()).check(CAUSE)
    assert check.met is right
    assert check.answer.startswith("2 of 2 facts") and ("but" in check.answer) is not right


def test_what_other_causes_would_be_is_not_what_is_told():
    document = full()
    other = document.hypotheses[1]
    document.findings[0].statement = other.statement
    assert other.statement not in " ".join(told(document, document.leading()))
    document.hypotheses = []
    assert told(document, document.leading())


def test_an_action_that_costs_something_and_cures_nothing_is_harm():
    assert met(full(), HARM)  # a restart helps, a roll back cures
    assert not met(full(), HARM, changed(helps=()))
    document = full()
    document.executions[0].outcome = Outcome.failed  # it was never done
    assert met(document, HARM, changed(helps=()))


@pytest.mark.parametrize(("left", "true"), [(0.0, True), (0.2, False), (None, True)])
def test_better_is_true_when_the_symptom_is_gone(left, true):
    assert met(full(), BETTER, left=left) is true
    assert met(full(), RESOLVED, left=left) is true
    assert met(full(), END, left=left) is true


def test_better_does_not_apply_where_nobody_claims_it():
    document = full()
    document.executions[-1].undone = True
    assert met(document, BETTER, left=0.2) is None
    assert met(inconclusive(), RESOLVED, left=0.2) is None


def test_two_faults_have_to_go_both():
    second = Symptom(service="login", signal="error_rate", level=0.1)
    twice = changed(symptoms=[SYMPTOM, second])
    left = DrillObservation(detect_s=1.0, left={str(SYMPTOM): 0.0, str(second): 0.6})
    check = score_surprise("x", full(), twice, left).check(RESOLVED)
    assert (check.met, check.answer) == (False, "login error_rate 0.6")


def test_a_real_fault_closed_as_noise():
    assert not met(noise(), NOISE)
    assert not met(noise(), END)
    assert met(full(), NOISE)


def test_noise_closed_as_noise():
    assert met(noise(), NOISE, HARMLESS) is None
    assert met(noise(), END, HARMLESS)
    assert not met(inconclusive(), END, HARMLESS)
    assert not met(full(), HARM, HARMLESS)


def test_what_may_be_noise_may_also_be_told():
    clock = MECHANISMS["clock-behind"].bind("login", "all").truth
    assert met(noise(), CAUSE, clock) is None
    assert met(full(), CAUSE, clock) is False
    document = inconclusive()
    document.reports[-1].searched = ["E1"]
    assert met(document, END, clock)


def test_an_open_end_says_what_was_searched():
    document = inconclusive()
    for report in document.reports:
        report.searched = []
    assert not met(document, END, left=0.3)
    document.reports[-1].searched = ["E1"]
    assert met(document, END, left=0.3)


def test_the_table_has_sums_and_says_what_it_was():
    console = paper(80)
    good = score_surprise("surprise-001", full(), TRUTH, seen())
    bad = score_surprise("surprise-002", noise(), TRUTH, seen(0.3))
    surprises(console, [good, bad, not_run("surprise-003", "no free port")])
    text = printed(console)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "one-category at checkout, step, all, none" in text
    assert "not closed as noise" in text
    assert "no free port" in text
    assert "2 of 4 facts of the causes were told" in text
    assert sums([good, bad])[RESOLVED] == {"met": 1, "of": 1}
    assert sums([good, bad])[NOISE] == {"met": 1, "of": 2}
