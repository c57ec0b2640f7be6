"""What becomes of requests: refusals of any status, less being completed; in the detector too."""

import numpy as np
import pytest

from warroom.analysis.rates import largest_step
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.detector import evaluate
from warroom.telemetry.model import Window, Windows
from warroom.telemetry.outcomes import Answers, answers, fewer, outcome_shifts, refused
from warroom.telemetry.rules import default_rules
from warroom.tests.support.bundles import START, BundleWriter, counter

RNG = np.random.default_rng(7)
BEFORE, AFTER = 60, 30


def route(good: tuple[float, float], bad: tuple[float, float], status: str = "404") -> Answers:
    """Answers per second of one route, before and after the change."""

    def cells(rates: tuple[float, float]) -> np.ndarray:
        parts = [RNG.poisson(rate, n) for rate, n in zip(rates, (BEFORE, AFTER), strict=True)]
        return np.concatenate(parts).astype(float)

    return Answers("shop", "POST /orders", 0.0, 1.0, {"200": cells(good), status: cells(bad)})


@pytest.mark.parametrize("status", ["404", "409", "429", "500"])
def test_a_larger_share_that_is_refused_is_found_whatever_the_status(status):
    shift = refused(route((3, 0.2), (0.05, 2.8), status))
    assert shift is not None
    assert shift.status == status
    assert shift.score > 10
    assert abs(shift.since - BEFORE) <= 3
    assert shift.left < 0.2


def test_less_that_is_completed_is_found_though_nothing_is_refused():
    shift = fewer(route((3, 0.1), (0, 0)))
    assert shift is not None
    assert shift.change == "fewer"
    assert shift.score > 10


def test_a_slow_beginning_is_followed_back():
    ramp = np.concatenate([np.zeros(40), np.linspace(0, 1, 50)])
    asked = np.full(90, 4.0)
    found = Answers("shop", "", 0.0, 1.0, {"200": asked * (1 - ramp), "500": asked * ramp})
    shift = refused(found)
    assert shift is not None
    assert 40 <= shift.since <= 65


def test_what_is_as_ever_is_no_shift_beyond_chance():
    scores = [s.score for _ in range(40) for s in outcome_shifts(route((3, 3), (0.1, 0.1)))]
    assert max(scores, default=0) < 4


def test_a_few_requests_prove_nothing():
    assert refused(route((0.05, 0), (0, 0.05))) is None


def test_more_that_is_completed_is_no_harm():
    assert outcome_shifts(route((3, 9), (1, 0.1))) == []


def test_the_step_pays_for_every_place_it_was_looked_for():
    counts, seconds = np.array([1.0] * 20 + [4.0] * 20), np.ones(40)
    step = largest_step(counts, seconds, (5, 5), rising=True)
    assert step is not None
    assert (step.at, step.before, step.after) == (20, 20, 80)
    assert step.change.log10_p > -13  # the plain test alone says less than -9
    assert largest_step(counts, seconds, (5, 5), rising=False) is None
    assert largest_step(np.array([]), np.array([]), (1, 1), rising=True) is None


def test_the_detector_speaks_of_refusals_and_is_silent_while_all_is_well(tmp_path):
    with BundleWriter(tmp_path / "b") as bundle:
        for status, rates in (("200", [3.0] * 60 + [0.2] * 20), ("404", [0.1] * 60 + [2.9] * 20)):
            labels = {"code": status, "route": "/orders"}
            counter(bundle, "http_requests_total", "shop", rates, **labels)
    telemetry = read_bundle(tmp_path / "b")
    rules = [
        rule
        for rule in default_rules(Windows(detect_s=5, baseline_s=45))
        if rule.kind == "outcomes"
    ]
    assert evaluate(telemetry, START + 58, rules) == []
    [firing] = evaluate(telemetry, START + 75, rules)
    assert (firing.rule, firing.service) == ("RequestsNotCompleted", "shop")
    assert abs(firing.started - START - 60) <= 3
    assert firing.summary.startswith("shop completes only ")


def test_where_statuses_are_not_counted_nothing_is_said(tmp_path):
    with BundleWriter(tmp_path / "b") as bundle:
        counter(bundle, "http_requests_total", "shop", [3.0] * 60, route="/orders")
    window = Window(START, START + 60)
    assert answers(read_bundle(tmp_path / "b"), window) == []


def test_usual_refusals_do_not_hide_a_new_kind_of_answer():
    declined, broken = np.full(90, 0.3), np.concatenate([np.zeros(60), np.full(30, 0.5)])
    answered = {"200": np.full(90, 2.7) - broken, "402": declined, "500": broken}
    shift = refused(Answers("shop", "", 0.0, 1.0, answered))
    assert shift is not None
    assert shift.status == "500"
    assert shift.score > 4
