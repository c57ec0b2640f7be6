"""What there is to act on: services, versions, flags, tables; an action's target is among these."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind


class ModelUse(BaseModel):
    """How a service uses a language model, as far as that can be set."""

    model: str = Field(default="", description="the one it asks")
    models: list[str] = Field(default_factory=list, description="it can ask, the largest first")
    canned: bool = Field(default=False, description="it answers without one")
    tokens_per_minute: float | None = Field(default=None, description="at most; null: no cap")
    calls_per_request: int | None = Field(default=None, description="at most; null: no cap")


class Canary(BaseModel):
    """A release that takes requests step by step, while it is under way."""

    version: str = Field(description="that it brings")
    stable: str = Field(description="that ran before and has the rest of the requests")
    weight: int = Field(default=0, description="percent of requests that it has")
    waits: list[int] = Field(default=[], description="percent at which it waits next; none: never")


class Part(BaseModel):
    """One service as a target knows it."""

    instances: list[str] = Field(default_factory=list, description="taking requests")
    spares: list[str] = Field(default_factory=list, description="defined, not taking requests")
    stopped: list[str] = Field(
        default_factory=list, description="somebody stopped them; started where nothing else runs"
    )
    version: str = Field(default="", description="the version it runs; empty: no release")
    deployed: str = Field(
        default="", description="version of the last deploy on record; empty: none is kept"
    )
    previous: str = Field(default="", description="the version to roll back to; empty: none")
    versions: list[str] = Field(default_factory=list, description="versions it can be switched to")
    provider: str = Field(default="", description="the third party it uses; empty: none")
    ai: ModelUse | None = Field(default=None, description="null: it uses no language model")
    edge: bool = Field(default=False, description="whether users' requests enter here")
    autoscaler: str = Field(default="", description="what sets how many run; empty: nobody does")
    unscaled: str = Field(default="", description="why it is not scaled, and what would work")
    fields: dict[str, JsonValue] = Field(
        default_factory=dict, description="what can be set, and what it is; null: not there"
    )
    unreplaced: str = Field(default="", description="why a change would replace no process of it")
    before: dict[str, JsonValue] = Field(default={}, description="fields that were otherwise")
    objects: list[str] = Field(default=[], description="that it is: Deployment shop/web in prod")
    owner: str = Field(
        default="", description="who would put a live change back; empty: nobody is known"
    )
    instead: str = Field(default="", description="what a roll back does instead of a new roll-out")
    left_to: str = Field(default="", description="who carries that on; empty: it is done then")
    canary: Canary | None = Field(default=None, description="null: it is in no such release")

    @property
    def most(self) -> int:
        """Instances that it can be scaled to."""
        return len(self.instances) + len(self.spares)

    def is_of(self, ref: str) -> bool:
        """Whether an object (Deployment shop/web in prod, or wherever) belongs to it."""
        return any(ref in (one, one.partition(" in ")[0]) for one in self.objects)

    def kept(self, name: str) -> str:
        """Why nothing is changed behind its owner's back."""
        return f"{name} is kept by {self.owner}, which puts a live change back: change it there"


class Request(BaseModel):
    """A pull or merge request, exactly as it would be opened."""

    repository: str = Field(description="acme/shop at https://github.com")
    base: str = Field(description="the branch it is merged into, and the commit that this is at")
    branch: str = Field(description="that is made for it")
    head: str = Field(description="the one commit in it: its hash covers every character")
    title: str = Field(description="its first line")
    diff: str = Field(description="what is otherwise when it is merged")
    url: str = Field(default="", exclude=True, description="where it waits; no part of a plan")


class Stood(NamedTuple):
    """How a request stands, or a commit that somebody has to push."""

    state: Literal["open", "merged", "closed"]
    where: str  # people look at it
    at: datetime | None = None  # when it was merged, where that is told
    others: bool = False  # somebody else pushed to its branch


class Procedure(BaseModel):
    """A command that an operator prepared, as far as a plan has to know it."""

    does: ActionKind = Field(description="the action that it is")
    target: str = Field(description="the service, cache or volume that it is for")
    written: str = Field(description="digest of what the operator wrote")
    done: bool | None = Field(default=None, description="what its check says; null: it has none")


class Inventory(BaseModel):
    """Everything that an action may be aimed at, and which actions are offered at all."""

    services: dict[str, Part] = Field(default_factory=dict, description="by name")
    flags: dict[str, bool] = Field(default_factory=dict, description="name: whether it is on")
    tables: dict[str, list[str]] = Field(
        default_factory=dict, description="tables that have a backup, and their columns"
    )
    providers: list[str] = Field(default_factory=list, description="third parties to choose from")
    databases: list[str] = Field(default_factory=list, description="whose state can be put back")
    routes: list[str] = Field(
        default_factory=list, description="routes at the edge; empty: not known, any is accepted"
    )
    limits: dict[str, float] = Field(
        default_factory=dict, description="requests per second by limited route"
    )
    blocked: list[str] = Field(default_factory=list, description="sources that are refused")
    procedures: dict[str, Procedure] = Field(
        default_factory=dict, description="commands that were prepared, by name"
    )
    nodes: dict[str, bool] = Field(default_factory=dict, description="name: whether it is cordoned")
    requests: dict[str, Request] = Field(
        default_factory=dict, description="that can be opened, by commit or service taken back"
    )
    waiting: dict[str, list[str]] = Field(
        default_factory=dict, description="by repository, branches whose request is open"
    )
    shut: list[str] = Field(
        default_factory=list, description="why a target offers nothing now, and what lets it"
    )
    system: str = Field(default="", description="which system this is; empty: it has no name")
    offered: list[ActionKind] | None = Field(
        default=None, description="actions that can be carried out here; null: nobody was asked"
    )

    def service(self, name: str) -> Part:
        """The service of this name. Raises ToolRetry that names the known ones."""
        known_as("service", name, self.services)
        return self.services[name]

    def names(self, target: str) -> bool:
        """Whether there is something of this name to act on."""
        return target in self.services or target in self.flags or bool(self.request(target))

    def request(self, commit: str) -> Request | None:
        """By which this commit, or the one whose hash begins so, can be taken back."""
        known = (one for full, one in self.requests.items() if full.startswith(commit))
        return next(known, None) if len(commit) > 6 else None

    def models(self) -> dict[str, ModelUse]:
        """How services use language models, of those that do."""
        return {name: part.ai for name, part in self.services.items() if part.ai}

    def edges(self) -> list[str]:
        """Services where users' requests enter."""
        return [name for name, part in self.services.items() if part.edge]


def known_as(what: str, name: str, known: Collection[str]) -> None:
    """Raises ToolRetry that lists what is known where `name` is not among it."""
    if name not in known:
        raise unknown(what, name, known)


def unknown(what: str, name: str, known: Collection[str]) -> ToolRetry:
    """The correction for a name that is not known."""
    return ToolRetry(f"no {what} {name!r}; known: {', '.join(sorted(known)) or 'none'}")


def merged(partial: Iterable[Inventory]) -> Inventory:
    """One inventory of what several adapters know, each of its own part: what one of them says
    of a service is added to what the others say."""
    whole = Inventory()
    for one in partial:
        for name, part in one.services.items():
            said = {field: getattr(part, field) for field in part.model_fields_set}
            whole.services[name] = whole.services.get(name, Part()).model_copy(update=said)
        whole.flags |= one.flags
        whole.tables |= one.tables
        whole.providers += one.providers
        whole.databases += one.databases
        whole.routes += one.routes
        whole.limits |= one.limits
        whole.blocked += one.blocked
        whole.procedures |= one.procedures
        whole.nodes |= one.nodes
        whole.requests |= one.requests
        whole.waiting |= one.waiting
    whole.services = dict(sorted(whole.services.items()))
    return whole
