"""What is done to the processes of a service: restart, roll back, scale, reroute."""

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
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
    needs = Restarting
    runbook = "hung-process"
    risk = Level.medium
    blast_radius = (
        "Requests in flight on {target} fail; with a single instance {target} is away for a "
        "few seconds and its callers see errors."
    )
    expected_effect = "{target} answers again, its memory and connections start from zero."
    verification = "Error rate, latency and health endpoint of {target} and of the edge."
    undone_by = "None: the old process is gone. If it got worse, roll back or reroute instead."

    def check(self, inventory: Inventory) -> None:
        """The service exists and runs here."""
        if not inventory.service(self.target).instances:
            raise ToolRetry(f"{self.target} has no instance of ours to restart")

    def perform(self, system: Offers) -> Restarted:
        """Instance by instance, each ready before the next."""
        return system.find(Restarting).restart(self.target)


class RollBack(Action):
    """Run an earlier version of a service."""

    kind = ActionKind("roll back")
    needs = Rollout
    runbook = "bad-deploy"
    risk = Level.medium
    blast_radius = (
        "What {to_version} does not have is gone for users; {target} restarts, instance by "
        "instance, and requests in flight fail."
    )
    expected_effect = "{target} behaves as it did on {to_version}."
    verification = "Error rate and latency of {target} and of the edge against their baseline."
    undone_by = "Switch {target} back to the version it runs now and restart it."

    to_version: str = Field(description="version to run again; deployed before")

    def check(self, inventory: Inventory) -> None:
        """Another version than the one that runs, and one that can be switched to."""
        part = inventory.service(self.target)
        if self.to_version == part.version:
            raise ToolRetry(
                f"{self.target} runs {part.version} already: there is nothing to roll back"
            )
        known_as(f"version of {self.target}", self.to_version, part.versions)

    def perform(self, system: Offers) -> RolledOut:
        """Switch, restart, record the deploy."""
        return system.find(Rollout).run_version(self.target, self.to_version)

    def undo(self, system: Offers, stored: Stored) -> RolledOut:
        """The version that ran before."""
        was = RolledOut.read(stored)
        return system.find(Rollout).run_version(self.target, was.before)


class Scale(Action):
    """Run another number of instances."""

    kind = ActionKind("scale")
    needs = Scaling
    runbook = "cpu-saturation"
    risk = Level.low
    blast_radius = (
        "Nobody while instances are added; more load and connections on the dependencies of "
        "{target}. When fewer, the remaining ones carry more."
    )
    expected_effect = (
        "Load spreads over {instances} instances; queueing and latency of {target} fall."
    )
    verification = "Share of concurrency in use, latency and error rate of {target}."
    undone_by = "Return to the instances that take requests now; stop the ones started."

    instances: int = Field(ge=1, description="instances wanted in all, not added")

    def check(self, inventory: Inventory) -> None:
        """Another number than now, and no more than there is room for."""
        part = inventory.service(self.target)
        if self.instances > part.most:
            raise ToolRetry(
                f"{self.target} has room for {part.most} instances, not {self.instances}"
            )
        if self.instances == len(part.instances):
            raise ToolRetry(f"{self.target} runs {self.instances} instances already")

    def perform(self, system: Offers) -> Activated:
        """Spares take requests once they answer."""
        return system.find(Scaling).scale(self.target, self.instances)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The instances that took requests before."""
        return system.find(Scaling).restore(Activated.read(stored))


class Reroute(Action):
    """Send requests to the other instances of a service."""

    kind = ActionKind("reroute")
    needs = Routing
    runbook = "node-fault"
    risk = Level.low
    blast_radius = (
        "The other instances of {target} carry all the load; a spare is started if none is left."
    )
    expected_effect = (
        "No request waits for the instances left out; errors and timeouts of {target} stop."
    )
    verification = "Error rate and latency of {target} and of its callers."
    undone_by = "Send requests to the same instances as now; stop the spare started."

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
        return system.find(Routing).reroute(self.target, self.away_from)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The same instances as before."""
        return system.find(Routing).route_back(Activated.read(stored))
