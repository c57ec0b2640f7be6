"""Baselines that name the guilty service, against values by hand."""

import math

import numpy as np
import pytest

from warroom.errors import InputError
from warroom.evals.rca.baseline_maths import (
    beyond,
    highest_iqr,
    highest_sigma,
    mad_distance,
    pearson,
)
from warroom.evals.rca.cases import rca_cases
from warroom.evals.rca.floor import floor_answer
from warroom.evals.rca.methods import random_answers, rca_methods
from warroom.incident.finding import FaultKind
from warroom.settings import Settings
from warroom.tests.support.incidents import full, minimal
from warroom.tests.support.rca_folder import CULPRIT, write_folder

nan = math.nan


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path / "rca")


@pytest.fixture
def case(root):
    return rca_cases(root, ["bare"])[0]


def answer(name, case):
    (method,) = rca_methods(Settings(), [name])
    return method.answer(case)


def test_deviations_by_hand():
    baseline = np.array([[1, 5, nan], [2, 5, nan], [3, 5, nan], [4, 5, 1]], float)
    incident = np.array([[4.5, 9, 9], [nan, 9, 9]])
    # mean 2.5, deviation sqrt(1.25); median 2.5, quartiles 1.75 and 3.25
    assert highest_sigma(baseline, incident)[0] == pytest.approx(2 / math.sqrt(1.25))
    assert highest_iqr(baseline, incident)[0] == pytest.approx(2 / 1.5)
    assert np.isnan(highest_sigma(baseline, incident)[1:]).all()  # constant; one value
    with pytest.raises(ValueError, match="same columns"):
        highest_sigma(baseline, incident[:, :2])


def test_a_constant_that_rounding_moves_is_constant():
    baseline = np.full((3, 1), 0.1)
    assert baseline.std() > 0
    assert np.isnan(highest_sigma(baseline, np.array([[5.0]]))).all()


def test_a_range_of_nothing_counts_as_one():
    baseline = np.array([[3.0], [3], [3], [3], [3], [3], [3], [9]])
    assert highest_iqr(baseline, np.array([[10.0]])) == [7]


def test_nothing_measured_is_no_deviation():
    assert np.isnan(highest_sigma(np.empty((0, 2)), np.ones((1, 2)))).all()
    assert np.isnan(highest_iqr(np.array([[1.0], [2]]), np.array([[nan]]))).all()


def test_distance_in_mads_by_hand():
    baseline = np.array([[9.0, 1, 1, nan], [10, 1, 1, 5], [11, 1, 1, 6], [10, 1, 1, nan]])
    incident = np.array([[12.0, 1, 2, 9], [nan, 1, 1, 9]])
    # first column: median 10, MAD 0.5; then a constant one that stays, one that moves, too few
    found = mad_distance(baseline, incident, fewest=3)
    assert found[0] == pytest.approx([2 / (1.4826 * 0.5), 0, math.inf, 0])
    assert found[1].tolist() == [0, 0, 0, 0]


def test_correlation_by_hand():
    r, p = pearson(np.array([1, 2, nan, 3]), np.array([1, 2, 7, 2]))
    # r = 1 / sqrt(4/3); one degree of freedom: t = sqrt(3), p = 1 - 2/3
    assert (r, p) == pytest.approx((math.sqrt(3) / 2, 1 / 3))
    assert pearson(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx((-1, 0))
    assert pearson(np.array([1.0, 2]), np.array([5.0, 9])) == (1, 1)
    assert all(math.isnan(x) for x in pearson(np.ones(3), np.arange(3.0)))
    with pytest.raises(ValueError, match="same length"):
        pearson(np.ones(3), np.ones(2))


@pytest.mark.parametrize(
    ("t", "free", "probability"),
    [
        (1, 1, 1 / 2),
        (math.sqrt(2), 2, 1 - math.sqrt(1 / 2)),
        (math.sqrt(3), 3, 1 / 2 - 1 / math.pi),
        (2, 4, 1 - 1.25 * math.sqrt(1 / 2)),
        (math.sqrt(5), 5, 1 / 2 - 4 / (3 * math.pi)),
        (2.228, 10, 0.05),  # tables of quantiles
        (2.093, 19, 0.05),
        (0, 7, 1),
    ],
)
def test_students_t_by_hand(t, free, probability):
    assert beyond(t, free) == pytest.approx(probability, abs=5e-5)


def test_nsigma_and_baro_take_the_highest_of_a_service(case):
    # means 10.5, 5.5, 7.5 with deviation 0.5; quartiles one apart; mq's constant metric is left out
    assert answer("nsigma", case)[0].scores == pytest.approx({"web": 139, "db": 143, "mq": 175})
    assert answer("baro", case)[0].scores == pytest.approx({"web": 69.5, "db": 71.5, "mq": 87.5})


def test_correlation_finds_who_moves_with_the_symptom(case):
    (found,) = answer("correlation", case)
    assert found.first() == "db"
    assert set(found.scores) == {"db", "mq"}  # the symptom's own service never counts
    x, y = np.array([10.0, 20, 60, 80, 40]), np.array([5.0, 15, 54, 77, 36])
    assert found.scores["db"] == pytest.approx(-pearson(x, y)[1])


def test_correlation_needs_a_symptom(root, case):
    assert answer("correlation", rca_cases(root, ["shop"])[0]) == []
    file = root / "cases/bare/b1/case.json"
    file.write_text(file.read_text().replace('"metric": "ms"', '"metric": "n"'))
    assert answer("correlation", rca_cases(root, ["bare"])[0]) == []  # web has no such metric


def test_the_symptom_is_where_it_hurts(root, case):
    assert answer("symptom", case)[0].scores == {"web": 1, "db": 0, "mq": 0}
    assert answer("symptom", rca_cases(root, ["shop"])[0]) == []


def test_chance_is_the_same_each_time_and_differs_by_seed(case):
    found = random_answers(case)
    assert len(found) == 20
    assert found == random_answers(case)
    assert {one.first() for one in found} == {"web", "db", "mq"}


def test_methods_by_name():
    names = [method.name for method in rca_methods(Settings(), ["baro", "floor", "baro"])]
    assert names == ["baro", "floor"]
    with pytest.raises(InputError, match="no method 'guess'; there are: floor, nsigma"):
        rca_methods(Settings(), ["guess"])


def test_what_a_document_of_the_floor_says(root, case):
    document = full(FaultKind.slow_release, "cart")
    shop = rca_cases(root, ["shop"])[0]
    leading = document.leading()
    assert leading
    leading.change = CULPRIT
    found = floor_answer(shop, document)
    assert found.first() == "cart"
    assert found.scores["cart"] == found.probability == pytest.approx(0.91 + 0.05)  # both of cart
    assert (found.commit, found.kind) == (CULPRIT, "slow release")
    hurt = {one.name for one in document.services if one.role != "dependency"}
    assert hurt and set(found.affected) == hurt
    assert found.remedy == document.proposals[0].kind
    assert [why.service for why in found.blamed] == [h.service for h in document.hypotheses]
    leading.change = "rail"  # a flag
    assert floor_answer(shop, document).commit == "none"
    assert floor_answer(case, document).commit is None
    nobody = floor_answer(shop, minimal())
    assert (nobody.scores, nobody.probability, nobody.commit) == ({}, None, "")


def test_the_floor_answers_a_whole_case(case):
    (found,) = answer("floor", case)
    assert set(found.scores) <= {"web", "db", "mq"}
    assert found.commit is None
