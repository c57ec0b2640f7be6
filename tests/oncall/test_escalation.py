"""Who is told after whom, by which way, and what that cost people."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from warroom.incident.severity import Severity
from warroom.oncall.escalation import Level, OnCall, Way, after, fits, loads

NIGHT = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


def words(told: OnCall, severity: Severity, **labels: str) -> list[str]:
    return [word for level in told.levels(severity, labels) for word in level.notify]


def test_without_a_word_the_practice_counts():
    levels = OnCall().levels(Severity.P0, {})
    assert [(level.notify[0], level.timeout) for level in levels] == [
        ("primary", 900),
        ("lead", 1800),
        ("manager", 3600),
        ("management", None),
    ]
    assert words(OnCall(), Severity.P1) == ["secondary", "lead"]
    assert words(OnCall(), Severity.P3) == []


def test_the_practice_escalates_after_its_minutes_and_a_breach_sooner():
    """§4, and §1: a security breach is answered within five minutes."""
    levels = OnCall().levels(Severity.P1, {})
    assert [(one.notify, one.timeout) for one in levels] == [
        (("secondary",), 1800),
        (("lead",), 3600),
    ]
    breach = OnCall().levels(Severity.P0, {"category": "security"})
    assert [one.timeout for one in breach] == [300, 1800, 3600, None]
    own = OnCall.model_validate({"escalation": {"P0": [{"notify": "everybody"}]}})
    assert words(own, Severity.P0, category="security") == ["everybody"]


def test_the_first_route_that_fits_counts_then_the_matrix_then_the_practice():
    route = {"matchers": ['team="orders"', "service=~cart|checkout"]}
    told = OnCall.model_validate(
        {
            "escalation": {"default": [{"notify": "everybody"}]},
            "routes": [{**route, "escalation": {"P1": [{"notify": ["ann", "ben"]}]}}],
        }
    )
    assert words(told, Severity.P1, team="orders", service="cart") == ["ann", "ben"]
    assert words(told, Severity.P0, team="orders", service="cart") == ["everybody"]
    assert words(told, Severity.P1, team="orders", service="cartel") == ["everybody"]


@pytest.mark.parametrize(
    ("matcher", "labels", "found"),
    [
        ('a="b c"', {"a": "b c"}, True),
        ("a=b", {"a": "bb"}, False),
        ("a!=b", {}, True),
        ('a=""', {}, True),
        ("a=~b.*", {"a": "bb"}, True),
        ("a!~b.*", {"a": "bb"}, False),
    ],
)
def test_matchers_are_alertmanagers(matcher, labels, found):
    assert fits(matcher, labels) is found


@pytest.mark.parametrize("matcher", ["", "a", 'a="b', "a=~(", "a b=c"])
def test_what_is_no_matcher_is_refused(matcher):
    with pytest.raises(ValidationError):
        OnCall.model_validate({"routes": [{"matchers": [matcher], "escalation": {}}]})


def test_a_level_is_told_again_before_the_next_one():
    levels = (Level(notify=("a",), timeout=60, repeat=1), Level(notify=("b",)))
    place, seen = (-1, 0), []
    while (place := after(levels, *place)) is not None:
        seen.append(place)
    assert seen == [(0, 1), (0, 2), (1, 1)]


def test_a_p2_waits_for_morning_a_p0_does_not():
    way = Way.model_validate(
        {
            "person": "ann",
            "method": "sms",
            "address": "+4915112345678",
            "quiet": "22:00-07:00",
            "time_zone": "Europe/Berlin",
            "delay": 5,
        }
    )
    assert way.due(Severity.P2, NIGHT) == NIGHT.replace(hour=6)
    assert way.due(Severity.P0, NIGHT) == NIGHT + timedelta(minutes=5)
    assert way.due(Severity.P2, NIGHT.replace(hour=12)) == NIGHT.replace(hour=12, minute=5)


def test_a_way_for_the_worst_is_left_alone_by_the_rest():
    way = Way(person="ann", method="phone", address="+4915112345678", least=Severity.P0)
    assert way.due(Severity.P1, NIGHT) is None
    assert way.due(Severity.P0, NIGHT) == NIGHT


def test_load_counts_nights_and_hours_by_their_own_clock():
    tokyo = ZoneInfo("Asia/Tokyo")
    times = [NIGHT, NIGHT + timedelta(minutes=9), NIGHT.replace(hour=14), NIGHT.replace(hour=20)]
    pages = [("ann", at) for at in times] + [("ben", NIGHT)]
    ann, ben = loads(pages, 2.0, lambda one: tokyo if one == "ben" else ZoneInfo("UTC"))
    assert (ann.person, ann.pages, ann.per_week, ann.nights, ann.out_of_hours) == (
        "ann",
        4,
        2,
        1,
        3,
    )
    assert (ben.nights, ben.out_of_hours) == (0, 0)
