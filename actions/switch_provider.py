"""Switch provider: a service uses another third party."""

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Providers, ProviderSet, Receipt, Stored
from .inventory import Inventory, known_as


class SwitchProvider(Action):
    """Let a service use another provider."""

    kind = ActionKind("switch provider")
    needs = Providers
    runbook = "provider-outage"
    risk = Level.medium
    blast_radius = (
        "Answers of {target} come from {to}: other quality, other cost, data goes to another "
        "third party."
    )
    expected_effect = "Calls of {target} to its provider succeed again."
    verification = "Error share of provider calls; error rate and latency of {target}."
    undone_by = "Return to the provider in use now."

    to: str = Field(description="provider to use")

    def check(self, inventory: Inventory) -> None:
        """A service that uses a provider, and another provider than that."""
        using = {name: part.provider for name, part in inventory.services.items() if part.provider}
        known_as("service that uses a provider", self.target, using)
        if self.to == using[self.target]:
            raise ToolRetry(f"{self.target} uses {self.to} already")
        known_as("provider", self.to, inventory.providers)

    def perform(self, system: Offers) -> ProviderSet:
        """For everything that the service uses a provider for."""
        return system.find(Providers).switch(self.target, self.to)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The providers used before."""
        return system.find(Providers).restore(ProviderSet.read(stored))
