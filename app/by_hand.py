"""What people change of an incident by hand: one table of acts, what is said with each and the role
that it takes. The API, the pages and chat read it; none of them has another rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import InputError
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.people import Duty
from ..incident.severity import Severity
from ..intake.regrouping import merge, split
from ..misfit import misfits
from ..record.store import Store
from ..record.tokens import Role
from . import lifecycle, plans
from .memory import forget

WORD = r"^[^\x00-\x1f\x7f-\x9f]+$"
LARGEST = 2**53 - 1
"""The largest number that every reader of JSON keeps as it is."""
INCIDENT = r"^[A-Za-z0-9-]{1,64}$"
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=WORD)]


class Form(BaseModel):
    """What is sent to us: unknown fields are errors, as a wrong word must not pass for a yes."""

    model_config = ConfigDict(extra="forbid")


class Reason(Form):
    """Why; it goes on the record."""

    reason: Text = Field(examples=["checkout v1.4.1 has the old price table"])


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


class Wrote(Form):
    """How many, in all since it began."""

    contacts: int = Field(ge=0, le=10_000_000, examples=[14])


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

    def read(self, told: Mapping[str, object]) -> Form:
        """What is said with it. Raises InputError with all that is wrong, in words."""
        try:
            return self.form.model_validate(told)
        except ValidationError as error:
            raise InputError("; ".join(misfits(error))) from error

    def do(self, store: Store, incident: str, said: Form, by: Identity) -> str:
        """Which incident to look at then. Raises InputError, LifecycleError, NotFound."""
        found = self.change(store, incident, **said.model_dump(), by=by)
        return found if isinstance(found, str) else incident

    @staticmethod
    def others(said: Form) -> list[str]:
        """Further incidents that it changes."""
        told = said.model_dump()
        return [told[name] for name in told.keys() & {"other", "into"}]


class Followed(Form):
    """Which runbook, by its name."""

    runbook: str = Field(min_length=1, max_length=80, pattern=WORD, examples=["bad-deploy"])


class Went(Form):
    """What one did, or found; `skip`: the step is passed over."""

    note: str = Field(default="", max_length=2000, examples=["the provider confirms it"])
    skip: bool = False


def _merge(store: Store, incident: str, into: str, reason: str, by: Identity) -> str:
    merge(store, incident, into, str(by), reason)
    return into


def _split(store: Store, incident: str, alerts: list[int], by: Identity) -> str:
    return split(store, incident, alerts, str(by))


ALL, SOME = Role.responder, Role.commander
ACTS = (
    Act("assign_duty", "duties", ALL, Given, lifecycle.assign, "Take a duty, or hand it over."),
    Act(
        "set_severity",
        "severity",
        SOME,
        Level,
        lifecycle.set_severity,
        "Set or confirm it.",
    ),
    Act("add_note", "notes", ALL, Said, lifecycle.note, "Put something on the timeline."),
    Act("add_link", "links", ALL, Pointed, lifecycle.link, "Point at a call, a board, a ticket."),
    Act("count_support", "support", ALL, Wrote, lifecycle.support, "How many wrote to support."),
    Act("relate_incident", "related", ALL, Other, lifecycle.relate, "Link it to another one."),
    Act("merge_incident", "merge", ALL, Into, _merge, "Into another, which is answered."),
    Act("split_incident", "split", ALL, Those, _split, "Give alerts one of their own.", 201),
    Act("resolve_incident", "resolve", SOME, Reason, lifecycle.resolve, "Call it over."),
    Act("reopen_incident", "reopen", ALL, Reason, lifecycle.reopen, "It was not over."),
    Act("follow_runbook", "follow", ALL, Followed, plans.start, "Work it by a runbook."),
    Act("stop_runbook", "stop-runbook", ALL, Reason, plans.stop, "Follow it no further."),
    Act("resume_runbook", "go-on", ALL, Went, plans.resume, "Its step is done; once more; skip."),
    Act("forget_incident", "forget", SOME, Reason, forget, "Not remembered for later ones."),
    Act("close_incident", "close", SOME, Reason, lifecycle.close, "Nothing is left to do."),
)
"""Who may do what. What is done again stays as it is, or says that it is so already."""
BY_PATH = {act.path: act for act in ACTS}
