"""Restore database state: one grant, setting or part of the schema is again what it was."""

from typing import Any, NamedTuple

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Stored
from .facts import DatabaseRestoring, FactKind, FactSet, restorable
from .inventory import Inventory, known_as


class Stake(NamedTuple):
    """What is at stake when a fact of one kind is put back."""

    risk: Level
    notices: str


STAKES = {
    FactKind.grant: Stake(Level.low, "Whoever holds the grant may do more, or less, than now."),
    FactKind.setting: Stake(
        Level.medium,
        "Sessions that began with the other value are ended once they are idle: pools open new "
        "ones, and a request that had one of them may fail.",
    ),
    FactKind.policy: Stake(Level.medium, "Other rows are seen by everybody whom the policy names."),
    FactKind.trigger: Stake(Level.medium, "Writes to the table run with the trigger, or without."),
    FactKind.constraint: Stake(
        Level.medium, "Rows that it forbids are written again, or no longer; writers wait for it."
    ),
    FactKind.index_: Stake(
        Level.medium, "Writers of the table wait while it is built; after 8 s it is given up."
    ),
    FactKind.function: Stake(Level.high, "Every caller runs the text that is put back."),
}
"""Kinds that can be put back by one statement each."""


class RestoreDatabase(Action):
    """Put one fact of a database back to what it was."""

    kind = ActionKind("restore database state")
    needs = DatabaseRestoring
    runbook = "schema-change"
    risk = Level.high
    blast_radius = "{notices}"
    expected_effect = "{object} is again as it was while all was well; what it broke works."
    verification = "Error rate and latency of the services that use {target}."
    undone_by = "Let {object} be what it is now."

    what: FactKind = Field(description="grant, policy, constraint, index, trigger, function, …")
    object: str = Field(description="which, as state_changes names it")
    now: str = Field(description="what it is now; empty: it is not there. Else nothing is changed")
    to: str = Field(description="what it was; empty: it was not there")

    @property
    def level(self) -> Level:
        """By the kind of fact."""
        return STAKES[self.what].risk

    @property
    def words(self) -> dict[str, Any]:
        """With who notices."""
        return {**super().words, "notices": STAKES[self.what].notices}

    def check(self, inventory: Inventory) -> None:
        """A database, a kind that can be put back, and values that were written down."""
        known_as("database", self.target, inventory.databases)
        known_as("kind of fact that can be put back", self.what, STAKES)
        if self.object.startswith("owner of "):
            raise ToolRetry(f"{self.object}: who owns what is put back by hand")
        if self.now == self.to:
            raise ToolRetry(f"{self.object} is as it was: there is nothing to put back")
        if not (restorable(self.now) and restorable(self.to)):
            raise ToolRetry(f"what {self.object} was is not written down: put it back by hand")

    def perform(self, system: Offers) -> FactSet:
        """In one transaction, or not at all."""
        return system.find(DatabaseRestoring).put(self.what, self.object, self.now, self.to)

    def undo(self, system: Offers, stored: Stored) -> FactSet:
        """What it was before."""
        was = FactSet.read(stored)
        return system.find(DatabaseRestoring).put(was.what, was.object, was.after, was.before)
