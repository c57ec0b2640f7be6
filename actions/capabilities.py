"""What a target may be able to do, one small contract each, and what it hands back.

An adapter in `targets/` derives from those that it offers; an action asks for the one it needs.
Each method is safe to repeat: what is so already is not done again, and the receipt says so.
All end in bounded time or raise ToolFailed.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from ..errors import ToolFailed
from .inventory import Inventory, Request, Stood

Stored = Mapping[str, JsonValue]
"""A receipt as the incident document keeps it."""


KEY: ContextVar[str] = ContextVar("KEY", default="")
"""Under which key the effect that is carried out now was claimed. A target that has a place for it
(a commit, a tag) keeps it there, and can be asked for it when whoever acted is gone."""


FOUND: ContextVar[Stored] = ContextVar("FOUND", default={})  # noqa: B039 never changed
"""On what the plan rests that is carried out now, as it was approved: a target that looks again
while it acts compares."""


class Receipt(BaseModel):
    """What was done; a capability's own receipt adds everything that its undo needs."""

    changed: bool = True  # False: it was so already
    note: str = ""

    @classmethod
    def read(cls, stored: Stored) -> Self:
        """From a document. Raises ToolFailed where it does not say what an undo needs."""
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            lacking = ", ".join(str(item["loc"][0]) for item in error.errors() if item["loc"])
            raise ToolFailed(f"the receipt does not say {lacking}: undo it by hand") from error


class Waiting(Receipt):
    """Of what may be left to others: the request that waits for them; None: none does."""

    asked: Request | None = None


class Committed(Receipt):
    """Of a change of configuration: the commit, empty where nothing had to change."""

    commit: str = ""


class Capability(ABC):  # noqa: B024 each has methods of its own
    """Something that a target can do, and what it can be aimed at."""

    shut: str = ""  # why nothing of it is offered now, and what lets it be

    def inventory(self) -> Inventory:
        """What this adapter knows there is to act on, read now; nothing that others do not say."""
        return Inventory()

    def knows(self, key: str) -> bool:
        """Whether it kept this KEY with what it did; False also where it keeps none."""
        return False

    def stands(self, asked: Request) -> Stood | None:
        """How a request of its own stands; None: it is none, or nobody can tell. Raises
        ToolFailed."""
        return None


class Platform(Capability):
    """An adapter that reads a section of operations.json by itself: one file, nothing else."""

    section: ClassVar[str]

    @classmethod
    @abstractmethod
    def configured(cls, given: JsonValue) -> Self:
        """From the section's content. Raises ValueError with what to correct."""


class Replaced(BaseModel):
    """A process that a restart replaced."""

    instance: str
    pid_before: int
    pid_after: int
    killed: bool


class Restarted(Receipt):
    """Of a restart, instance by instance."""

    service: str
    restarted: list[Replaced] = []


class Restarting(Capability):
    """Processes can be replaced."""

    @abstractmethod
    def restart(self, service: str) -> Restarted:
        """Restart what takes requests, one instance at a time, each ready before the next."""


class RolledOut(Waiting):
    """Of another version put in place."""

    service: str
    before: str
    version: str = ""
    deploy: str = ""
    restarted: list[Replaced] = []
    weights: dict[str, float] = {}  # of versions that had a share of the requests besides


class Rollout(Capability):
    """Services run from releases that can be switched."""

    @abstractmethod
    def run_version(self, service: str, version: str) -> RolledOut:
        """Run another version of a service."""

    def put_back(self, was: RolledOut) -> RolledOut:
        """The version that ran before, with what shared its requests."""
        return self.run_version(was.service, was.before)


class Activated(Committed):
    """Of other instances taking requests."""

    service: str
    before: list[str]
    active: list[str] = []
    started: list[str] = []
    drained: list[str] = []
    weights: dict[str, int] = {}  # as they were, where requests are shared by weight
    bounds: dict[str, int | None] = {}  # as they were, of what sets how many there are


class Scaling(Capability):
    """Instances can be added and taken away."""

    @abstractmethod
    def scale(self, service: str, instances: int) -> Activated:
        """Run this many: spares are started and take requests once they answer."""

    @abstractmethod
    def restore(self, was: Activated) -> Receipt:
        """The instances as before; those started since are stopped."""


class Routing(Capability):
    """Requests can be kept away from instances."""

    @abstractmethod
    def reroute(self, service: str, away_from: Sequence[str]) -> Activated:
        """Send requests elsewhere; a spare is started when nothing else is left."""

    @abstractmethod
    def route_back(self, was: Activated) -> Receipt:
        """The same instances as before; those started since are stopped."""


class FlagSet(Committed):
    """Of a feature flag: state, default variant and rules as they were; None: there was none."""

    flag: str
    before: dict[str, JsonValue]


class FeatureFlags(Capability):
    """Feature flags can be switched."""

    @abstractmethod
    def turn_off(self, flag: str) -> FlagSet:
        """Serve the off variant to everyone; a flag without one is disabled."""

    @abstractmethod
    def restore(self, was: FlagSet) -> Receipt:
        """State and default variant as before."""


class LimitSet(Committed):
    """Of a rate limit: the one before, in requests per second; None: there was none."""

    route: str
    before: float | None


class Blocked(Committed):
    """Of a block: the sources that were not blocked before."""

    added: list[str]


class EdgeRules(Capability):
    """Requests can be limited and refused where they enter."""

    @abstractmethod
    def throttle(self, route: str, rate: float | None) -> LimitSet:
        """Limit a route prefix to `rate` requests per second; None lifts the limit."""

    @abstractmethod
    def block(self, sources: Sequence[str]) -> Blocked:
        """Refuse requests from these addresses or networks."""

    @abstractmethod
    def unblock(self, sources: Sequence[str]) -> Receipt:
        """Let these in again."""


class Reverted(Committed, Waiting):
    """Of a commit that was reverted: which."""

    reverts: str


class Reverting(Capability):
    """Commits of the configuration can be reverted."""

    @abstractmethod
    def revert(self, commit: str) -> Reverted:
        """One more commit, after which what this one changed is as before it."""

    def put_back(self, was: Reverted) -> Reverted:
        """What the revert changed."""
        return self.revert(was.commit)


class Repaired(Receipt):
    """Of a row repair: which columns, and the table that keeps what was replaced."""

    table: str
    repaired: int
    columns: list[str] = []
    kept_in: str = ""


@dataclass(frozen=True)
class Difference:
    """How a table differs from its backup, in rows. New rows are no damage."""

    table: str
    rows: int
    changed: int
    missing: int
    new: int
    by_column: dict[str, int]  # changed rows per compared column

    @property
    def damaged(self) -> int:
        """Rows that a repair would write."""
        return self.changed + self.missing


class RowRepair(Capability):
    """Tables have a backup that rows can be repaired from."""

    @abstractmethod
    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """Count the rows that differ from the backup in these columns (none given: in any)."""

    @abstractmethod
    def repair(self, table: str, columns: Sequence[str], max_rows: int) -> Repaired:
        """Write back these columns where they differ (none given: all), and rows that are gone.
        More than `max_rows` rows: ToolFailed and no change."""

    @abstractmethod
    def restore(self, was: Repaired) -> Receipt:
        """The kept rows come back, the added ones go."""


C = TypeVar("C", bound=Capability)


class Offers(Protocol):
    """A target as an action sees it."""

    def find(self, capability: type[C], target: str = "") -> C:
        """Of adapters that offer it the one that knows the target. Raises ToolFailed: none."""
        ...
