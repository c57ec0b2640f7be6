"""How surely weights are read: fitted on answers that are known, tried where they had no say."""

import pytest

from warroom.agents.causes.calibration import Basis
from warroom.analysis.fusion import REASONED, Weighing, probabilities
from warroom.evals.calibration.__main__ import carrying_over, sets_grid, table_text
from warroom.evals.calibration.fitting import FEWEST, fitted, left_out, stated
from warroom.evals.calibration.records import WeighedCase


def case(number: int, name: str, odds: float, basis: Basis = Basis.requests) -> WeighedCase:
    each = [("guilty", odds), ("other", odds / 2), ("guilty", odds / 3)]
    return WeighedCase(set=name, id=str(number), version="whole", basis=basis, odds=each)


def cases(basis: Basis = Basis.requests) -> list[WeighedCase]:
    """Two sets that are right at odds of which reasoning says about one half."""
    return [case(n, name, 1.8 + n / 40, basis) for name in ("one", "two") for n in range(FEWEST)]


GUILTY = {one.name: "guilty" for one in cases()}


def test_the_reading_is_of_places_and_their_kinds_share_it_as_before():
    odds, places = [3.0, 2.0, 1.0], ["a", "a", "b"]
    before, after = (probabilities(odds, places, w) for w in (REASONED, Weighing(2.0, 1.5)))
    assert after[0] / after[1] == pytest.approx(before[0] / before[1])
    assert sum(after[:2]) > sum(before[:2])
    assert after[2] < before[2]
    assert sum(after) < 1


def test_what_is_right_more_often_than_stated_is_read_more_surely():
    known = cases()
    before, after = stated(known, {}, GUILTY), left_out(known, GUILTY, [Basis.requests])
    assert all(one.right for one in after)
    pairs = zip(before, after, strict=True)
    assert all(then.probability > now.probability for now, then in pairs)
    assert carrying_over(before, after) == [Basis.requests]


def test_what_is_wrong_more_often_than_stated_is_read_less_surely():
    known = cases()
    wrong = {one.name: "other" for one in known}
    reading = fitted(known, wrong, [Basis.requests])[Basis.requests]
    assert reading.sharpness < 1 or reading.unknown > REASONED.unknown


def test_few_answers_and_the_first_minutes_are_not_fitted():
    assert fitted(cases()[: FEWEST - 1], GUILTY, tuple(Basis)) == {}
    assert fitted(cases(Basis.moments), GUILTY, tuple(Basis)) == {}


def test_the_table_is_what_the_product_reads():
    text = table_text({Basis.requests: Weighing(2.0, 0.75)})
    assert "requests: {sharpness: 2, unknown: 0.75}" in text
    assert "moments: {sharpness: 1, unknown: 1.5}" in text


def test_a_set_is_held_against_its_own_base_rate_and_the_others():
    known = cases()
    found = stated(known, {}, GUILTY | {"one/0": "nobody"})
    grid = sets_grid(found, found)
    assert [row[0] for row in grid.rows] == ["one", "two"]
    assert grid.rows[0][2:] == ["0.95", *grid.rows[0][3:5], "0.048", "0.050"]
