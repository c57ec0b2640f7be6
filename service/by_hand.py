"""What people change of an incident by hand: one table, which the API and the pages read; each act
answers the document as it is then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from ..app import lifecycle
from ..app.related import Related, related
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.people import Duty
from ..incident.severity import Severity
from ..intake.regrouping import merge, split
from ..record.store import Store
from ..record.tokens import Role
from .api import masked
from .auth import At, IncidentId, Observer, Who, may, seen
from .forms import INCIDENT, LARGEST, WORD, Form, Reason, Text
from .service import Service

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


class Into(Reason):
    """Where its alerts go, and why."""

    into: str = Field(pattern=INCIDENT, examples=["INC-20261129-091858-624d"])


class Those(Form):
    """Which alerts get an incident of their own, by their numbers in /alerts."""

    alerts: list[Annotated[int, Field(ge=1, le=LARGEST)]] = Field(min_length=1, max_length=1000)


@dataclass(frozen=True)
class Act:
    """Something that is done: whose role it takes, and what is said with it, which `change` gets by
    name; where that answers another incident's id, that is the one to look at then."""

    name: str
    path: str
    needs: Role
    form: type[Form]
    change: Callable[..., Incident | str]
    about: str
    status: int = 200

    def do(self, service: Service, who: Who, incident: str, said: Form) -> str:
        """Which incident to look at. Raises InputError, LifecycleError, NotFound."""
        told = said.model_dump()
        for other in told.keys() & {"other", "into"}:
            seen(service, who, told[other], self.needs)  # it is changed too
        found = self.change(service.store, incident, **told, by=who.identity)
        return found if isinstance(found, str) else incident


def _merge(store: Store, incident: str, into: str, reason: str, by: Identity) -> str:
    merge(store, incident, into, str(by), reason)
    return into


def _split(store: Store, incident: str, alerts: list[int], by: Identity) -> str:
    return split(store, incident, alerts, str(by))


ALL, SOME = Role.responder, Role.commander
ACTS = (
    Act("assign_duty", "duties", ALL, Given, lifecycle.assign, "Take a duty, or hand it over."),
    Act("set_severity", "severity", SOME, Level, lifecycle.set_severity, "Raise or lower it."),
    Act("add_note", "notes", ALL, Said, lifecycle.note, "Put something on the timeline."),
    Act("add_link", "links", ALL, Pointed, lifecycle.link, "Point at a call, a board, a ticket."),
    Act("relate_incident", "related", ALL, Other, lifecycle.relate, "Link it to another one."),
    Act("merge_incident", "merge", ALL, Into, _merge, "Into another, which is answered."),
    Act("split_incident", "split", ALL, Those, _split, "Give alerts one of their own.", 201),
    Act("resolve_incident", "resolve", SOME, Reason, lifecycle.resolve, "Call it over."),
    Act("reopen_incident", "reopen", ALL, Reason, lifecycle.reopen, "It was not over."),
    Act("close_incident", "close", SOME, Reason, lifecycle.close, "Nothing is left to do."),
)
"""Who may do what. What is done again stays as it is, or says that it is so already."""
BY_PATH = {act.path: act for act in ACTS}


def _route(act: Act) -> None:
    def change(service: At, who: Any, incident: IncidentId, form: Any) -> Incident:
        return service.record.published(act.do(service, who, incident, form))

    change.__annotations__ |= {"who": Annotated[Who, may(act.needs)], "form": act.form}
    more = {"name": act.name, "description": act.about, "status_code": act.status}
    BY_HAND.add_api_route(f"/incidents/{{incident}}/{act.path}", change, methods=["POST"], **more)


for _act in ACTS:
    _route(_act)


@BY_HAND.get("/incidents/{incident}/related")
def list_related(service: At, who: Observer, incident: IncidentId) -> list[Related]:
    """Which others may have to do with it, how strong that is and why."""
    return masked(related(service.store, service.record.incident(incident), who.sight))
