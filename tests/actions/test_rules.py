"""Rules as they are read: what is wider than the catalogue allows is refused in words, hours are by
the zone's clock, and a rule has one hash and one name to decide under."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from warroom.actions.base import PROFILES
from warroom.actions.catalogue import CATALOGUE
from warroom.actions.policy import Policy
from warroom.actions.rules import Rule, in_order
from warroom.incident.action import Level
from warroom.tests.support.rules import GIVEN, rule


def test_what_cannot_be_taken_back_or_hurts_many_takes_a_person():
    """A restart has no undo and leaves nothing behind: it is the one exception."""
    heavy = {k for k, a in CATALOGUE.items() if not a.reversible() or a.profile.risk is Level.high}
    allowed = {kind for kind, profile in PROFILES.items() if not profile.takes_a_person}
    assert heavy & allowed == {"restart"}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"actions": ["repair_rows"]}, "takes a person: it writes over rows"),
        ({"actions": ["end session"]}, "takes a person: what the transaction"),
        ({"actions": ["reboot"]}, "is no action: write one of"),
        ({"causes": ["gremlins"]}, "no fault is called 'gremlins'"),
        ({"causes": ["disk full"]}, "no action cures disk full, a person does: Free space"),
        ({"causes": ["unknown"]}, "no action cures unknown"),
        ({"services": []}, "say where: name `services`, `teams` or both"),
        ({"confidence": 0.5}, "greater than or equal to 0.7"),
        ({"witnesses": 1}, "greater than or equal to 2"),
        ({"hours": ["always"]}, "is no part of a week"),
        ({"time_zone": "Mars"}, "write a time zone"),
        ({"mode": "on"}, "'off', 'simulate' or 'act'"),
        ({"severities": []}, "at least 1 item"),
    ],
)
def test_what_is_wrong_is_said(other, says):
    with pytest.raises(ValidationError, match=says):
        rule(**other)


def test_it_is_off_unless_it_says_otherwise():
    given = {key: value for key, value in GIVEN.items() if key != "mode"}
    assert Rule.model_validate(given).mode == "off"
    assert Policy().rules == ()


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"rules": [GIVEN, GIVEN]}, "two rules are called restart-hung"),
        ({"rules": [GIVEN], "two_person": ["restart"]}, "two persons decide on restart, no rule"),
        ({"rules": [GIVEN], "approve": {"P0": 2}}, "two persons decide on P0, no rule"),
    ],
)
def test_what_takes_two_persons_is_no_rules(policy, says):
    with pytest.raises(ValidationError, match=says):
        Policy.model_validate(policy)


def test_its_hash_is_of_all_but_its_mode_and_its_name_is_no_persons():
    one = rule()
    assert one.hash == rule(mode="simulate").hash
    assert len({one.hash, *(rule(**o).hash for o in ({"confidence": 0.8}, {"version": 2}))}) == 3
    assert str(one.by) == "rule:rule restart-hung, version 1 (automatic)"
    assert "restart against hung process in payments" in one.words


def test_hours_begin_and_end_by_the_clock_on_the_wall():
    nine = rule(hours=["Mon-Fri 09:00-17:00"], time_zone="Europe/Berlin")
    for month, offset in ((1, 1), (7, 2)):  # winter and summer
        monday = datetime(2026, month, 5 if month == 1 else 6, 9 - offset, tzinfo=UTC)
        second = timedelta(seconds=1)
        opens, shuts = monday, monday + timedelta(hours=8)
        found = [nine.open_at(at) for at in (opens - second, opens, shuts - second, shuts)]
        assert found == [False, True, True, False]


def test_the_night_in_which_the_clocks_change():
    night = rule(hours=["02:00-03:00"], time_zone="Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    jumped = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 there: there is no 02:30
    assert not night.open_at(jumped)
    twice = [datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin) for fold in (0, 1)]
    assert night.open_at(twice[0])
    late = datetime(2026, 10, 25, 3, 0, tzinfo=berlin)
    assert not night.open_at(late)


def test_they_are_tried_by_priority():
    two, one, other = rule(name="b", priority=2), rule(name="a", priority=1), rule(priority=2)
    assert [each.name for each in in_order([two, one, other])] == ["a", "b", "restart-hung"]
