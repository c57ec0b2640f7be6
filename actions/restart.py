"""Restart: the processes of a service, replaced one by one."""

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Restarted, Restarting
from .inventory import Inventory


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
