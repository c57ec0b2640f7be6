"""What is done to the processes of a service: restart, roll back, scale, reroute."""

from pydantic import Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import LEFT_TO, PROFILES, Action, Probe, waiting
from .capabilities import (
    Activated,
    Offers,
    Receipt,
    Restarted,
    Restarting,
    RolledOut,
    Rollout,
    Routing,
    Scaling,
    Stored,
)
from .inventory import Inventory, known_as


class Restart(Action):
    """Replace the processes of a service, a hung one by force."""

    kind = ActionKind("restart")
    profile = PROFILES[kind]
    needs = Restarting

    def check(self, inventory: Inventory) -> None:
        """The service exists, runs here, and would come back as the version that runs."""
        part = inventory.service(self.target)
        if not part.instances and not part.stopped:
            raise ToolRetry(f"{self.target} has no instance of ours to restart")
        if part.deployed and part.deployed != part.version:
            raise ToolRetry(
                f"a switch of {self.target} from {part.deployed} to {part.version} was not "
                "finished: a restart would finish it in silence; roll back to one of them"
            )
        if part.unreplaced:
            raise ToolRetry(part.unreplaced)

    def perform(self, system: Offers) -> Restarted:
        """Instance by instance, each ready before the next."""
        return system.find(Restarting, self.target).restart(self.target)


class RollBack(Action):
    """Run an earlier version of a service."""

    kind = ActionKind("roll back")
    profile = PROFILES[kind]
    needs = Rollout

    to_version: str = Field(description="version to run again; deployed before")

    def check(self, inventory: Inventory) -> None:
        """Another version than the one that runs, and one that can be switched to."""
        part = inventory.service(self.target)
        if self.to_version == part.version:
            raise ToolRetry(
                f"{self.target} runs {part.version} already: there is nothing to roll back"
            )
        known_as(f"version of {self.target}", self.to_version, part.versions)
        if part.owner and (not part.instead or self.to_version != part.previous):
            raise ToolRetry(part.kept(self.target))
        if part.unreplaced and not part.owner:
            raise ToolRetry(part.unreplaced)

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """The version that runs, and what is done instead of another roll-out."""
        part = inventory.service(self.target)
        same, asked = self.to_version == part.previous, inventory.requests.get(self.target)
        how = {"instead": part.instead, **(asked.model_dump() if asked else {})}
        how |= {LEFT_TO: part.left_to} if part.left_to else {}
        return {"version": part.version, **(how if part.instead and same else {})}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By the version that is switched to, where the last deploy on record agrees with it."""
        if "branch" in found:
            return waiting(found, inventory)
        part = inventory.service(self.target)
        if part.deployed and part.deployed != part.version:
            return Probe.cannot_tell
        return Probe.told(part.version, self.to_version, found.get("version"))

    def arrived(self, inventory: Inventory) -> bool | None:
        """By the version that runs."""
        return inventory.service(self.target).version == self.to_version

    def perform(self, system: Offers) -> RolledOut:
        """Switch, restart, record the deploy."""
        return system.find(Rollout, self.target).run_version(self.target, self.to_version)

    def undo(self, system: Offers, stored: Stored) -> RolledOut:
        """The version that ran before."""
        return system.find(Rollout, self.target).put_back(RolledOut.read(stored))


class Scale(Action):
    """Run another number of instances."""

    kind = ActionKind("scale")
    profile = PROFILES[kind]
    needs = Scaling

    instances: int = Field(ge=1, description="instances wanted in all, not added")

    def check(self, inventory: Inventory) -> None:
        """Another number than now, and no more than there is room for."""
        part = inventory.service(self.target)
        if self.instances > part.most:
            raise ToolRetry(
                f"{self.target} has room for {part.most} instances, not {self.instances}"
            )
        if part.owner:
            raise ToolRetry(part.kept(self.target))
        if part.unscaled:
            raise ToolRetry(f"{part.autoscaler} sets {self.target} back: {part.unscaled}")
        if self.instances == len(part.instances):
            raise ToolRetry(f"{self.target} runs {self.instances} instances already")

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """The instances that take requests, as many, not which; and who else sets that."""
        part = inventory.service(self.target)
        kept = {"autoscaler": part.autoscaler} if part.autoscaler else {}
        return {"instances": len(part.instances), **kept}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By how many take requests; bounds that were set are half of it."""
        part = inventory.service(self.target)
        shown = Probe.told(len(part.instances), self.instances, found.get("instances"))
        half = found.get("autoscaler", "") not in ("", part.autoscaler)
        return Probe.cannot_tell if half and shown is Probe.not_done else shown

    def perform(self, system: Offers) -> Activated:
        """Spares take requests once they answer."""
        return system.find(Scaling, self.target).scale(self.target, self.instances)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The instances that took requests before."""
        return system.find(Scaling, self.target).restore(Activated.read(stored))


class Reroute(Action):
    """Send requests to the other instances of a service."""

    kind = ActionKind("reroute")
    profile = PROFILES[kind]
    needs = Routing

    away_from: list[str] = Field(min_length=1, description="instances that get no more requests")

    def check(self, inventory: Inventory) -> None:
        """The instances take requests, and another one is left or can be started."""
        part = inventory.service(self.target)
        for instance in self.away_from:
            known_as(f"active instance of {self.target}", instance, part.instances)
        if not part.spares and not set(part.instances) - set(self.away_from):
            raise ToolRetry(f"{self.target} has no other instance: restart it or roll it back")

    def perform(self, system: Offers) -> Activated:
        """Start a spare where nothing else is left, then drain."""
        return system.find(Routing, self.target).reroute(self.target, self.away_from)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The same instances as before."""
        return system.find(Routing, self.target).route_back(Activated.read(stored))
