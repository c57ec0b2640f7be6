"""What is so in a system is put back to what it was: a grant, a setting, a variable, a limit."""

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import PROFILES, Action
from .capabilities import Offers, Stored
from .facts import (
    KINDS,
    DatabaseRestoring,
    FactKind,
    FactSet,
    Place,
    ProcessRestoring,
    Restoring,
    restorable,
    restored_at,
)
from .inventory import Inventory, known_as

OPTIONS = ("connection limit of ", "login of ")
"""Facts that whoever has them always has: that one was not there means that its owner was not."""


class Restore(Action):
    """Put one fact back to what it was; risk and who notices are those of its kind."""

    needs: ClassVar[type[Restoring]]
    place: ClassVar[Place]

    what: FactKind = Field(description="grant, policy, constraint, index, environment, limit, …")
    object: str = Field(description="which, as state_changes names it")
    now: str = Field(description="what it is now; empty: it is not there. Else nothing is changed")
    to: str = Field(description="what it was; empty: it was not there")

    @property
    def level(self) -> Level:
        """By the kind of fact."""
        return KINDS[self.what].risk or self.profile.risk

    @property
    def words(self) -> dict[str, Any]:
        """With who notices."""
        return {**super().words, "notices": KINDS[self.what].notices}

    def check(self, inventory: Inventory) -> None:
        """A known place, a kind that can be put back there, and values that were written down."""
        self.find(inventory)
        known_as("kind of fact that can be put back", self.what, restored_at(self.place))
        if self.object.startswith("owner of "):
            raise ToolRetry(f"{self.object}: who owns what is put back by hand")
        if self.object.startswith(OPTIONS) and not self.to:
            raise ToolRetry(f"{self.object}: nobody had it before; take it away by hand")
        if self.now == self.to:
            raise ToolRetry(f"{self.object} is as it was: there is nothing to put back")
        if not (restorable(self.now) and restorable(self.to)):
            raise ToolRetry(f"what {self.object} was is not written down: put it back by hand")

    @abstractmethod
    def find(self, inventory: Inventory) -> None:
        """Raises ToolRetry where the target does not exist."""

    def perform(self, system: Offers) -> FactSet:
        """Whole, or not at all."""
        return system.find(self.needs).put(self.target, self.what, self.object, self.now, self.to)

    def undo(self, system: Offers, stored: Stored) -> FactSet:
        """What it was before."""
        was = FactSet.read(stored)
        put = system.find(self.needs).put
        return put(self.target, was.what, was.object, was.after, was.before)


class RestoreDatabase(Restore):
    """Put one fact of a database back to what it was, in one transaction."""

    kind = ActionKind("restore database state")
    profile = PROFILES[kind]
    needs = DatabaseRestoring
    aims = "databases"
    place = "database"

    def find(self, inventory: Inventory) -> None:
        """A database."""
        known_as("database", self.target, inventory.databases)


class RestoreProcess(Restore):
    """Put one variable or limit of a service's processes back to what it was."""

    kind = ActionKind("restore process state")
    profile = PROFILES[kind]
    needs = ProcessRestoring
    place = "process"

    def find(self, inventory: Inventory) -> None:
        """A service that runs here."""
        if not inventory.service(self.target).instances:
            raise ToolRetry(f"{self.target} has no instance of ours")
