"""Whole responses, with no model, to small incidents whose cause is known: right, or silent.

Two sets were written before the mechanisms, three after, each to see how what nobody had in mind
fares; the mechanisms have since learned from what they missed.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from warroom.analysis.fusion import CONCLUSIVE
from warroom.evals.rca.answers import RcaAnswer
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import floor_answer, respond_to
from warroom.incident.document import Incident
from warroom.settings import Settings
from warroom.tests.support.scenario_folder import Scenario, scenarios, write_scenario

SETS = ("code", "code-more", "outside", "held-out", "published", "last")
SOME = 4
"""Of each set, in `make test`; `make thorough` takes them all."""
ALL = [
    pytest.param(one, marks=[pytest.mark.thorough] if number >= SOME else [], id=one.name)
    for name in SETS
    for number, one in enumerate(scenarios(name))
]
FIRST = [one for name in ("code", "code-more", "held-out") for one in scenarios(name)[:SOME]]
UNANSWERED = ("a table has grown", "bots read everything")
"""Nothing tells data that grew from a change that nobody knows of, or demand from outside from
demand by a caller whose rate nobody measures: no answer is the right one."""


def answer(scenario: Scenario, root: Path) -> tuple[RcaAnswer, Incident]:
    (case,) = rca_cases(write_scenario(root, scenario))
    document = respond_to(case, Settings())
    return floor_answer(case, document), document


@pytest.mark.parametrize("scenario", ALL)
def test_the_culprit_is_named_with_proof(scenario: Scenario, tmp_path: Path) -> None:
    found, document = answer(scenario, tmp_path)
    expected = "" if scenario.name in UNANSWERED else scenario.culprit
    assert found.commit == expected
    assert document.dropped == []  # every quote resolves
    for hypothesis in document.hypotheses:
        assert hypothesis.support and all(a.quotes for a in hypothesis.support)


@pytest.mark.parametrize("scenario", FIRST, ids=lambda s: s.name)
def test_without_the_culprit_nobody_innocent_is_named(scenario: Scenario, tmp_path: Path) -> None:
    others = [commit for commit in scenario.commits if commit.sha != scenario.culprit]
    found, _ = answer(replace(scenario, commits=others), tmp_path)
    assert found.commit in ("", "none")


def test_a_change_that_came_after_the_onset_is_not_named(tmp_path: Path) -> None:
    pool = scenarios("code")[0]
    late = [
        replace(commit, minutes=3.0, deployed=2.0) if commit.sha == pool.culprit else commit
        for commit in pool.commits
    ]
    assert answer(replace(pool, commits=late), tmp_path)[0].commit != pool.culprit


def test_a_change_at_a_service_that_nothing_leads_to_is_not_named(tmp_path: Path) -> None:
    pool = scenarios("code")[0]
    away = [
        replace(commit, to="newsletter") if commit.sha == pool.culprit else commit
        for commit in pool.commits
    ]
    _, document = answer(replace(pool, commits=away), tmp_path)
    assert [h for h in document.hypotheses if h.change and h.confidence >= CONCLUSIVE] == []


def test_a_change_that_was_taken_back_is_doubted(tmp_path: Path) -> None:
    pool = scenarios("code")[0]
    guilty = next(commit for commit in pool.commits if commit.sha == pool.culprit)
    swap = str.maketrans("+-", "-+")
    back = "\n".join(line[:1].translate(swap) + line[1:] for line in guilty.diff.splitlines())
    revert = replace(guilty, sha="abcd0001abcd", minutes=100.0, deployed=95.0, diff=back)
    _, document = answer(replace(pool, commits=[*pool.commits, revert]), tmp_path)
    blamed = [h for h in document.hypotheses if h.change == pool.culprit]
    assert blamed, "who is blamed by nobody cannot be doubted either"
    assert all(any("took it back" in a.text for a in h.contradiction) for h in blamed)
