"""Who is told after whom, by which way and when: the section `oncall` of warroom.yaml."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import re2
from pydantic import AfterValidator, BeforeValidator, Field

from ..incident.severity import Severity
from ..yaml_tables import Duration, Entry, read_table
from .schedule import Hours, Name, Person, Schedule, Zone, listed
from .shifts import SOON, open_hours

MATCHER = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(=~|!~|!=|=)\s*(?:\"(.*)\"|([^\"]*?))\s*", re.DOTALL)
MOST_LEVELS = 20
ANY = "default"
"""Stands for every severity that has no levels of its own."""


def _matcher(text: str) -> str:
    found = MATCHER.fullmatch(text)
    if found is None:
        raise ValueError('write a matcher as Alertmanager has them: team="orders"')
    try:
        re2.compile(found[3] or found[4] or "")
    except re2.error as error:
        raise ValueError(f"not a pattern of RE2 ({error}): mend it") from None
    return text


def fits(matcher: str, labels: Mapping[str, str]) -> bool:
    """Whether labels match, as Alertmanager means it: a label that is not there is empty."""
    parts = MATCHER.fullmatch(matcher)
    assert parts is not None
    name, sign, quoted, bare = parts.groups()
    wanted, found = quoted or bare or "", labels.get(name, "")
    same = re2.fullmatch(wanted, found) is not None if "~" in sign else wanted == found
    return same is not sign.startswith("!")


Words = Annotated[
    tuple[Person, ...], BeforeValidator(listed, json_schema_input_type=str | list[str])
]


class Level(Entry):
    """Whom to tell, and how long to wait for them."""

    notify: Words = Field(
        min_length=1,
        description="a schedule, role, team or person, in this order where one name is several",
    )
    timeout: Duration | None = Field(
        default=None, description="until the next level is told: 15m; null: nobody comes after it"
    )
    repeat: int = Field(default=0, ge=0, le=20, description="told so often again before that")
    asked: str = Field(
        default="", max_length=300, description="what they are to do besides acknowledging"
    )


Levels = Annotated[tuple[Level, ...], Field(max_length=MOST_LEVELS)]
Matrix = dict[Severity | Literal["default"], Levels]


class Route(Entry):
    """Levels for some incidents, by the labels of their alert and service, team, category."""

    matchers: tuple[Annotated[str, AfterValidator(_matcher)], ...] = Field(
        description='all of which fit: team="orders"'
    )
    escalation: Matrix = Field(description="by severity; `default` for the others")


class External(Entry):
    """Somebody outside, to be called by a person."""

    provider: str = Field(description="who: the bank, the cloud")
    service: str = Field(description="for what: payments, network")
    contact: str = Field(description="number or address, with what they ask for")


class OnCall(Entry):
    """The whole section."""

    schedules: tuple[Schedule, ...] = Field(default=(), description="who is on; pages add others")
    roles: dict[Name, Words] = Field(
        default={}, description='who has a role: lead, manager; "orders:lead" is the team\'s own'
    )
    escalation: Matrix = Field(default={}, description="levels by severity; the practice's else")
    routes: tuple[Route, ...] = Field(default=(), description="the first that fits counts")
    acknowledged: dict[Severity, Duration] = Field(
        default={}, description="how long an acknowledgement counts; severities else: for good"
    )
    external: tuple[External, ...] = Field(default=(), description="providers to be called")

    def levels(self, severity: Severity, labels: Mapping[str, str]) -> tuple[Level, ...]:
        """Who is told of such an incident, one after the other."""
        usual = practice()
        own, theirs = _route(self.routes, labels), _route(usual.routes, labels)
        for matrix in (own, self.escalation, theirs, usual.levels):
            if (found := matrix.get(severity, matrix.get(ANY))) is not None:
                return found
        return ()

    def counts(self, severity: Severity) -> timedelta | None:
        """How long an acknowledgement counts; None: for good."""
        seconds = (self.acknowledged or practice().acknowledged).get(severity)
        return None if seconds is None else timedelta(seconds=seconds)


def _route(routes: Sequence[Route], labels: Mapping[str, str]) -> Matrix:
    """The levels of the first that fits; none: none does."""
    fit = (one for one in routes if all(fits(matcher, labels) for matcher in one.matchers))
    return next((one.escalation for one in fit), {})


class Practice(Entry):
    """escalation.yaml, which says what each is for."""

    levels: Matrix
    routes: tuple[Route, ...]
    acknowledged: dict[Severity, Duration]


@cache
def practice() -> Practice:
    """What holds where a team says nothing."""
    return read_table("oncall/escalation.yaml", Practice)


def after(levels: Sequence[Level], level: int, told: int) -> tuple[int, int] | None:
    """Which level is told next, and for which time: after `told` times at `level` (-1: nobody was
    yet). None: everybody was."""
    if 0 <= level < len(levels) and told <= levels[level].repeat:
        return level, told + 1
    return (level + 1, 1) if level + 1 < len(levels) else None


class Way(Entry):
    """How one person is reached."""

    person: Person = Field(description="whose it is")
    method: Literal["email", "chat", "sms", "phone", "push", "webhook"] = Field(description="by")
    address: str = Field(min_length=3, max_length=300, pattern=r"^[^\s\x00-\x1f\x7f]+$")
    delay: float = Field(default=0, ge=0, le=1440, description="minutes to wait before it is used")
    least: Severity = Field(default=Severity.P3, description="for this level and worse ones")
    quiet: Hours | Literal[""] = Field(
        default="", description="when it waits until these hours are over; a P0 never waits"
    )
    time_zone: Zone = Field(default="UTC", description="whose hours")

    def due(self, severity: Severity, now: datetime) -> datetime | None:
        """When it is used for an incident that is told of now; None: it is not."""
        if severity.rank > self.least.rank:
            return None
        due = now + timedelta(minutes=self.delay)
        if severity is Severity.P0 or not self.quiet:
            return due
        hours = open_hours((self.quiet,), ZoneInfo(self.time_zone), due, due + SOON)
        return next((end for begin, end in hours if begin <= due < end), due)


@dataclass(frozen=True)
class Load:
    """What being on call cost somebody in a time."""

    person: str
    pages: int
    per_week: float
    nights: int  # on which they were woken between 22 and 6, by their own clock
    out_of_hours: int  # pages outside Monday to Friday, 9 to 18


def loads(
    pages: Sequence[tuple[str, datetime]], weeks: float, zone: Callable[[str], ZoneInfo]
) -> list[Load]:
    """By person, who was told most first. pages: person and when; zone: of a person, a tzinfo."""
    found = []
    for person in sorted({one for one, _at in pages}):
        times = [at.astimezone(zone(person)) for one, at in pages if one == person]
        nights = {(at - timedelta(hours=6)).date() for at in times if at.hour < 6 or at.hour >= 22}
        out = sum(at.weekday() >= 5 or not 9 <= at.hour < 18 for at in times)
        found.append(Load(person, len(times), len(times) / weeks, len(nights), out))
    return sorted(found, key=lambda load: -load.pages)
