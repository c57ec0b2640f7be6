"""What an operator prepared a command for: renew a certificate, clear a cache, open a breaker, …

Only the operator writes what is run; a plan names one of these procedures and nothing of its
command. What its words were is part of the plan: written anew, it has to be approved anew.
"""

from abc import abstractmethod

from pydantic import Field, JsonValue

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action, Probe
from .capabilities import Capability, Offers, Receipt, Stored
from .inventory import Inventory, known_as


class Ran(Receipt):
    """Of a command that ended: how, after how long, and the end of what it said."""

    procedure: str
    exit: int | None = None
    seconds: float = 0.0
    said: str = ""


class Procedures(Capability):
    """Commands that an operator prepared."""

    @abstractmethod
    def run(self, procedure: str) -> Ran:
        """Run it; where its check says that all is done already, nothing is run."""

    @abstractmethod
    def run_back(self, procedure: str) -> Ran:
        """Run what takes it back."""


class Prepared(Action):
    """One procedure of a kind; a kind that can be taken back has a procedure for that too."""

    needs = Procedures

    procedure: str = Field(description="the name of a procedure that was prepared for the target")

    @classmethod
    def aimed(cls, inventory: Inventory) -> bool:
        """Where one was prepared."""
        return any(one.does == cls.kind for one in inventory.procedures.values())

    @classmethod
    def targets(cls, inventory: Inventory) -> list[str]:
        """Those for which one was prepared."""
        return sorted({one.target for one in inventory.procedures.values() if one.does == cls.kind})

    def check(self, inventory: Inventory) -> None:
        """Prepared for this kind of move and this target."""
        known_as("procedure", self.procedure, inventory.procedures)
        one = inventory.procedures[self.procedure]
        if (one.does, one.target) != (self.kind, self.target):
            for_that = f"{one.does} {one.target}, not for {self.kind} {self.target}"
            raise ToolRetry(f"{self.procedure} is for {for_that}")

    def found(self, inventory: Inventory) -> dict[str, JsonValue]:
        """What it runs: the digest of what the operator wrote."""
        known_as("procedure", self.procedure, inventory.procedures)
        return {"written": inventory.procedures[self.procedure].written}

    def probe(self, found: Stored, inventory: Inventory) -> Probe:
        """By its own check, where there is one."""
        one = inventory.procedures.get(self.procedure)
        if one is None or one.done is None:
            return Probe.cannot_tell
        return Probe.done if one.done else Probe.not_done

    def perform(self, system: Offers) -> Ran:
        """Once; its undo, where it has one, is another command."""
        return system.find(Procedures).run(self.procedure)


class RenewCertificate(Prepared):
    """Have a certificate renewed and served."""

    kind = ActionKind("renew certificate")
    profile = PROFILES[kind]


class ClearCache(Prepared):
    """Throw away what a cache holds."""

    kind = ActionKind("clear cache")
    profile = PROFILES[kind]


class FreeSpace(Prepared):
    """Remove what may be removed from a volume."""

    kind = ActionKind("free space")
    profile = PROFILES[kind]


class TakenBack(Prepared):
    """What is put back by a command of its own."""

    def undo(self, system: Offers, stored: Stored) -> Ran:
        """By the procedure's own way back."""
        return system.find(Procedures).run_back(Ran.read(stored).procedure)


class OpenBreaker(TakenBack):
    """Stop calling what fails."""

    kind = ActionKind("open circuit breaker")
    profile = PROFILES[kind]


class RaiseLimit(TakenBack):
    """Give more of a resource."""

    kind = ActionKind("raise limit")
    profile = PROFILES[kind]
