"""Reroute: requests keep away from some instances of a service."""

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Activated, Offers, Receipt, Routing, Stored
from .inventory import Inventory, known_as


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
