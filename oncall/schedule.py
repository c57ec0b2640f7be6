"""A schedule: who takes turns, when, by whose clock. The same words in warroom.yaml and over HTTP.

Hand-overs are times on a wall: at nine in the morning, whatever daylight saving does to the night
before. What the clocks jump over happens when they jump; what they show twice, the first time.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from ..yaml_tables import Entry

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY = 24 * 60
HOURS = re.compile(
    r"(?:([A-Z][a-z]{2})(?:-([A-Z][a-z]{2}))? )?(\d\d):(\d\d)-(?:([A-Z][a-z]{2}) )?(\d\d):(\d\d)"
)
HOW = 'write "Mon-Fri 09:00-17:00", "22:00-06:00" or "Fri 17:00-Mon 09:00"'
MOST = 200
"""Layers of a schedule, participants of a layer."""
Stretch = tuple[int, int]
"""Minutes from Monday 00:00, and minutes that it lasts."""


@cache
def stretches(text: str) -> tuple[Stretch, ...]:
    """Parts of a week in words. Raises ValueError that says how to write it."""
    found = HOURS.fullmatch(text)
    if found is None or not {found[1], found[2], found[5]} <= {*DAYS, None}:
        raise ValueError(f"{text!r} is no part of a week: {HOW}")
    begin, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (3, 6))
    if max(begin, end) > DAY or (found[5] and (found[2] or not found[1])):
        raise ValueError(f"{text!r} is no part of a week: {HOW}")
    first = DAYS.index(found[1]) if found[1] else 0
    if found[5]:
        whole = (DAYS.index(found[5]) - first) % 7 * DAY + end - begin
        return ((first * DAY + begin, whole if whole > 0 else whole + 7 * DAY),)
    last = DAYS.index(found[2]) if found[2] else first if found[1] else 6
    days = range(first, first + (last - first) % 7 + 1)
    return tuple((day % 7 * DAY + begin, end - begin + (end <= begin) * DAY) for day in days)


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("write a time zone, such as Europe/Berlin")
    return text


def _hours(text: str) -> str:
    stretches(text)
    return text


def _wall(at: datetime) -> datetime:
    if at.tzinfo is not None:
        raise ValueError("write the time on the schedule's wall, without an offset")
    return _near(at)


def _near(at: datetime) -> datetime:
    if not 1990 <= at.year <= 2200:
        raise ValueError("write a year from 1990 to 2200")
    return at


def _together(value: Any) -> Any:
    """One person, or several that take a turn together; none: nobody does."""
    return (value,) if isinstance(value, str) else value


def listed(value: Any) -> Any:
    """A word alone is a list of one."""
    return [value] if isinstance(value, str) else value


Zone = Annotated[str, AfterValidator(_zone)]
Hours = Annotated[str, AfterValidator(_hours)]
Moment = Annotated[AwareDatetime, AfterValidator(_near)]
Wall = Annotated[datetime, AfterValidator(_wall)]
Person = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Together = Annotated[
    tuple[Person, ...], BeforeValidator(_together, json_schema_input_type=str | list[str])
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:@ -]{1,100}$")]


class Layer(Entry):
    """People who take turns, or a calendar that says whose turn it is."""

    name: str = Field(default="", max_length=100, description="in a word, for who looks at it")
    participants: tuple[Together, ...] = Field(
        default=(), max_length=MOST, description="in their order; a list within takes one turn"
    )
    rotation: Literal["hourly", "daily", "weekly"] = Field(
        default="weekly", description="what a turn is counted in"
    )
    every: int = Field(default=1, ge=1, le=1000, description="so many hours, days or weeks a turn")
    start: Wall | None = Field(default=None, description="the first hand-over, on the wall")
    end: Wall | None = Field(default=None, description="after which it is over; null: never")
    hours: tuple[Hours, ...] = Field(
        default=(), max_length=50, description=f"on in these only: {HOW}; empty: always"
    )
    priority: int = Field(
        default=0, ge=0, le=100, description="the highest that has somebody counts; equals together"
    )
    ics: str = Field(default="", description="an iCalendar's address or file, for participants")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.ics) is bool(self.participants):
            raise ValueError("give `participants` and `start`, or `ics`")
        if self.participants and self.start is None:
            raise ValueError('it lacks `start`: when the first turn begins, "2026-11-02T09:00"')
        return self

    @property
    def turn(self) -> timedelta:
        """How long one has it."""
        hours = {"hourly": 1, "daily": 24, "weekly": 168}[self.rotation]
        return timedelta(hours=hours * self.every)


class Schedule(Entry):
    """Who is on call; of the layers the highest that has somebody counts."""

    name: Name = Field(description='as escalations call it; "orders:primary" is the team\'s own')
    time_zone: Zone = Field(default="UTC", description="whose wall: Europe/Berlin")
    layers: tuple[Layer, ...] = Field(default=(), max_length=MOST, description="who takes turns")
    ics: str = Field(default="", description="a calendar alone, in a word for a layer of it")

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """With the calendar's."""
        return (*self.layers, Layer(ics=self.ics)) if self.ics else self.layers

    @property
    def zone(self) -> ZoneInfo:
        """Whose clock it goes by."""
        return ZoneInfo(self.time_zone)


class Override(Entry):
    """Somebody else for a while, whatever the layers say."""

    schedule: str = Field(description="of this schedule")
    people: Together = Field(description="who is on")
    start: Moment = Field(description="from then")
    end: Moment = Field(description="until then")
    reason: str = Field(default="", max_length=500, description="why")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta() < self.end - self.start <= timedelta(days=400):
            raise ValueError("it ends after it starts, within 400 days")
        return self


class Note(Entry):
    """What one who was on leaves to the next."""

    schedule: str = Field(description="of this schedule")
    at: AwareDatetime = Field(description="when it was written")
    by: str = Field(description="who wrote it")
    text: str = Field(min_length=1, max_length=4000, description="what the next has to know")


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock of the zone shows this first, UTC; where it jumps over it, when it jumps."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while (at - before) > timedelta(seconds=1):
        middle = (before + (at - before) / 2).replace(microsecond=0)
        same = middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset()
        before, at = (middle, at) if same else (before, middle)
    return at
