"""Marks and figures over root-cause cases, by hand."""

import pytest

from warroom.evals.framework.statistics import binned, brier
from warroom.evals.rca.answers import RcaAnswer
from warroom.evals.rca.marks import (
    ALLOWED,
    RcaMarks,
    accuracy,
    average,
    kind_right,
    marks_of,
    rank,
    same_commit,
    share,
)
from warroom.evals.rca.tables import stated
from warroom.evals.rca.truth import RcaTruth

SHA, INNOCENT = "abcdef1234567890", "1234567abcdef890"
TRUTH = RcaTruth(
    set="s", id="1", service="b", fault_type="code", culprit_commit=SHA, decoys=(INNOCENT,)
)


def marks(**answer):
    return marks_of([RcaAnswer(**answer)], TRUTH)


def test_ties_count_against_the_method():
    scores = {"a": 3.0, "b": 3.0, "c": 1.0}
    assert [rank(scores, name) for name in "abc"] == [2, 2, 3]
    assert rank(scores, "d") is None
    assert rank({"a": -0.5, "b": -0.1}, "b") == 1


def test_marks_at_each_depth():
    third = {"a": 9.0, "c": 8.0, "b": 7.0, "d": 6.0}
    assert marks(scores=third).at == [0, 0, 1, 1, 1]
    assert marks(scores={"b": 1.0}).at == [1, 1, 1, 1, 1]
    assert marks(scores={"a": 1.0}).at == [0, 0, 0, 0, 0]
    assert marks().at == [0, 0, 0, 0, 0]


def test_several_answers_are_averaged():
    right, wrong = RcaAnswer(scores={"b": 1}), RcaAnswer(scores={"a": 2, "b": 1})
    assert marks_of([right, wrong], TRUTH).at == [0.5, 1, 1, 1, 1]
    with pytest.raises(ValueError, match="must answer"):
        marks_of([], TRUTH)


def test_accuracy_and_its_average():
    each = [RcaMarks(at=[0.0] * missed + [1.0] * (5 - missed)) for missed in (0, 2, 5)]
    at_1, at_3, avg = accuracy(each, 1), accuracy(each, 3), average(each)
    assert at_1 and at_3 and avg
    assert (at_1.value, at_3.value, avg.value) == pytest.approx((1 / 3, 2 / 3, 8 / 15))
    assert avg.n == 3


def test_intervals():
    sure, half = share([1.0] * 9), share([0.0, 1.0] * 50)
    assert sure and half
    assert (sure.value, sure.low, sure.high) == (1, 1, 1)
    # the mean of 100 draws of a coin: 0.5 +- 1.96 * 0.05
    assert (half.low, half.high) == pytest.approx((0.402, 0.598), abs=0.011)
    assert half == share([0.0, 1.0] * 50)
    assert share([]) is None


@pytest.mark.parametrize(
    ("answer", "sha", "same"),
    [
        (SHA, SHA, True),
        (SHA[:7].upper(), SHA, True),
        (SHA[:6], SHA, False),
        ("", SHA, False),
        (SHA + "0", SHA, False),
        ("none", "none", True),
        ("none", SHA, False),
        (SHA, "none", False),
    ],
)
def test_which_commit_is_meant(answer, sha, same):
    assert same_commit(answer, sha) is same


def test_marks_of_commits():
    right, decoy, other = (marks(commit=sha) for sha in (SHA, INNOCENT, "0" * 16))
    assert [(m.commit, m.decoy) for m in (right, decoy, other)] == [(1, 0), (0, 1), (0, 0)]
    assert (marks().commit, marks().decoy) == (None, None)
    unknown = TRUTH.model_copy(update={"culprit_commit": None})
    assert marks_of([RcaAnswer(commit=SHA)], unknown).commit is None


def test_marks_of_kinds():
    assert marks(kind="bad deploy").kind == 1
    assert marks(kind="network fault").kind == 0
    assert kind_right("network fault", "network_delay") == 1
    assert kind_right("", "code") is None
    assert kind_right("bad deploy", "latency") is None  # a symptom, no fault
    assert not ALLOWED["code"] & ALLOWED["operational"]


def test_probabilities_against_being_right():
    found = [marks(scores={"b": 1}, probability=0.8), marks(scores={"a": 1}, probability=0.6)]
    pairs = stated(found)
    assert pairs == [(0.8, True), (0.6, False)]
    assert brier(pairs) == pytest.approx((0.04 + 0.36) / 2)
    assert [(b.n, b.right) for b in binned(pairs)] == [(0, None)] * 3 + [(1, 0), (1, 1)]
    assert marks(scores={"b": 1}).first is None
