"""Throttle: a route is limited at the edge."""

from typing import Annotated

from pydantic import AfterValidator, Field

from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import EdgeRules, LimitSet, Offers, Stored
from .inventory import Inventory, known_as, unknown


def _route(text: str) -> str:
    """A route prefix that is not the whole site."""
    if not text.startswith("/") or text == "/":
        raise ValueError("a route prefix such as /login; / would throttle the whole site")
    return text


class Throttle(Action):
    """Limit the rate of a route where requests enter."""

    kind = ActionKind("throttle")
    needs = EdgeRules
    runbook = "traffic-surge"
    risk = Level.medium
    blast_radius = "Users of {route} above {rate}/s are answered 429 and have to try again."
    expected_effect = "At most {rate}/s of {route} reach the services behind; they recover."
    verification = "Latency and error rate behind {route}; share of 429 at the edge."
    undone_by = "Restore the limit that {route} has now, or none."

    route: Annotated[str, AfterValidator(_route)] = Field(description="route prefix limited")
    rate: float = Field(gt=0, le=1e6, description="requests per second let through")

    def check(self, inventory: Inventory) -> None:
        """An edge service, and a route of it where routes are known."""
        known_as("edge service", self.target, inventory.edges())
        if inventory.routes and not any(one.startswith(self.route) for one in inventory.routes):
            raise unknown("route", self.route, inventory.routes)

    def perform(self, system: Offers) -> LimitSet:
        """In place of a limit that the route has."""
        return system.find(EdgeRules).throttle(self.route, self.rate)

    def undo(self, system: Offers, stored: Stored) -> LimitSet:
        """The limit before, or none."""
        was = LimitSet.read(stored)
        return system.find(EdgeRules).throttle(self.route, was.before)
