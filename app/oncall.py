"""Who is on call here and how they are reached: what warroom.yaml says and what people keep."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine, delete

from ..agents.runtime.outbox import Letter
from ..errors import InputError, NotFound, TelemetryError
from ..incident.communication import of_ours
from ..incident.identity import WARROOM, Identity
from ..incident.severity import Severity
from ..incident.timeline import from_ts
from ..oncall.calendars import MOST_BYTES, feed, spells
from ..oncall.escalation import Way, practice
from ..oncall.schedule import Note, Override, Schedule
from ..oncall.shifts import SOON, Shift, Spell, shifts
from ..record.oncall import Shelf
from ..record.oncall_tables import ONCALL
from ..record.outbox import put_page
from ..record.tables import insert_once
from ..record.teams import Teams
from ..telemetry.sources.datasource import Datasource
from ..telemetry.sources.http import HttpApi
from .configuration_file import Configuration

PLACES = {word for levels in practice().levels.values() for one in levels for word in one.notify}
PLACES |= {"communications"}
"""Words of the practice: nobody's name, where a team fills them with nobody."""
LINK = "link"
LINK_S = 86400.0
"""How long the link of a page acknowledges."""


class Copy(BaseModel):
    """A calendar as it was read last; one that is away keeps what it said."""

    text: str = ""
    fault: str = ""


class KnownWay(Way):
    """A way to somebody, used once they have sent back the code that went there."""

    verified: bool = Field(default=False, description="whether the code came back")
    code: str = Field(default="", description="digest of the code that is waited for")
    until: float = Field(default=0.0, description="unix seconds, until when it counts")
    tries: int = Field(default=0, description="wrong codes so far")


class Link(BaseModel):
    """What an address that holds a secret is good for, and for nothing else."""

    acknowledge: str = Field(default="", description="this incident")
    calendar: str = Field(default="", description="the feed of this schedule")
    person: str = Field(default="", description="who acknowledges; whose shifts")
    until: float | None = Field(default=None, description="unix seconds; None: until it is dropped")


class Rota:
    """One installation's on-call, as it is now."""

    def __init__(self, engine: Engine, file: Configuration) -> None:
        self.told, self.url = file.oncall, file.server.url
        self.of_teams = Teams(engine)
        self.kept = Shelf(engine, "schedule", Schedule)
        self.overrides = Shelf(engine, "override", Override)
        self.notes = Shelf(engine, "note", Note)
        self.ways = Shelf(engine, "way", KnownWay, lambda way: {"of": way.person, "by": way.method})
        self.calendars = Shelf(engine, "calendar", Copy, lambda copy: {"fault": copy.fault})
        self.links = Shelf(engine, LINK, Link)

    @cached_property
    def schedules(self) -> dict[str, Schedule]:
        """By name; the file's stand above those that people keep."""
        kept = {one.body.name: one.body for one in self.kept.all()}
        return kept | {one.name: one for one in self.told.schedules}

    @cached_property
    def teams(self) -> dict[str, list[str]]:
        """Who belongs to which."""
        return {team: list(members) for team, members in self.of_teams.all().items()}

    @property
    def configured(self) -> bool:
        """Whether anybody is to be told at all."""
        return bool(self.schedules or self.told.roles)

    @property
    def addresses(self) -> list[str]:
        """Of the calendars that warroom.yaml names."""
        layers = (layer for one in self.told.schedules for layer in one.all_layers)
        return sorted({layer.ics for layer in layers if layer.ics})

    def faults(self) -> list[str]:
        """What is wrong with them, in words."""
        copies = [(ics, self.calendars.find(_digest(ics))) for ics in self.addresses]
        return [f"{ics} {kept.body.fault}" for ics, kept in copies if kept and kept.body.fault]

    def schedule(self, name: str) -> Schedule:
        """Raises NotFound."""
        if name not in self.schedules:
            raise NotFound(f"there is no schedule {name}; there are: {', '.join(self.schedules)}")
        return self.schedules[name]

    def shifts(self, name: str, start: datetime, end: datetime) -> list[Shift]:
        """A schedule's time from start to end. Raises NotFound."""
        one = self.schedule(name)
        overrides = [kept.body for kept in self.overrides.all() if kept.body.schedule == name]
        notes = [kept.body for kept in self.notes.all() if kept.body.schedule == name]
        said = {
            layer.ics: self._said(layer.ics, one.zone, start, end)
            for layer in one.all_layers
            if layer.ics
        }
        return shifts(one, start, end, overrides, said, notes)

    def _said(self, ics: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[Spell]:
        copy = self.calendars.find(_digest(ics))
        if copy is None or not copy.body.text:
            return []
        try:
            return spells(copy.body.text.encode(), start, end, zone)
        except InputError:  # a time of it that nobody can read: whoever comes next is told
            return []

    def people(self, words: Sequence[str], team: str, at: datetime, deep: int = 5) -> list[str]:
        """Who is meant at a moment, by schedule, role, team or name; the team's own count first."""
        found: list[str] = []
        for word in words:
            name = f"{team}:{word}" if self._knows(f"{team}:{word}") else word
            if name in self.schedules:
                found += self.shifts(name, at, at + SOON)[0].people
            elif (given := self.told.roles.get(name, self.teams.get(name))) is not None:
                found += self.people(given, team, at, deep - 1) if deep else []
            elif name not in PLACES:
                found.append(name)
        return list(dict.fromkeys(found))

    def _knows(self, name: str) -> bool:
        return name in self.schedules or name in self.told.roles

    def due(self, person: str, severity: Severity, at: datetime) -> list[tuple[str, datetime]]:
        """By which channels and when somebody is told, soonest first; where they gave none that was
        verified, under their name."""
        mine = [way for way in self.ways.all() if way.body.person == person and way.body.verified]
        times = [(f"{way.body.method}:{way.key}", way.body.due(severity, at)) for way in mine]
        found = sorted(((c, t) for c, t in times if t), key=lambda pair: pair[1])
        return found or [(f"person:{person}", at)]

    def zone(self, person: str) -> ZoneInfo:
        """Whose clock somebody lives by, as far as their ways say."""
        zones = [way.body.time_zone for way in self.ways.all() if way.body.person == person]
        return ZoneInfo(zones[0] if zones else "UTC")

    def feed(self, secret: str, now: float) -> bytes:
        """The calendar behind a secret link: a schedule's, or one person's of all schedules."""
        link = self.opened(secret, now)
        if not link.calendar and (link.acknowledge or not link.person):
            raise NotFound(GONE)
        names = [link.calendar] if link.calendar else list(self.schedules)
        start, end = from_ts(now) - timedelta(days=14), from_ts(now) + timedelta(days=90)
        found = [(name, shift) for name in names for shift in self.shifts(name, start, end)]
        mine = [(n, s) for n, s in found if not link.person or link.person in s.people]
        return feed(link.calendar or link.person, mine)

    def opened(self, secret: str, now: float) -> Link:
        """What a secret is good for. Raises NotFound."""
        found = self.links.find(_digest(secret))
        if found is None or (found.body.until or now) < now:
            raise NotFound(GONE)
        return found.body


GONE = "this link is good for nothing, or no more: ask for a new one"


def make_link(connection: Connection, link: Link, by: str = WARROOM.name) -> tuple[str, str]:
    """Its secret in clear, which is kept nowhere, and what it is kept under."""
    key = _digest(secret := secrets.token_urlsafe(32))
    row = {"kind": LINK, "key": key, "version": 1, "at": time.time(), "made_by": by}
    insert_once(connection, ONCALL, **row, body=link.model_dump_json())
    return secret, key


def drop_links(engine: Engine, now: float) -> None:
    """Those of pages that are good for nothing any more; now: unix seconds."""
    of_a_page = (ONCALL.c.kind == LINK, ONCALL.c.body.not_like('%"until":null%'))
    with engine.begin() as connection:
        connection.execute(delete(ONCALL).where(*of_a_page, ONCALL.c.at < now - 2 * LINK_S))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def refresh(rota: Rota) -> None:
    """Read the calendars that warroom.yaml names anew; what one cannot say now, it said before."""
    for ics in rota.addresses:
        before = rota.calendars.find(_digest(ics))
        copy = before.body if before else Copy()
        try:
            text = _read(ics).decode("utf-8", "replace")
            now = from_ts(time.time())
            spells(text.encode(), now, now + timedelta(days=30), ZoneInfo("UTC"))
            copy = Copy(text=text)
        except (InputError, TelemetryError) as error:
            copy = copy.model_copy(update={"fault": str(error)})
        if before is None or copy != before.body:
            rota.calendars.put(_digest(ics), copy, WARROOM)


def _read(ics: str) -> bytes:
    """Addresses stand in warroom.yaml alone, and are asked as every backend is."""
    if "://" in ics:
        return HttpApi(Datasource(name="calendar", type="files", url=ics)).ask()
    try:
        with Path(ics).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{ics}: {error.strerror}: name a file that can be read") from error


# Ways to people: theirs once the code that went there came back.

CODE_S, TRIES = 900.0, 5
"""How long a code counts, and how many wrong ones may be given."""


def send_code(rota: Rota, key: str, way: Way, by: Identity) -> None:
    """Keep a way to somebody, unverified, and have a code go there."""
    code, now = f"{secrets.randbelow(10**6):06}", time.time()
    plain = way.model_dump(include=set(Way.model_fields))
    kept = KnownWay(**plain, code=_digest(code), until=now + CODE_S)
    rota.ways.put(key, kept, by)
    body = f"{code} shows that this reaches you, for {CODE_S / 60:.0f} minutes.\n"
    told = ("code", f"Warroom's code for you: {code}", body)
    say(rota, f"code:{kept.code[:16]}", f"{way.method}:{key}", from_ts(now), *told)


def say(rota: Rota, name: str, channel: str, at: datetime, *told: str) -> None:
    """Have one person told, once under this name, of no incident: template, subject, body."""
    template, subject, body = told
    message = of_ours(template, [channel], subject, body, at)
    letter = Letter(message=message, drill=False, at=at).model_dump_json()
    with rota.ways.engine.begin() as connection:
        put_page(connection, name, "", channel, letter, at.timestamp())


def verify(rota: Rota, key: str, code: str, by: Identity) -> None:
    """The code came back. Raises NotFound, InputError for one that is wrong or counts no more."""
    kept = rota.ways.get(key)
    way, version = kept.body, kept.version
    if not way.code or way.until < time.time() or way.tries >= TRIES:
        raise InputError("no code counts here any more: have a new one sent")
    right = secrets.compare_digest(_digest(code), way.code)
    update = {"verified": True, "code": ""} if right else {"tries": way.tries + 1}
    rota.ways.put(key, way.model_copy(update=update), by, version)
    if not right:
        raise InputError(f"this is not the code; {TRIES - 1 - way.tries} more tries")
