"""What an action is: a class, its fields the parameters that a plan may set, and its profile.

Risk, blast radius and undo are facts of its kind; a model chooses kind, target and parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ..errors import ToolFailed, ToolRetry
from ..incident.action import ActionKind, Level
from ..misfit import misfits
from ..yaml_tables import Entry, read_table
from .capabilities import Capability, Offers, Receipt, Stored
from .inventory import Inventory, Request, Stood


class Profile(Entry):
    """What a person is told of an action before it is decided; its texts may name {target} and
    parameters."""

    sentence: str
    """The action as one would say it on a call; may name what the plan found."""
    runbook: str
    """Id of the runbook of the fault that it is the first move for."""
    risk: Level
    blast_radius: str
    """Who notices while it happens."""
    expected_effect: str
    verification: str
    undone_by: str
    takes_a_person: str = ""
    """Why no rule may decide it; empty: one may."""


PROFILES = read_table("actions/actions.yaml", dict[str, Profile])
"""By kind of action."""


class Probe(StrEnum):
    """What a system shows of an action that nobody reported on."""

    done = "done"
    not_done = "not done"
    cannot_tell = "cannot tell"

    @classmethod
    def told(cls, now: object, wanted: object, was: object) -> "Probe":
        """By what is so now, what the action would have made so, and what was so before."""
        return cls.done if now == wanted else cls.not_done if now == was else cls.cannot_tell


LEFT_TO = "left to"
"""What a plan found, where it prepares a commit: who pushes that."""


def waits(found: Stored) -> bool:
    """Whether the plan that found this prepares what cures nothing before others merge or push
    it."""
    return "branch" in found or LEFT_TO in found


def waiting(found: Stored, inventory: Inventory) -> Probe:
    """Whether that request is open now."""
    branches = inventory.waiting.get(str(found["repository"]))  # None: nobody could look
    open_now = branches and found["branch"] in branches
    return Probe.cannot_tell if branches is None else Probe.told(bool(open_now), True, False)


BY_REQUEST = {
    "sentence": "Ask {{repository}} to merge: {{title}}.",
    "blast_radius": "Nobody as long as it waits. Once somebody merges it: {blast_radius}",
    "expected_effect": "A request waits for whoever merges it. Once merged: {expected_effect}",
    "verification": "An open request cures nothing and is never called better. {verification}",
    "undone_by": "Close the request and delete its branch, where nobody merged it or pushed to it.",
}


BY_PUSH = {
    "sentence": "Prepare a commit that rolls {{target}} back, for {{left_to}}: {{instead}}.",
    "blast_radius": "Nobody until somebody pushes it. Once pushed: {blast_radius}",
    "expected_effect": "A commit waits for whoever pushes it. Once delivered: {expected_effect}",
    "verification": "Before its version runs it is never called better. {verification}",
    "undone_by": "A commit that takes it back.",
}


def told_of(profile: Profile, found: Stored) -> Profile:
    """The same, of a plan that found this."""
    ways = BY_PUSH if LEFT_TO in found else BY_REQUEST
    said = {name: text.format(**profile.model_dump()) for name, text in ways.items()}
    return profile.model_copy(update=said if waits(found) else {})


class Action(BaseModel, ABC):
    """One exact action. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ClassVar[ActionKind]
    needs: ClassVar[type[Capability]]
    profile: ClassVar[Profile]
    aims: ClassVar[str] = "services"
    """Where in an inventory its targets stand."""
    cures: ClassVar[bool] = True
    """Whether it may end what hurts: a model is offered nothing else."""
    returns: ClassVar[bool] = False
    """Whether it gives users back more of what they are kept from: each stage has to stay well."""

    target: str = Field(description="service, flag, edge service or table acted on")

    @classmethod
    def parse(cls, target: str, parameters: Mapping[str, Any]) -> Self:
        """With parameters in canonical form. Raises ToolRetry with what to correct."""
        try:
            if "target" in parameters:
                raise ToolRetry(f"{cls.kind}: target is no parameter; make another plan")
            return cls.model_validate({"target": target, **parameters})
        except ValidationError as error:
            wrong = "; ".join(misfits(error, "parameters"))
            raise ToolRetry(f"{cls.kind} {target}: {wrong}") from error

    @classmethod
    def aimed(cls, _inventory: Inventory) -> bool:
        """Whether there is anything to aim it at, as far as its kind says."""
        return True

    @classmethod
    def targets(cls, inventory: Inventory) -> list[str]:
        """The names that it may be aimed at."""
        found = getattr(inventory, cls.aims)
        return sorted(cast("Mapping[str, Any]", found() if callable(found) else found))

    @classmethod
    def reversible(cls) -> bool:
        """Whether it has an undo."""
        return cls.undo is not Action.undo

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything but the target, as plain JSON."""
        return self.model_dump(mode="json", exclude={"target"})

    @property
    def level(self) -> Level:
        """Its risk with these parameters."""
        return self.profile.risk

    @property
    def words(self) -> dict[str, Any]:
        """What its texts may name."""
        return {"target": self.target, **self.parameters}

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """What of the system it was chosen for and its parameters do not say: part of the plan's
        hash, and where it is otherwise by now, nothing is done."""
        return {}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """Whether it was carried out, from what the system shows now and what was `found` when it
        was planned. Half done is neither."""
        return Probe.cannot_tell

    def arrived(self, inventory: Inventory) -> bool | None:
        """Whether what others carried on has reached the system; None: nobody can see that."""
        return None

    def stage(self, number: int) -> "Self | None":
        """What is done up to and with this stage, from 0, and measured before the next one; None:
        it has no such stage. Those of an action in stages stand in its field `stages`."""
        kept = getattr(self, "stages", [100])[: number + 1]
        if len(kept) <= number:
            return None
        return self.model_copy(update={"stages": kept}) if hasattr(self, "stages") else self

    @abstractmethod
    def check(self, inventory: Inventory) -> None:
        """Raises ToolRetry where the target does not exist or the parameters do not fit it."""

    @abstractmethod
    def perform(self, system: Offers) -> Receipt:
        """Carry it out. Raises ToolFailed that says how far it got."""

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """Put back what the receipt says was there. Raises ToolFailed where there is no undo."""
        raise ToolFailed(f"a {self.kind} cannot be undone: {self.profile.undone_by}")

    def take_back(self, system: Offers, stored: Stored) -> Receipt:
        """Undo it; what changed nothing needs none."""
        if self.reversible() and not Receipt.read(stored).changed:
            note = "the action changed nothing, so nothing to undo"
            return Receipt(changed=False, note=note)
        return self.undo(system, stored)


@dataclass(frozen=True)
class ActionDraft:
    """One action before it is checked."""

    action: type[Action]
    target: str
    parameters: dict


class Acting(Protocol):
    """A system that can be acted on. All methods end in bounded time or raise ToolFailed."""

    def inventory(self) -> Inventory:
        """What there is to act on, and which actions are offered, read now."""
        ...

    def perform(self, action: Action) -> Receipt:
        """Carry out one action."""
        ...

    def undo(self, action: Action, stored: Stored) -> Receipt:
        """Put back what the receipt says was there. Raises ToolFailed where there is no undo."""
        ...

    def knows(self, key: str) -> bool:
        """Whether it keeps a record of its own of an effect under this key."""
        ...

    def stands(self, asked: Request) -> Stood | None:
        """How what waits for others stands; None: nobody can tell. Raises ToolFailed."""
        ...
