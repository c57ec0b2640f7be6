"""iCalendar: shifts as a feed for people's own calendars, and a team's calendar as a layer.

What a calendar holds is written by others: it is bounded in size, in what repeats and how often.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from ..errors import InputError
from .shifts import Shift, Spell

MOST_BYTES = 2**20
MOST_EVENTS = 5000
"""Of one reading."""
TOO_OFTEN = re.compile(rb"FREQ=(SECONDLY|MINUTELY|HOURLY)", re.IGNORECASE)
PEOPLE = re.compile(r"\s*(?:,|;|&|\band\b)\s*")


def spells(body: bytes, start: datetime, end: datetime, zone: ZoneInfo) -> list[Spell]:
    """Whose turn it is by a calendar, within a time: the attendees of an event, else those
    that its summary names; zone: of times that name none.

    Raises InputError for what is no calendar, or repeats more often than daily.
    """
    if len(body) > MOST_BYTES or TOO_OFTEN.search(body.replace(b"\r\n ", b"")):
        raise InputError("a calendar of more than 1 MB, or that repeats within a day, is not read")
    try:
        calendar = Calendar.from_ical(body)
        events = recurring_ical_events.of(calendar).between(start, end)
        return [spell for event in islice(events, MOST_EVENTS) for spell in _spell(event, zone)]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(f"this is no iCalendar that can be read ({error}): look at it") from error


def _spell(event: Any, zone: ZoneInfo) -> Iterator[Spell]:
    begin, end = _time(event["DTSTART"].dt, zone), _time(event["DTEND"].dt, zone)
    people = tuple(dict.fromkeys(filter(None, _people(event))))
    if people and begin < end and str(event.get("STATUS", "")).upper() != "CANCELLED":
        yield Spell(begin, end, people)


def _people(event: Any) -> Iterator[str]:
    invited = event.get("ATTENDEE", [])
    for one in invited if isinstance(invited, list) else [invited]:
        yield re.sub(r"(?i)^mailto:", "", str(one)).strip()[:100]
    if not invited:
        yield from (name[:100] for name in PEOPLE.split(str(event.get("SUMMARY", "")).strip()))


def _time(at: date, zone: ZoneInfo) -> datetime:
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def feed(name: str, found: Sequence[tuple[str, Shift]]) -> bytes:
    """An iCalendar of these shifts, each with its schedule's name; gaps are left out."""
    calendar = Calendar()
    for key, value in {"PRODID": "-//Warroom//on call//EN", "VERSION": "2.0"}.items():
        calendar.add(key, value)
    calendar.add("X-WR-CALNAME", name)
    calendar.add("REFRESH-INTERVAL", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for schedule, shift in found:
        if not shift.people:
            continue
        event = Event()
        event.add("UID", f"{schedule}-{shift.start:%Y%m%dT%H%M%SZ}@warroom")
        event.add("SUMMARY", f"{', '.join(shift.people)} on call: {schedule}")
        event.add("DTSTAMP", shift.start)
        event.add("DTSTART", shift.start)
        event.add("DTEND", shift.end)
        event.add("DESCRIPTION", "\n".join([shift.because, *shift.notes]))
        calendar.add_component(event)
    return calendar.to_ical()
