"""Roll back: a service runs a version that it ran before."""

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, RolledOut, Rollout, Stored
from .inventory import Inventory, known_as


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
