"""What is done to a release that takes requests step by step: it goes on, each step measured before
the next. Giving it up is a roll back to what ran before, holding it a field of its workload.
"""

from abc import abstractmethod
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action, Probe
from .capabilities import Capability, Offers, RolledOut, Rollout, Stored
from .edge import Share, rising
from .inventory import Inventory


class CanarySteps(Capability):
    """Releases take requests step by step."""

    @abstractmethod
    def step(self, service: str, version: str, to: int) -> RolledOut:
        """Let it go on until it waits at this percentage; 100: until it is through."""


class StepCanary(Action):
    """Let a release go on to the next of its steps."""

    kind = ActionKind("step canary")
    profile = PROFILES[kind]
    needs = CanarySteps
    cures = False
    returns = True

    version: str = Field(description="version that it brings")
    weight: int = Field(ge=0, lt=100, description="percent of requests that it has now")
    stages: Annotated[list[Share], AfterValidator(rising)] = Field(
        min_length=1, max_length=20, description="percent at which it waits next; 100: through"
    )

    def check(self, inventory: Inventory) -> None:
        """A release of this version, as the step before left it, that waits there next."""
        canary, (was, to) = inventory.service(self.target).canary, [self.weight, *self.stages][-2:]
        if canary is None or canary.version != self.version:
            now = f"only of {canary.version}" if canary else "nor any other"
            raise ToolRetry(f"no release of {self.version} is under way in {self.target}, {now}")
        if not canary.waits:
            raise ToolRetry(f"the release of {self.target} goes on by itself")
        if canary.weight != was or to not in (canary.waits[0], 100):
            known = f"{canary.weight} percent, and waits next at {canary.waits[0]}"
            raise ToolRetry(f"{self.version} has {known}: it does not go from {was} to {to}")

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """What ran before it."""
        return {"stable": getattr(inventory.service(self.target).canary, "stable", None)}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the percentage that it has; of one that is through, by what runs."""
        part, (was, to) = inventory.service(self.target), [self.weight, *self.stages][-2:]
        now = part.canary.weight if part.canary else None
        return Probe.told(100 if part.version == part.deployed == self.version else now, to, was)

    def perform(self, system: Offers) -> RolledOut:
        """The last of its steps; those before were measured."""
        return system.find(CanarySteps, self.target).step(
            self.target, self.version, self.stages[-1]
        )

    def undo(self, system: Offers, stored: Stored) -> RolledOut:
        """The version before it, for all."""
        return system.find(Rollout, self.target).put_back(RolledOut.read(stored))
