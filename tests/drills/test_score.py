"""The scorer, on incidents whose answer is known."""

from datetime import datetime

import pytest

from warroom.actions.services import RollBack, Scale
from warroom.console.scoreboard import scoreboard
from warroom.drills.faults import FAULTS
from warroom.drills.faults.score import FaultTruth, score
from warroom.drills.score import DrillObservation, not_run, regressions
from warroom.drills.symptom import Symptom
from warroom.incident.action import Outcome
from warroom.incident.finding import FaultKind
from warroom.incident.severity import Severity
from warroom.record.drills import Run
from warroom.tests.support.consoles import paper, printed
from warroom.tests.support.incidents import full, inconclusive, noise

SYMPTOM = Symptom(service="checkout", signal="error_rate", level=0.05)
TRUTH = FaultTruth(
    service="checkout",
    kind=FaultKind.bad_deploy,
    severity=Severity.P1,
    effective_actions=((RollBack.kind, "checkout"),),
    symptoms=(SYMPTOM,),
)


def seen(left: float | None, detect_s: float = 1.0, *alarms: str) -> DrillObservation:
    return DrillObservation(detect_s, {str(SYMPTOM): left}, alarms)


GONE = seen(0.0, 4.0)


def met(found, name):
    return found.check(name).met


def test_a_response_that_got_everything_right():
    found = score("bad-deploy", full(), TRUTH, GONE)
    assert found.passed
    assert met(found, "control") is None  # does not apply, which is not the same as failed
    assert found.seconds["detect"] == 4.0
    assert found.seconds["proposal"] == 30.0
    assert found.seconds["recovery"] == 150.0
    assert found.to_json()["passed"] is True


def test_no_alert_fails_everything():
    found = score("bad-deploy", None, TRUTH, DrillObservation())
    assert not found.passed
    assert {check.name for check in found.checks if check.met is False} == {
        "detected",
        "severity",
        "service",
        "kind",
        "action",
        "recovery",
        "control",
    }


@pytest.mark.parametrize(
    ("level", "near"), [("P0", True), ("P1", True), ("P2", False), ("P3", False)]
)
def test_severity_may_be_one_level_off(level, near):
    truth = FaultTruth(**{**vars(TRUTH), "severity": Severity(level)})
    assert met(score("x", full(), truth, GONE), "severity") is near  # it was classified P0


def test_the_leading_hypothesis_counts():
    document = full()
    document.hypotheses.reverse()
    assert score("x", document, TRUTH, GONE).passed  # order in the list does not matter
    document.hypotheses[0].confidence = 0.99
    found = score("x", document, TRUTH, GONE)
    assert (met(found, "service"), met(found, "kind")) == (True, False)


def test_the_action_has_to_be_first_or_second():
    document = full()
    assert met(score("x", document, TRUTH, GONE), "action")  # second, after the restart
    third = document.proposals[0].model_copy(update={"kind": Scale.kind})
    document.proposals.insert(1, third)
    assert not met(score("x", document, TRUTH, GONE), "action")


def test_the_same_action_twice_is_one_proposal():
    document = full()
    document.proposals.insert(0, document.proposals[0].model_copy(update={"rationale": "other"}))
    assert met(score("x", document, TRUTH, GONE), "action")


@pytest.mark.parametrize("left", [0.2, None])
def test_recovery_needs_the_symptom_to_be_gone_whatever_the_record_says(left):
    found = score("x", full(), TRUTH, seen(left))
    assert not met(found, "recovery")


def test_recovery_needs_a_verified_action_that_was_not_undone():
    document = full()
    document.executions[-1].outcome = Outcome.unverified
    assert not met(score("x", document, TRUTH, GONE), "recovery")
    document.executions[-1].outcome, document.executions[-1].undone = Outcome.better, True
    assert not met(score("x", document, TRUTH, GONE), "recovery")


def test_an_inconclusive_response_fails_on_recovery_and_cause():
    found = score("x", inconclusive(), TRUTH, seen(0.4))
    assert not met(found, "recovery")
    assert not met(found, "action")


def test_noise_has_to_be_closed_without_an_action():
    truth = FAULTS["no-fault"].truth
    found = score("no-fault", noise(), truth, DrillObservation(detect_s=0.0))
    assert found.passed
    assert met(found, "recovery") is None
    acted = score("no-fault", full(), truth, DrillObservation(detect_s=0.0))
    assert (met(acted, "control"), met(acted, "action"), met(acted, "kind")) == (False,) * 3


def test_an_innocent_deploy_must_be_neither_blamed_nor_undone():
    truth = FaultTruth(**{**vars(TRUTH), "service": "payments", "blameless": ("checkout",)})
    assert score("x", full(), truth, GONE).check("control").answer == "blamed: checkout"
    document = full(service="payments")
    assert met(score("x", document, truth, GONE), "control")
    plan = document.proposals[0].model_copy(update={"target": "checkout"})
    document.proposals.append(plan)
    document.executions[0].plan = plan.hash  # innocent, and yet acted upon
    assert not met(score("x", document, truth, GONE), "control")


def test_an_alarm_before_the_fault_is_not_calm():
    found = score("x", full(), TRUTH, seen(0.0, 4.0, "LatencyAnomaly"))
    assert not found.passed
    assert found.check("calm").answer == "LatencyAnomaly"


def test_the_table_has_totals_and_says_what_fell_short():
    console = paper(80)
    good = score("bad-deploy", full(), TRUTH, GONE)
    left = score("bad-flag", full(), TRUTH, seen(0.4, 2.0))
    scoreboard(console, [good, left, not_run("ai-quota", "no free port")])
    lines = printed(console).splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    text = "\n".join(lines)
    assert "✓ P0" in text
    assert "1 of 3 drills passed every check" in text
    assert "recovery: verified; checkout error_rate 0.4" in text
    assert "no free port" in text
    total = next(line for line in lines if "total" in line)
    assert total.split()[1:3] == ["2/3", "2/3"]


def test_what_got_worse_since_the_time_before_is_named():
    def run(drill: str, kind: bool, proposal: float, world: str = "shop"):
        checks = [{"name": "kind", "met": kind}, {"name": "control", "met": None}]
        seconds = {"proposal": proposal, "detect": None}
        told = {"checks": checks, "seconds": seconds}
        return Run("all", drill, world, None, "ann", "0.1.0", datetime(2026, 11, 30), told)

    runs = [run("a", False, 20.0), run("b", True, 4.0), run("a", True, 9.0), run("a", True, 1.0)]
    assert regressions(runs) == ["a: kind is missed", "a: proposal after 20 s, 9 s before"]
    assert regressions(runs[1:3]) == regressions([run("c", True, 9.0), run("c", False, 8.0)]) == []
    assert regressions([run("a", False, 9.0, "queue"), run("a", True, 9.0)]) == []
