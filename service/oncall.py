"""API v1 for on-call: schedules and who is on, ways to people, who is told of an incident.

Whoever responds may take a shift over, give away their own and look after their own ways;
schedules, and what is others', are an administrator's.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from ..app.escalating import acknowledge, release
from ..app.oncall import KnownWay, Link, Rota, make_link, send_code, verify
from ..errors import InputError, NotFound
from ..incident.timeline import from_ts, utc_now
from ..oncall.escalation import External, Load, Way, loads
from ..oncall.schedule import Name, Note, Override, Schedule
from ..oncall.shifts import Shift, remarks
from ..record.escalations import Escalations, Standing, Step
from ..record.oncall import Kept
from ..record.tokens import Role
from .auth import Admin, At, IncidentId, Observer, Responder, Who
from .forms import Form, Text
from .problems import Refused

ONCALL = APIRouter(tags=["on-call"])
OPENED = APIRouter(include_in_schema=False)
"""What a secret link opens, to whoever has it."""
Key = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", examples=["1f3a9c02d4e5"])]
Called = Annotated[Name, Path(examples=["primary"])]
Since = Annotated[float | None, Query(ge=0, le=4e9, description="unix seconds; null: now")]
Days = Annotated[int, Query(ge=1, le=92, description="so many from there")]


def rota_of(service: At) -> Rota:
    """Who is on call here."""
    return Rota(service.engine, service.configuration)


On = Annotated[Rota, Depends(rota_of)]


@dataclass(frozen=True)
class OnNow:
    """Who is on a schedule now, and who comes next."""

    schedule: str
    now: Shift
    next: Shift | None


@dataclass(frozen=True)
class Shifts:
    """A time of a schedule, without a hole; gaps and overlaps in words."""

    shifts: Sequence[Shift]
    remarks: Sequence[str]


@dataclass(frozen=True)
class Escalation:
    """Who was told of an incident, and who comes next."""

    standing: Standing
    steps: Sequence[Step]


class NewNote(Form):
    """What the next one has to know."""

    text: Text


class Code(Form):
    """That went to the address."""

    code: str = Field(pattern="^[0-9]{6}$", examples=["031415"])


class NewLink(Form):
    """A calendar of a schedule, or of somebody's shifts on all."""

    schedule: str = Field(default="", max_length=100)
    person: str = Field(default="", max_length=100)


class MadeLink(BaseModel):
    """Shown this once: whoever has it reads the calendar, until it is dropped."""

    url: str
    key: str = Field(description="to drop it by")


@ONCALL.get("/on-call")
def who_is_on(rota: On, _who: Observer) -> list[OnNow]:
    """Each schedule's people now, and who comes next within two weeks."""
    now, found = utc_now(), []
    for name in rota.schedules:
        first, *later = rota.shifts(name, now, now + timedelta(days=14))
        found.append(OnNow(name, first, later[0] if later else None))
    return found


@ONCALL.get("/on-call/external")
def list_external(rota: On, _who: Observer) -> Sequence[External]:
    """Providers that a person may have to call."""
    return rota.told.external


@ONCALL.get("/on-call/load")
def list_loads(service: At, rota: On, _who: Observer, days: Days = 28) -> list[Load]:
    """What being on call cost each of them: pages, nights, times out of hours."""
    steps = Escalations(service.engine).history(since=time.time() - days * 86400)
    told = [(step.person, from_ts(step.at)) for step in steps if step.act == "told"]
    return loads([pair for pair in told if pair[0]], days / 7, rota.zone)


@ONCALL.get("/on-call/schedules")
def list_schedules(rota: On, _who: Observer) -> list[Schedule]:
    """Those of warroom.yaml and those that were made here."""
    return list(rota.schedules.values())


@ONCALL.put("/on-call/schedules/{name}")
def set_schedule(rota: On, who: Admin, name: Called, form: Schedule) -> Schedule:
    """Make one, or write it anew."""
    if name != form.name or any(one.name == name for one in rota.told.schedules):
        raise InputError("give the name of the path; one of warroom.yaml is changed there")
    if any(layer.ics for layer in form.all_layers):
        raise InputError("a calendar's address stands in warroom.yaml, which says whom we ask")
    rota.kept.put(name, form, who.identity)
    return form


@ONCALL.delete("/on-call/schedules/{name}", status_code=204)
def drop_schedule(rota: On, who: Admin, name: Called) -> None:
    """Nobody is on it any more."""
    rota.kept.drop(name, who.identity)


@ONCALL.get("/on-call/schedules/{name}/shifts")
def list_shifts(
    rota: On, _who: Observer, name: Called, start: Since = None, days: Days = 14
) -> Shifts:
    """Who is on, hand-over by hand-over, with what each left to the next."""
    begin = from_ts(time.time() if start is None else start)
    found = rota.shifts(name, begin, begin + timedelta(days=days))
    return Shifts(found, remarks(found))


@ONCALL.post("/on-call/schedules/{name}/notes", status_code=201)
def leave_note(rota: On, who: Responder, name: Called, form: NewNote) -> Note:
    """Say what the next one has to know."""
    rota.schedule(name)
    note = Note(schedule=name, at=utc_now(), by=who.name, text=form.text)
    rota.notes.put(_key(), note, who.identity)
    return note


@ONCALL.get("/on-call/overrides")
def list_overrides(rota: On, _who: Observer) -> list[Kept[Override]]:
    """All, oldest first."""
    return rota.overrides.all()


@ONCALL.post("/on-call/overrides", status_code=201)
def override(rota: On, who: Responder, form: Override) -> Kept[Override]:
    """Take a time over, or give away one's own; an administrator may for everybody."""
    taken = rota.shifts(form.schedule, form.start, form.end)
    own = form.people == (who.name,) or all(s.people == (who.name,) for s in taken)
    if not own and who.role is not Role.admin:
        raise Refused(403, "take it over yourself, or give away your own: others' are an admin's")
    rota.overrides.put(key := _key(), form, who.identity)
    return rota.overrides.get(key)


@ONCALL.delete("/on-call/overrides/{key}", status_code=204)
def drop_override(rota: On, who: Responder, key: Key) -> None:
    """The layers count again."""
    kept = rota.overrides.get(key)
    _mine(who, kept.made_by)
    rota.overrides.drop(key, who.identity)


@ONCALL.get("/on-call/ways")
def list_ways(rota: On, who: Responder) -> list[Kept[KnownWay]]:
    """One's own ways to be reached; an administrator sees everybody's."""
    every = who.role is Role.admin
    found = [way for way in rota.ways.all() if every or way.body.person == who.name]
    return [replace(way, body=way.body.model_copy(update={"code": ""})) for way in found]


@ONCALL.post("/on-call/ways", status_code=202)
def add_way(rota: On, who: Responder, form: Way) -> MadeLink:
    """Keep it; used once the code that goes there now was sent back."""
    _mine(who, form.person)
    send_code(rota, key := _key(), form, who.identity)
    return MadeLink(url=f"/api/v1/on-call/ways/{key}/verify", key=key)


@ONCALL.post("/on-call/ways/{key}/code", status_code=202)
def send_code_again(rota: On, who: Responder, key: Key) -> None:
    """A new code goes there; the one before counts no more."""
    way = rota.ways.get(key).body
    _mine(who, way.person)
    send_code(rota, key, way, who.identity)


@ONCALL.post("/on-call/ways/{key}/verify", status_code=204)
def verify_way(rota: On, who: Responder, key: Key, form: Code) -> None:
    """The code that came there."""
    _mine(who, rota.ways.get(key).body.person)
    verify(rota, key, form.code, who.identity)


@ONCALL.delete("/on-call/ways/{key}", status_code=204)
def drop_way(rota: On, who: Responder, key: Key) -> None:
    """Not used any more."""
    _mine(who, rota.ways.get(key).body.person)
    rota.ways.drop(key, who.identity)


@ONCALL.post("/on-call/calendars", status_code=201)
def make_calendar(service: At, rota: On, who: Responder, form: NewLink) -> MadeLink:
    """An address for a calendar program: of a schedule, or of somebody's own shifts."""
    if form.schedule:
        rota.schedule(form.schedule)
    elif not form.person:
        raise InputError("name a schedule or a person")
    with rota.links.engine.begin() as connection:
        link = Link(calendar=form.schedule, person=form.person)
        secret, key = make_link(connection, link, who.name)
    return MadeLink(url=f"{rota.url}/on-call/calendar/{secret}.ics", key=key)


@ONCALL.delete("/on-call/calendars/{key}", status_code=204)
def drop_calendar(
    rota: On, who: Responder, key: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> None:
    """Whoever has its address reads nothing any more."""
    _mine(who, rota.links.get(key).made_by)
    rota.links.drop(key, who.identity)


@OPENED.get("/on-call/calendar/{secret}.ics")
def read_calendar(rota: On, secret: str) -> Response:
    """As calendar programs read it."""
    return Response(rota.feed(secret, time.time()), media_type="text/calendar")


@ONCALL.get("/incidents/{incident}/escalation")
def get_escalation(service: At, _who: Observer, incident: IncidentId) -> Escalation:
    """Who was told when and why, and when the next are."""
    service.record.incident(incident)
    found = Escalations(service.engine)
    if (standing := found.of(incident)) is None:
        raise NotFound(f"nobody is told of {incident} yet: it is not classified")
    return Escalation(standing, found.history(incident))


@ONCALL.post("/incidents/{incident}/acknowledge")
def acknowledge_incident(service: At, who: Responder, incident: IncidentId) -> Standing:
    """It is yours: nobody else is told for as long as that counts."""
    return acknowledge(service.store, incident, who.identity)


@ONCALL.post("/incidents/{incident}/release")
def release_incident(service: At, who: Responder, incident: IncidentId) -> Standing:
    """Give it back: those who were told last are told again, now."""
    return release(service.store, incident, who.identity)


def _key() -> str:
    return secrets.token_hex(6)


def _mine(who: Who, name: str) -> None:
    if name != who.name and who.role is not Role.admin:
        raise Refused(403, "this is somebody else's: only they and an admin may")
