"""Faults that are there together: what each needs, when it comes, what is asked of a response."""

from types import SimpleNamespace
from typing import cast

import pytest

from warroom.drills.compose import TWO, Composed, compose, surprise
from warroom.drills.effects import Course
from warroom.drills.effects.switch import Switch
from warroom.drills.environment import Shop
from warroom.drills.score import DrillObservation
from warroom.drills.surprise.draw import Drawn, draw
from warroom.errors import InputError, NotFound
from warroom.incident.action import Outcome
from warroom.incident.document import Incident
from warroom.tests.support.incidents import full

BOTH = compose("bad-deploy+ai-quota", "shop", 20)
SYMPTOMS = [str(one) for one in BOTH.truth.symptoms]


def seen(*left: float) -> DrillObservation:
    return DrillObservation(3.0, dict(zip(SYMPTOMS, left, strict=True)))


def asked(incident: Incident, *left: float) -> dict[str, bool | None]:
    return {check.name: check.met for check in BOTH.score(incident, seen(*left)).checks}


def test_the_later_ones_come_later_and_all_is_there_that_they_need():
    assert BOTH.name == "bad-deploy+ai-quota" and len(BOTH.truth.parts) == 2
    assert [course.delay_s for course in BOTH.courses()] == [0, 20]
    assert BOTH.truth.to_json()["parts"][1]["kind"] == "provider quota exhausted"
    drawn = compose("partition+ranking-slow", "shop", 0)
    assert drawn.links and drawn.told(None, 0.0), "where nothing fires a person tells"


def test_what_cannot_be_composed_says_why():
    for names in ("bad-deploy", "bad-deploy+bad-deploy", "a+b+c+d"):
        with pytest.raises(InputError, match="two or three different"):
            compose(names, "shop", 0)
    with pytest.raises(NotFound, match="no fault 'meteor' in the queue"):
        compose("stuck-consumer+meteor", "queue", 0)


def test_each_is_asked_for_by_itself():
    found = asked(full(service="checkout"), 0.0, 0.4)
    assert (found["first cured"], found["second cured"]) == (True, False)
    assert found["second found"] is False
    assert found["harm"] is False, "its restart cured nothing"
    assert asked(full(service="checkout"), 0.4, 0.0)["first cured"] is False, "it still hurts"
    undone = full(service="checkout")
    undone.executions[-1].outcome = Outcome.unverified
    assert asked(undone, 0.0, 0.0)["first cured"] is False, "no action is known to have done it"


def test_nobody_noticed():
    found = BOTH.score(None, DrillObservation())
    assert not found.passed and [check.name for check in found.checks] == ["detected"]


def test_seeds_of_a_range_of_their_own_draw_two_and_others_what_they_did():
    for world in ("shop", "queue"):
        two = [one for seed in TWO[:40] if isinstance(one := surprise(seed, world), Composed)]
        assert len(two) == 40
        groups = [{part.to_json()["group"] for part in one.truth.parts} for one in two]
        assert {len(each) for each in groups} == {2}
        assert all(one.truth.seal in one.title and one.name not in one.title for one in two)
        assert {one.after_s for one in two} == {0.0, 20.0}
        assert two[0] == surprise(TWO[0], world)
    assert surprise(7, "shop") == draw(7) and isinstance(surprise(7, "shop"), Drawn)


class Marks:
    """An effect that says when it is brought about."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self, _shop: object) -> Switch:
        self.begun += 1
        return Switch(lambda _: None)


def test_a_later_course_begins_by_itself_unless_it_is_over_before():
    shop = cast(Shop, SimpleNamespace())
    for delay, ends_first in ((0.01, False), (60.0, True)):
        mark = Marks()
        course = Course([mark], delay_s=delay)  # pyright: ignore[reportArgumentType]
        course.begin(shop)
        if not ends_first:
            course.thread.join(10)
        course.end()
        assert mark.begun == (0 if ends_first else 1)
