"""Restore process state: processes run again with the environment or limit that they had."""

from typing import Any

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Stored
from .facts import FactKind, FactSet, ProcessRestoring, restorable
from .inventory import Inventory

NOTICES = {
    FactKind.environment: "Requests in flight on the service fail: its processes are restarted.",
    FactKind.limit: "Nobody: the limit of the running processes is moved.",
}
"""Kinds that can be put back, and who notices."""


class RestoreProcess(Action):
    """Put one variable or limit of a service's processes back to what it was."""

    kind = ActionKind("restore process state")
    needs = ProcessRestoring
    runbook = "changed-setting"
    risk = Level.medium
    blast_radius = "{notices}"
    expected_effect = "{target} runs with {object} as it did while all was well."
    verification = "Error rate and latency of {target} and of its callers."
    undone_by = "Let {object} of {target} be what it is now."

    what: FactKind = Field(description="environment or limit")
    object: str = Field(description="the variable or the limit, as state_changes names it")
    now: str = Field(description="what it is now; empty: it is not set. Else nothing is changed")
    to: str = Field(description="what it was; empty: it was not set")

    @property
    def level(self) -> Level:
        """A limit is moved while the process runs."""
        return Level.low if self.what is FactKind.limit else Level.medium

    @property
    def words(self) -> dict[str, Any]:
        """With who notices."""
        return {**super().words, "notices": NOTICES[self.what]}

    def check(self, inventory: Inventory) -> None:
        """A service that runs here, and values that were written down."""
        if not inventory.service(self.target).instances:
            raise ToolRetry(f"{self.target} has no instance of ours")
        if self.what not in NOTICES:
            raise ToolRetry(f"{self.what} cannot be put back, only: {', '.join(NOTICES)}")
        if self.now == self.to:
            raise ToolRetry(f"{self.object} is as it was: there is nothing to put back")
        if not (restorable(self.now) and restorable(self.to)):
            raise ToolRetry(f"what {self.object} was is not written down: put it back by hand")

    def perform(self, system: Offers) -> FactSet:
        """Process by process."""
        put = system.find(ProcessRestoring).put
        return put(self.target, self.what, self.object, self.now, self.to)

    def undo(self, system: Offers, stored: Stored) -> FactSet:
        """What it was before."""
        was = FactSet.read(stored)
        put = system.find(ProcessRestoring).put
        return put(self.target, was.what, was.object, was.after, was.before)
