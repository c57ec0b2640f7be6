"""Answers and marks, on documents whose answer is known."""

import pytest

from warroom.actions.services import Restart, RollBack
from warroom.evals.incidents.answers import UNSURE, CaseAnswer, answer_of, trivial, use_of
from warroom.evals.incidents.cases import IncidentCase, Truth
from warroom.evals.incidents.marks import QUESTIONS, marks
from warroom.evals.incidents.run import never_asked
from warroom.incident.document import Alert
from warroom.incident.evidence import Quote
from warroom.incident.finding import FaultKind
from warroom.incident.model_use import ModelCall, Outcome
from warroom.incident.report import DetectionReport
from warroom.incident.severity import Severity
from warroom.tests.support.incidents import T0, declared, full, inconclusive, noise

DEPLOY = Truth(
    service="checkout",
    kind=FaultKind.bad_deploy,
    severity=Severity.P1,
    effective_actions=((RollBack.kind, "checkout"),),
)
NOISE = Truth(service="", kind=FaultKind.no_fault, severity=Severity.P3)
UNKNOWN = Truth(service="", kind=FaultKind.unknown, severity=Severity.P1)
GUILTY = CaseAnswer(
    service="checkout",
    kind=FaultKind.bad_deploy,
    confidence=0.9,
    severity=Severity.P1,
    actions=[(Restart.kind, "checkout"), (RollBack.kind, "checkout")],
)


def payload(_digest):
    """What every call returned."""
    return {"rows": [{"failed": 412}]}


def test_the_answer_of_a_document():
    answer = answer_of(full(), payload)
    assert (answer.service, answer.kind) == ("checkout", FaultKind.bad_deploy)
    assert (answer.severity, answer.noise, answer.inconclusive) == (Severity.P0, False, False)
    assert answer.actions == [(Restart.kind, "checkout"), (RollBack.kind, "checkout")]
    assert answer.steps == [1, 2, 4]


def test_noise_and_inconclusive_are_answers_too():
    silent, torn = answer_of(noise(), payload), answer_of(inconclusive(), payload)
    assert (silent.noise, silent.kind, silent.service) == (True, FaultKind.no_fault, "")
    first = noise().reports[0]
    assert isinstance(first, DetectionReport)
    assert silent.confidence == first.confidence  # of the classification
    assert (torn.noise, torn.inconclusive, torn.confidence) == (False, True, 0.3)


def test_groundedness_checks_every_quote_again_and_counts_what_was_dropped():
    document = full()
    document.findings = document.findings[:1]
    document.findings[0].quotes = [Quote(evidence="E1", value=412)]
    document.hypotheses, document.proposals, document.communications = [], [], []
    assert len(document.dropped) == 1
    answer = answer_of(document, payload)
    assert (answer.claims, answer.resolved) == (2, 1)
    document.findings[0].quotes = [Quote(evidence="E1", value=413.0e3)]
    assert answer_of(document, payload).resolved == 0


def test_a_right_answer_meets_whatever_applies():
    assert marks(GUILTY, DEPLOY) == {
        **dict.fromkeys(QUESTIONS, True),
        "innocent": None,
        "nobody": None,
    }


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"service": "gateway"}, {"cause", "service"}),
        ({"kind": FaultKind.slow_release}, {"cause", "kind"}),
        ({"severity": Severity.P0}, {"severity exact"}),
        ({"severity": Severity.P3}, {"severity", "severity exact"}),
        ({"severity": None}, {"severity", "severity exact"}),
        ({"actions": [(Restart.kind, "checkout")]}, {"action"}),
        ({"actions": []}, {"action"}),
    ],
)
def test_each_mistake_has_its_mark(change, wrong):
    found = marks(GUILTY.model_copy(update=change), DEPLOY)
    assert {name for name, mark in found.items() if mark is False} == wrong


def test_on_noise_it_is_right_to_blame_nobody_and_propose_nothing():
    silent = CaseAnswer(noise=True, kind=FaultKind.no_fault, severity=Severity.P3)
    right = marks(silent, NOISE)
    assert (right["cause"], right["nobody"], right["action"]) == (True, True, True)
    assert right["service"] is None
    wrong = marks(GUILTY, NOISE)
    assert (wrong["cause"], wrong["nobody"], wrong["action"]) == (False, False, False)


def test_where_the_cause_cannot_be_told_inconclusive_is_right():
    torn = CaseAnswer(service="checkout", kind=FaultKind.network, inconclusive=True)
    assert marks(torn, UNKNOWN)["nobody"] is True
    assert marks(torn, UNKNOWN)["cause"] is True
    assert marks(GUILTY, UNKNOWN)["cause"] is False
    assert marks(torn, DEPLOY)["cause"] is False  # and wrong where it can be told


def test_an_innocent_change_is_neither_blamed_nor_undone_first():
    herring = DEPLOY.model_copy(update={"service": "inventory", "blameless": ("checkout",)})
    assert marks(GUILTY, herring)["innocent"] is False
    assert marks(GUILTY.model_copy(update={"service": "inventory"}), herring)["innocent"] is False
    cured = {"service": "inventory", "actions": [(Restart.kind, "inventory")]}
    assert marks(GUILTY.model_copy(update=cured), herring)["innocent"] is True


def test_the_trivial_baseline_reads_the_alert_only(tmp_path):
    alert = Alert(name="X", service="checkout", severity="warning", fingerprint="f", source="plain")
    answer = trivial(IncidentCase("x", tmp_path / "no bundle there", alert, DEPLOY))
    assert (answer.service, answer.kind) == ("checkout", FaultKind.bad_deploy)
    assert (answer.severity, answer.confidence) == (Severity.P2, UNSURE)
    assert answer.actions == [(Restart.kind, "checkout")]


def call(outcome: Outcome = "answered", cost: float | None = 0.5, **more):
    return ModelCall(
        at=T0,
        specialist="debugger",
        step=4,
        model="m",
        input_tokens=100,
        output_tokens=20,
        outcome=outcome,
        cost=cost,
        **more,
    )


def test_what_was_used_is_added_up_and_unknown_money_stays_unknown():
    document = declared()
    document.model_calls = [call(), call("muddled", estimated=True)]
    use = use_of(document.model_calls, 2.0)
    assert (use.tokens, use.money, use.seconds, use.estimated) == (240, 1.0, 2.0, True)
    assert use_of([call(), call(cost=None)], 1.0).money is None
    assert (use_of([], 1.0).money, use_of([], 1.0).tokens) == (0.0, 0)


def test_a_model_that_never_had_its_say_is_unscored():
    assert never_asked(use_of([], 1.0)) == "no model was asked"
    silent = use_of([call("unavailable"), call("budget")], 1.0)
    assert never_asked(silent) == "none of 2 model calls was answered"
    for said in (call("answered"), call("refused"), call("muddled")):
        assert never_asked(use_of([call("unavailable"), said], 1.0)) == ""
