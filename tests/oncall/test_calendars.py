"""iCalendar: out as people's calendars read it, in as teams keep it, bounded."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from warroom.errors import InputError
from warroom.oncall.calendars import MOST_BYTES, feed, spells
from warroom.oncall.schedule import Schedule
from warroom.oncall.shifts import shifts

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
HEAD, TAIL = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n", "END:VCALENDAR\r\n"


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", ""])


def read(*events: str) -> list:
    return spells((HEAD + "".join(events) + TAIL).encode(), START, END, BERLIN)


def test_what_repeats_goes_by_its_own_wall():
    found = read(
        event(
            "UID:1",
            "SUMMARY:ann",
            "DTSTART;TZID=Europe/Berlin:20261019T090000",
            "DTEND;TZID=Europe/Berlin:20261026T090000",
            "RRULE:FREQ=WEEKLY;INTERVAL=2",
        )
    )
    assert [(s.people, s.start, s.end) for s in found] == [
        (("ann",), datetime(2026, 10, 19, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)),
        (("ann",), datetime(2026, 11, 2, 8, tzinfo=UTC), datetime(2026, 11, 9, 8, tzinfo=UTC)),
    ]


def test_who_is_invited_counts_above_the_summary_and_whole_days_are_days_there():
    (found,) = read(
        event(
            "UID:2",
            "SUMMARY:on call",
            "ATTENDEE;CN=Ann:mailto:ann@example.org",
            "ATTENDEE:mailto:ben@example.org",
            "DTSTART;VALUE=DATE:20261101",
            "DTEND;VALUE=DATE:20261102",
        )
    )
    assert found.people == ("ann@example.org", "ben@example.org")
    assert found.start == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_names_in_a_summary_and_what_was_called_off():
    times = ("DTSTART:20261101T000000Z", "DTEND:20261102T000000Z")
    gone = event("UID:4", "SUMMARY:cat", "STATUS:CANCELLED", *times)
    (found,) = read(event("UID:3", "SUMMARY:ann and ben", *times), gone)
    assert found.people == ("ann", "ben")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        (HEAD + event("UID:5", "DTSTART:banana", "DTEND:20261102T000000Z") + TAIL).encode(),
        (
            HEAD + event("UID:6", "RRULE:FREQ=SEC\r\n ONDLY", "DTSTART:20200101T000000Z") + TAIL
        ).encode(),
        b"x" * (MOST_BYTES + 1),
    ],
)
def test_what_cannot_be_read_says_so(body):
    with pytest.raises(InputError):
        spells(body, START, END, BERLIN)


def test_a_feed_holds_each_shift_once_and_is_read_back():
    layer = {"participants": ["ann", "ben"], "start": "2026-10-19T09:00"}
    one = Schedule.model_validate({"name": "p", "time_zone": "Europe/Berlin", "layers": [layer]})
    found = shifts(one, START, END)
    body = feed("primary", [("primary", shift) for shift in found])
    names = [str(each["SUMMARY"]) for each in Calendar.from_ical(body).walk("VEVENT")]
    assert names == [f"{s.people[0]} on call: primary" for s in found]
    again = spells(body, START, END, BERLIN)
    assert [(s.start, s.end) for s in again] == [(s.start, s.end) for s in found]
    assert again[0].end - again[0].start < timedelta(days=7)
