"""API v1 for what people change of an incident by hand; each answers the document as it is then."""

from fastapi import APIRouter
from pydantic import Field

from ..app import lifecycle
from ..app.related import Related, related
from ..incident.document import Incident
from ..incident.people import Duty
from ..incident.severity import Severity
from ..record.tokens import Role
from .api import masked
from .auth import At, Commander, IncidentId, Observer, Responder, seen
from .forms import INCIDENT, WORD, Form, Reason, Text

BY_HAND = APIRouter(tags=["by hand"])


class Given(Form):
    """Who takes which duty; a note for them."""

    duty: Duty = Field(examples=["technical lead"])
    whom: str = Field(min_length=1, max_length=100, pattern=WORD, examples=["ann"])
    note: str = Field(default="", max_length=2000, examples=["the rollback waits for you"])


class Level(Reason):
    """A level, and why."""

    severity: Severity


class Said(Form):
    """A line for the timeline."""

    text: Text = Field(examples=["The provider has confirmed it on the phone."])


class Pointed(Form):
    """Something to look at."""

    url: str = Field(min_length=8, max_length=2000, examples=["https://meet.example.org/2f4a"])
    title: str = Field(default="", max_length=200, examples=["call"])


class Other(Reason):
    """Another incident, and why it has to do with this one."""

    other: str = Field(pattern=INCIDENT, examples=["INC-20261129-091858-624d"])


@BY_HAND.post("/incidents/{incident}/duties")
def assign_duty(service: At, who: Responder, incident: IncidentId, form: Given) -> Incident:
    """Take a duty, give it, hand it over. Sent again it stays as it is."""
    lifecycle.assign(service.store, incident, form.duty, form.whom, who.identity, form.note)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/severity")
def set_severity(service: At, who: Commander, incident: IncidentId, form: Level) -> Incident:
    """Raise or lower it; it stands unless something worse than now is measured."""
    lifecycle.set_severity(service.store, incident, form.severity, form.reason, who.identity)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/notes")
def add_note(service: At, who: Responder, incident: IncidentId, form: Said) -> Incident:
    """Put something on the timeline, under one's name."""
    lifecycle.note(service.store, incident, form.text, who.identity)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/links")
def add_link(service: At, who: Responder, incident: IncidentId, form: Pointed) -> Incident:
    """Point at a call, a board, a ticket."""
    lifecycle.link(service.store, incident, form.url, form.title, who.identity)
    return service.record.published(incident)


@BY_HAND.get("/incidents/{incident}/related")
def list_related(service: At, who: Observer, incident: IncidentId) -> list[Related]:
    """Which others may have to do with it, how strong that is and why."""
    return masked(related(service.store, service.record.incident(incident), who.sight))


@BY_HAND.post("/incidents/{incident}/related")
def relate_incident(service: At, who: Responder, incident: IncidentId, form: Other) -> Incident:
    """Say of two incidents that they have to do with each other."""
    other = seen(service, who, form.other, Role.responder)
    lifecycle.relate(service.store, incident, other, form.reason, who.identity)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/resolve")
def resolve_incident(service: At, who: Commander, incident: IncidentId, form: Reason) -> Incident:
    """Call it over: nothing is begun any more, people are told, the postmortem is drafted."""
    lifecycle.resolve(service.store, incident, form.reason, who.identity)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/reopen")
def reopen_incident(service: At, who: Responder, incident: IncidentId, form: Reason) -> Incident:
    """It was not over: people work it from here."""
    lifecycle.reopen(service.store, incident, form.reason, who.identity)
    return service.record.published(incident)


@BY_HAND.post("/incidents/{incident}/close")
def close_incident(service: At, who: Commander, incident: IncidentId, form: Reason) -> Incident:
    """Nothing is left to do about it."""
    lifecycle.close(service.store, incident, form.reason, who.identity)
    return service.record.published(incident)
