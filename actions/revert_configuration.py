"""Revert configuration: what one commit of the configuration changed is as before it."""

from pydantic import Field

from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Receipt, Reverted, Reverting, Stored
from .inventory import Inventory, known_as


class RevertConfiguration(Action):
    """Revert one commit of the configuration."""

    kind = ActionKind("revert configuration")
    needs = Reverting
    runbook = "bad-configuration"
    risk = Level.medium
    blast_radius = "Everybody who reads what {commit} changed runs with the values before it."
    expected_effect = "{target} behaves as it did before {commit}."
    verification = "Error rate and latency of {target} and of the edge against their baseline."
    undone_by = "Revert the revert."

    commit: str = Field(pattern=r"^\w[\w./-]{0,80}$", description="the commit that is reverted")

    def check(self, inventory: Inventory) -> None:
        """A service that the commit is about."""
        known_as("service", self.target, inventory.services)

    def perform(self, system: Offers) -> Reverted:
        """As one more commit; where later ones changed the same lines, not at all."""
        return system.find(Reverting).revert(self.commit)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """What the revert changed."""
        return system.find(Reverting).revert(Reverted.read(stored).commit)
