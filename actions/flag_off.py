"""Feature flag off: everyone is served the variant without the feature."""

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import FeatureFlags, FlagSet, Offers, Receipt, Stored
from .inventory import Inventory, known_as


class FlagOff(Action):
    """Turn a feature flag off."""

    kind = ActionKind("feature flag off")
    needs = FeatureFlags
    runbook = "bad-flag"
    risk = Level.low
    blast_radius = "Everyone for whom {target} is on loses that feature within a second."
    expected_effect = "The code behind {target} no longer runs; its errors stop."
    verification = "Error rate of the service that reads {target}, and its error log."
    undone_by = "Restore the state and default variant that {target} has now."

    def check(self, inventory: Inventory) -> None:
        """The flag exists and is on."""
        known_as("flag", self.target, inventory.flags)
        if not inventory.flags[self.target]:
            raise ToolRetry(f"the flag {self.target} is off already")

    def perform(self, system: Offers) -> FlagSet:
        """Serve the off variant; a flag without one is disabled."""
        return system.find(FeatureFlags).turn_off(self.target)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """State and default variant as before."""
        return system.find(FeatureFlags).restore(FlagSet.read(stored))
