"""Where a response goes after it has measured: by outcome, and by how often it has looked."""

from datetime import timedelta

import pytest

from warroom.agents.runtime.context import frame_of
from warroom.graph import (
    PATIENCE,
    WATCHES,
    WRAP_UP,
    after_ask,
    after_design,
    after_undo,
    after_verify,
    after_watch,
)
from warroom.incident.action import Execution, Outcome
from warroom.state import IncidentState
from warroom.telemetry.model import Coverage, Windows
from warroom.tests.support.incidents import T0, at, minimal


def state(outcome: Outcome = Outcome.unverified, **more: object) -> IncidentState:
    facts = {"incident_id": "INC-1", "investigated": True, "outcome": outcome.value, **more}
    return IncidentState.model_validate(facts)


@pytest.mark.parametrize(
    ("found", "then"),
    [
        (state(Outcome.better, well=True), WRAP_UP),
        (state(Outcome.better, well=True, investigated=False), ["debug"]),
        (state(Outcome.contained), WRAP_UP),
        (state(Outcome.worse, take_back=True), ["undo"]),
        (state(Outcome.partly), ["again"]),
        (state(Outcome.unchanged), ["again"]),
        (state(Outcome.unchanged, take_back=True), ["undo"]),  # an experiment, or a limit
        (state(Outcome.by_itself, well=True, take_back=True), ["undo"]),
        (state(Outcome.stayed_well, well=True, next="act"), ["act"]),  # its next stage
        (state(Outcome.better, well=True, next="ask"), ["ask"]),  # a route is limited still
        (state(Outcome.worse, next="", take_back=True), ["undo"]),  # to the share before
        (state(improving=True, checks=PATIENCE), ["stabilise"]),
        (state(improving=True, checks=PATIENCE + 1), ["again"]),
        (state(improving=True, well=True, checks=PATIENCE + 1), ["stabilise"]),
        (state(improving=True, well=True, checks=WATCHES + 1), WRAP_UP),  # open, not over
    ],
)
def test_after_a_verification(found: IncidentState, then: list[str]) -> None:
    assert after_verify(found) == then


def test_what_was_undone_after_a_recovery_ends_the_response() -> None:
    assert after_undo(state(Outcome.by_itself, well=True)) == WRAP_UP
    assert after_undo(state(Outcome.worse)) == ["again"]
    assert after_undo(state(Outcome.worse, next="wait")) == ["wait"]  # with traffic as before


def test_without_a_plan_it_is_watched_as_long_as_it_is_well() -> None:
    assert after_ask(state()) == ["watch"]
    assert after_watch(state(improving=True, well=True, checks=1)) == ["wait"]
    assert after_watch(state(improving=True, well=True, checks=WATCHES + 1)) == WRAP_UP
    assert after_watch(state()) == ["look_anew"]
    assert after_watch(state(stop="attempts spent")) == WRAP_UP
    assert after_watch(state(Outcome.by_itself, well=True, next="ask")) == ["ask"]


def test_where_a_person_leaves_a_limit_in_force_it_is_over_by_what_is_measured() -> None:
    assert after_ask(state(Outcome.better, next="ask", investigated=False)) == ["verify"]
    assert after_ask(state(Outcome.by_itself, next="ask")) == ["watch"]


def test_nothing_is_proposed_for_what_is_well_so_far() -> None:
    assert after_design(state(well=True)) == WRAP_UP
    assert after_design(state(Outcome.contained)) == ["ask"]


def test_what_is_left_is_looked_at_from_when_the_part_had_ended() -> None:
    document = minimal()
    document.onset = at(-20)
    part = Execution(plan="p", title="roll back", started_at=at(30), ended_at=at(31))
    part.outcome = Outcome.partly
    document.executions = [part]
    windows = Windows(baseline_s=45, detect_s=5, stabilise_s=6, verify_s=8)
    covered = Coverage("metrics", T0.timestamp() - 600, T0.timestamp() + 600, rows=9)
    frame = frame_of(document, windows, [covered], at(60))
    assert frame.incident.start == at(37).timestamp()
    assert frame.baseline.end < at(-20).timestamp()
    part.undone = True
    assert frame_of(document, windows, [covered], at(60)).incident.start == at(-20).timestamp()
    assert frame.incident.end == (T0 + timedelta(seconds=60)).timestamp()


def test_healthy_time_begins_where_telemetry_does_and_not_with_an_old_change():
    document, windows = minimal(), Windows(baseline_s=600, detect_s=60)
    alerted = document.fired.timestamp()
    began = alerted - 200  # the service is watched for minutes
    covered = [
        Coverage("metrics", began, alerted, rows=9),
        Coverage("changes", alerted - 86_400, alerted - 100, rows=2),
    ]
    frame = frame_of(document, windows, covered, document.fired)
    assert (frame.baseline.start, frame.baseline.end) == (began, alerted - 120)
