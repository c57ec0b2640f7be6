"""Schedules: who is on when, by a wall's clock, through both changes of the hour."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from warroom.oncall.schedule import Layer, Note, Override, Schedule, moment, stretches
from warroom.oncall.shifts import on_call, remarks, shifts

BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = ("ann", "ben", "cat")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(*layers: dict, zone: str = "Europe/Berlin") -> Schedule:
    return Schedule.model_validate({"name": "primary", "time_zone": zone, "layers": layers})


WEEKLY = {"participants": PEOPLE, "start": "2026-03-02T09:00"}


def test_weekly_turns_change_at_nine_on_the_wall_whatever_the_clocks_do():
    found = shifts(schedule(WEEKLY), utc("2026-03-16T00:00"), utc("2026-04-07T00:00"))
    assert [(s.people, s.start) for s in found] == [
        (("ben",), utc("2026-03-16T00:00")),
        (("cat",), utc("2026-03-16T08:00")),  # winter: nine is eight UTC
        (("ann",), utc("2026-03-23T08:00")),
        (("ben",), utc("2026-03-30T07:00")),  # summer
        (("cat",), utc("2026-04-06T07:00")),
    ]


@pytest.mark.parametrize(
    ("start", "lasts"),
    [("2026-03-28T12:00", 23), ("2026-10-24T12:00", 25), ("2026-05-01T12:00", 24)],
)
def test_a_daily_turn_over_a_change_of_the_hour_is_shorter_or_longer(start, lasts):
    layer = {**WEEKLY, "rotation": "daily"}
    begun = utc(start).replace(hour=8 if "03-28" in start else 7)
    found = shifts(schedule(layer), begun, begun + timedelta(hours=lasts))
    assert [shift.end - shift.start for shift in found] == [timedelta(hours=lasts)]


def test_a_time_that_the_clocks_jump_over_is_when_they_jump():
    assert moment(datetime(2026, 3, 29, 2, 30), BERLIN) == utc("2026-03-29T01:00")
    assert moment(datetime(2026, 10, 25, 2, 30), BERLIN) == utc("2026-10-25T00:30")  # the first
    apia = ZoneInfo("Pacific/Apia")  # left out a whole day
    assert moment(datetime(2011, 12, 30, 12), apia) == utc("2011-12-30T10:00")


def test_the_highest_layer_that_has_somebody_counts_and_a_gap_is_said():
    nights = {**WEEKLY, "participants": ["dan"], "hours": ["22:00-06:00"], "priority": 1}
    days = {**WEEKLY, "participants": ["ann"], "hours": ["Mon-Fri 09:00-23:00"]}
    found = shifts(schedule(days, nights), utc("2026-06-01T00:00"), utc("2026-06-02T00:00"))
    assert [(s.people, s.start.hour) for s in found] == [
        (("dan",), 0),  # two in the morning there
        ((), 4),
        (("ann",), 7),
        (("dan",), 20),
    ]
    (said,) = remarks(found)
    assert said == "nobody is on from Mon 2026-06-01 04:00 to Mon 2026-06-01 07:00 UTC"


def test_layers_of_one_rank_are_on_together_and_that_is_said():
    found = shifts(
        schedule({**WEEKLY, "name": "web"}, {**WEEKLY, "name": "data", "participants": ["eve"]}),
        utc("2026-03-03T00:00"),
        utc("2026-03-04T00:00"),
    )
    assert [shift.people for shift in found] == [("ann", "eve")]
    assert (
        "ann and eve are on together" in remarks(found)[0] and "web and data" in remarks(found)[0]
    )


def test_a_turn_of_several_or_of_nobody():
    layer = {"rotation": "daily", "participants": [["ann", "ben"], []], "start": "2026-03-02T00:00"}
    found = shifts(schedule(layer, zone="UTC"), utc("2026-03-02T00:00"), utc("2026-03-04T00:00"))
    assert [shift.people for shift in found] == [("ann", "ben"), ()]


def test_the_newest_override_wins_and_the_note_goes_to_who_comes_next():
    given_away = [
        Override(schedule="primary", people=("zoe",), start=utc(start), end=utc(end))
        for start, end in (("2026-03-03T10:00", "2026-03-03T14:00"),)
    ]
    newer = given_away[0].model_copy(update={"people": ("yan",), "end": utc("2026-03-03T12:00")})
    note = Note(schedule="primary", at=utc("2026-03-03T13:00"), by="zoe", text="disk 3 is slow")
    found = shifts(
        schedule(WEEKLY),
        utc("2026-03-03T00:00"),
        utc("2026-03-04T00:00"),
        [*given_away, newer],
        notes=[note],
    )
    assert [shift.people[0] for shift in found] == ["ann", "yan", "zoe", "ann"]
    assert found[2].notes == ("zoe: disk 3 is slow",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mon-Wed 09:00-17:00", ((540, 480), (1980, 480), (3420, 480))),
        ("Fri 17:00-Mon 09:00", ((6780, 3840),)),
        ("Sun 22:00-06:00", ((9960, 480),)),
        ("Mon 09:00-Mon 09:00", ((540, 10080),)),
    ],
)
def test_parts_of_a_week_in_words(text, found):
    assert stretches(text) == found


@pytest.mark.parametrize(
    "text", ["", "9-17", "Mon-Fri", "Mun 09:00-17:00", "Mon-Tue 09:00-Wed 10:00"]
)
def test_what_is_no_part_of_a_week_says_how_to_write_it(text):
    with pytest.raises(ValueError, match="write"):
        stretches(text)


@pytest.mark.parametrize(
    "layer",
    [{}, {"participants": ["ann"]}, {"participants": ["ann"], "start": "2026-03-02T09:00Z"}],
)
def test_half_a_layer_is_none(layer):
    with pytest.raises(ValidationError):
        Layer.model_validate(layer)


HOURS = ["Mon-Fri 09:00-17:00", "22:00-06:00", "Fri 17:00-Mon 09:00", "02:15-02:45"]
LAYERS = st.builds(
    lambda people, rotation, every, hour, hours, priority: {
        "participants": people,
        "rotation": rotation,
        "every": every,
        "start": f"2026-01-05T{hour:02}:30",
        "hours": hours,
        "priority": priority,
    },
    st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3),
    st.sampled_from(["daily", "weekly", "hourly"]),
    st.integers(1, 20),
    st.integers(0, 23),
    st.lists(st.sampled_from(HOURS), max_size=2),
    st.integers(0, 2),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
BEGINS = st.sampled_from(["2026-03-07T03:11", "2026-03-28T11:00", "2026-10-03T00:00", "2026-10-24"])


@settings(max_examples=60)
@given(st.lists(LAYERS, max_size=3), ZONES, BEGINS, st.integers(1, 240))
def test_shifts_part_the_time_and_agree_with_the_moment(layers, zone, begins, hours):
    one, start = schedule(*layers, zone=zone), utc(begins)
    end = start + timedelta(hours=hours)
    found = shifts(one, start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(a.end == b.start and a.start < a.end for a, b in pairwise(found))
    for shift in found:
        assert on_call(one, shift.start) == shift.people
        assert on_call(one, shift.end - timedelta(seconds=1)) == shift.people
    free = any(not layer["hours"] for layer in layers)
    assert not free or all(shift.people for shift in found), "a gap that the layers do not have"


@settings(max_examples=40)
@given(LAYERS, BEGINS, st.integers(0, 100), st.integers(1, 100))
def test_an_override_wins_and_changes_nothing_else(layer, begins, after, lasts):
    one, start = schedule(layer), utc(begins)
    begun = start + timedelta(hours=after)
    over = Override(schedule="x", people=("zoe",), start=begun, end=begun + timedelta(hours=lasts))
    for hour in range(0, 240, 7):
        at = start + timedelta(hours=hour)
        expected = ("zoe",) if over.start <= at < over.end else on_call(one, at)
        assert on_call(one, at, [over]) == expected
