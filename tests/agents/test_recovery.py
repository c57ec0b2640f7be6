"""Whether an action helped, from levels: healthy, before, after. Hand-made cases."""

from typing import Any

import pytest

from warroom.agents.health.levels import deviated, healthy, remaining
from warroom.agents.health.recovery import Watch, conclude
from warroom.incident.action import Measure, Outcome


def measure(
    baseline: float | None, before: float | None, after: float | None, **more: object
) -> Measure:
    facts = {"service": "gateway", "signal": "error_rate", "unit": "share", **more}
    made = Measure.model_validate({**facts, "baseline": baseline, "before": before, "after": after})
    made.healthy = healthy(made)
    return made


def counted(before: float, last: float, after: float, **more: object) -> Measure:
    """A share of requests, healthy at nearly none, of a thousand, 300 and a thousand requests."""
    facts = {"requests_before": 1000, "requests_last": 300, "requests_after": 1000, "last": last}
    return measure(0.001, before, after, **{"threshold": 0.005, **facts, **more})


def outcome(
    *measures: Measure, acted: bool = True, watched_s: float = 60.0, **more: Any
) -> tuple[Outcome, bool]:
    judged = conclude(measures, Watch(watched_s, **more), acted=acted)
    return judged.outcome, judged.again


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((0.0, 0.3, 0.0), (Outcome.better, False)),
        ((0.0, 0.3, 0.05), (Outcome.better, False)),  # a sixth is left: back
        ((0.0, 0.3, 0.15), (Outcome.unverified, True)),  # half is left: on its way
        ((0.0, 0.3, 0.28), (Outcome.unchanged, False)),
        ((0.0, 0.3, 0.5), (Outcome.worse, False)),  # 1.67 times as far
        ((0.0, 0.3, None), (Outcome.unverified, True)),  # no traffic yet: nothing is known
        ((None, 0.3, 0.0), (Outcome.unverified, False)),  # no healthy level to hold it against
    ],
)
def test_one_symptom(levels: tuple[float | None, ...], expected: tuple[Outcome, bool]) -> None:
    assert outcome(measure(*levels)) == expected


def test_all_symptoms_have_to_be_back() -> None:
    well, ill = measure(0.0, 0.3, 0.0), measure(0.0, 0.3, 0.29, service="checkout")
    assert outcome(well, ill) == (Outcome.unchanged, False)


def test_a_symptom_that_users_feel_and_nobody_measured_leaves_it_open() -> None:
    well, unseen = (
        measure(1.0, 0.0, 1.0, signal="up", unit="", higher_is_worse=False),
        measure(0.0, 0.3, None),
    )
    assert outcome(well, unseen) == (Outcome.unverified, True)


def test_worse_is_worse_even_where_another_symptom_cannot_be_measured() -> None:
    down = measure(0.0, 0.3, None, service="checkout")  # it does not come up: no samples
    assert outcome(measure(0.0, 0.1, 0.6), down) == (Outcome.worse, False)


def test_an_action_that_failed_half_way_may_have_made_things_worse() -> None:
    assert outcome(measure(0.0, 0.1, 0.6), acted=False) == (Outcome.worse, False)


def test_what_was_well_and_is_far_off_now_is_worse() -> None:
    broken = measure(0.0, 0.0, 0.4, service="checkout")
    assert outcome(measure(0.0, 0.3, 0.0), broken) == (Outcome.worse, False)


def test_a_lower_latency_than_ever_is_well() -> None:
    fast = measure(0.2, 0.9, 0.05, signal="latency_p95", unit="s")
    assert fast.healthy and remaining(fast) == 0
    assert outcome(fast) == (Outcome.better, False)


def test_meeting_the_objective_is_well_wherever_the_baseline_was() -> None:
    slow = measure(0.1, 2.0, 0.4, signal="latency_p95", unit="s", threshold=0.5)
    assert outcome(slow) == (Outcome.better, False)


def test_a_queue_that_empties_is_measured_again_and_not_called_worse() -> None:
    slow = {"signal": "latency_p95", "unit": "s", "threshold": 0.5}
    assert outcome(measure(0.2, 1.6, 4.2, ending=1.8, **slow)) == (Outcome.unverified, True)
    assert outcome(measure(0.2, 1.6, 4.2, ending=4.1, **slow)) == (Outcome.worse, False)


def test_a_drop_is_bad_where_lower_is_worse() -> None:
    up = measure(1.0, 0.0, 0.0, signal="up", unit="", higher_is_worse=False)
    assert up.healthy is False
    assert outcome(up)[0] is Outcome.unchanged


def test_what_ends_without_an_action_ended_by_itself() -> None:
    assert outcome(measure(0.0, 0.3, 0.0), acted=False) == (Outcome.by_itself, False)
    assert outcome(measure(0.0, 0.3, 0.3), acted=False) == (Outcome.unverified, False)


def test_twice_the_objective_is_not_well_however_far_it_fell() -> None:
    assert outcome(counted(0.3, 0.3, 0.0106)) == (Outcome.unverified, True)
    assert outcome(counted(0.3, 0.3, 0.004)) == (Outcome.better, False)


def test_one_failure_among_few_requests_is_chance() -> None:
    assert outcome(counted(0.3, 0.3, 0.01, requests_after=100)) == (Outcome.better, False)


def test_no_failure_among_few_requests_proves_nothing_yet() -> None:
    rare = counted(0.02, 0.02, 0.0, requests_before=150, requests_after=40)
    assert outcome(rare) == (Outcome.unverified, True)
    assert outcome(rare.model_copy(update={"requests_after": 400})) == (Outcome.better, False)


def test_what_had_gone_before_the_action_was_not_cured_by_it() -> None:
    assert outcome(counted(0.3, 0.0, 0.0)) == (Outcome.by_itself, False)
    still = counted(0.3, 0.3, 0.0, service="checkout")
    assert outcome(counted(0.3, 0.0, 0.0), still) == (Outcome.better, False)


def test_a_symptom_that_comes_and_goes_is_watched_longer_than_it_pauses() -> None:
    bursts = counted(0.3, 0.3, 0.0, pause_s=20.0)
    assert outcome(bursts, watched_s=8.0) == (Outcome.unverified, True)
    assert outcome(bursts, watched_s=25.0) == (Outcome.better, False)


def test_errors_that_went_because_requests_are_refused_are_contained() -> None:
    refused = counted(0.0, 0.0, 0.49, signal="throttled_rate")
    assert outcome(counted(0.3, 0.3, 0.0), refused) == (Outcome.contained, False)


def test_nothing_that_was_measured_leaves_it_open() -> None:
    assert outcome(measure(0.0, None, None)) == (Outcome.unverified, False)


def test_one_part_ended_beyond_chance_and_the_rest_goes_on() -> None:
    cured, left = counted(0.3, 0.3, 0.0, service="checkout"), counted(0.2, 0.2, 0.2)
    assert outcome(cured, left) == (Outcome.partly, False)
    rare = {"requests_before": 20, "requests_last": 6, "requests_after": 20}
    chance = counted(0.1, 0.1, 0.0, service="checkout", **rare)  # two of twenty, then none
    assert outcome(chance, left) == (Outcome.unchanged, False)


def test_a_few_requests_before_the_action_do_not_say_that_it_had_ended() -> None:
    assert outcome(counted(0.3, 0.0, 0.0, requests_last=3)) == (Outcome.better, False)


def test_it_is_watched_for_as_long_as_it_hurt_within_reason() -> None:
    cured = counted(0.3, 0.3, 0.0)
    window: dict[str, Any] = {"hurt": 20.0, "least": 8.0}
    assert outcome(cured, watched_s=8.0, **window) == (Outcome.unverified, True)
    assert outcome(cured, watched_s=16.0, **window) == (Outcome.better, False)
    restarted = {**window, "patient": True}
    assert outcome(cured, watched_s=16.0, **restarted) == (Outcome.unverified, True)
    assert outcome(cured, watched_s=20.0, **restarted) == (Outcome.better, False)
    assert outcome(cured, watched_s=16.0, acted=False, **window) == (Outcome.unverified, True)
    assert outcome(cured, watched_s=20.0, acted=False, **window) == (Outcome.by_itself, False)


def test_an_action_in_a_pause_of_the_symptom_cured_nothing_yet() -> None:
    paused = counted(0.0, 0.0, 0.0, during=0.2, requests_during=3000, pause_s=30.0)
    assert outcome(paused, watched_s=16.0) == (Outcome.unverified, True)
    assert outcome(paused, watched_s=40.0)[0] is not Outcome.unchanged


def test_what_was_ill_when_declared_is_open_until_it_is_measured() -> None:
    judged = conclude([counted(0.3, 0.3, 0.0)], Watch(60.0), unseen=["checkout error_rate"])
    assert (judged.outcome, judged.again, judged.well) == (Outcome.unverified, True, False)
    assert "checkout error_rate could not be measured" in judged.reason


def test_nothing_that_was_off_proves_nothing() -> None:
    judged = conclude([counted(0.001, 0.001, 0.0)], Watch(60.0), acted=False)
    assert (judged.outcome, judged.well) == (Outcome.unverified, False)


def test_one_failure_makes_no_failing_route_and_two_do() -> None:
    few = {"route": "POST /cart", "requests_during": 9, "requests_before": 9, "during": 1 / 9}
    assert not deviated(counted(1 / 9, 0.0, 0.0, **few))
    assert deviated(counted(2 / 9, 0.0, 0.0, **{**few, "during": 2 / 9}))


def test_an_outcome_says_how_sure_it_is_and_why() -> None:
    judged = conclude([counted(0.3, 0.3, 0.0)], Watch(60.0))
    assert (judged.outcome, judged.probability) == (Outcome.better, 0.99)
    assert judged.reason == "gateway error_rate 30% → 0% of 1000, watched for 60 s"
    some = {"requests_before": 30, "requests_after": 30}
    unsure = conclude([counted(0.2, 0.2, 0.0, **some)], Watch(60.0))
    assert unsure.probability is not None and 0.95 < unsure.probability < 0.99
