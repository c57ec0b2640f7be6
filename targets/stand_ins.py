"""Systems that are not there: one in memory for rehearsals, one that can no longer be reached."""

from typing import Any, NoReturn

from ..actions.base import Acting, Action
from ..actions.capabilities import Receipt, Stored
from ..actions.inventory import Inventory, Request, Stood
from ..errors import ToolFailed
from ..incident.action import ActionKind

WHY_GONE = "the system that this was decided for cannot be reached any more; nothing was done"

Call = tuple[ActionKind, str, dict[str, Any]]
"""Kind, target and parameters of an action."""


class Rehearsed(Receipt):
    """Nothing was touched."""

    rehearsal: bool = True


class Rehearsal:
    """Acts on nothing and writes down what it was asked; `acted` and `undone` hold the calls."""

    def __init__(self, inventory: Inventory, failing: frozenset[ActionKind] = frozenset()) -> None:
        self._inventory = inventory
        self.failing = failing
        self.acted: list[Call] = []
        self.undone: list[Call] = []

    def inventory(self) -> Inventory:
        """The inventory that it was made with."""
        return self._inventory

    def perform(self, action: Action) -> Rehearsed:
        """Note the call. The same call a second time changes nothing, as on a real system."""
        if action.kind in self.failing:
            raise ToolFailed(f"rehearsal: {action.kind} was told to fail")
        changed = _call(action) not in self.acted
        self.acted.append(_call(action))
        return Rehearsed(changed=changed, note="rehearsal: nothing was touched")

    def knows(self, key: str) -> bool:
        """Nothing is kept."""
        return False

    def stands(self, asked: Request) -> Stood | None:
        """Nobody carries on what was not prepared."""
        return None

    def undo(self, action: Action, stored: Stored) -> Rehearsed:
        """Note the call; what has no undo has none here either."""
        if not action.reversible():
            raise ToolFailed(f"a {action.kind} cannot be undone: {action.profile.undone_by}")
        self.undone.append(_call(action))
        return Rehearsed(changed=bool(stored.get("changed")), note="rehearsal")


class Gone:
    """Stands in for the hands of an incident that is resumed without its system."""

    def perform(self, *_asked: Any, **_named: Any) -> NoReturn:
        """Fails."""
        raise ToolFailed(WHY_GONE)

    inventory = undo = knows = stands = perform


DRY = "dry run: nothing was touched"


class DryRun:
    """A real system to look at, to which nothing is done."""

    def __init__(self, system: Acting) -> None:
        self.inventory = system.inventory
        self.knows, self.stands = system.knows, system.stands

    def perform(self, action: Action) -> Receipt:
        """Say so."""
        return Receipt(changed=False, note=DRY)

    def undo(self, action: Action, stored: Stored) -> Receipt:
        """Say so."""
        return Receipt(changed=False, note=DRY)


def _call(action: Action) -> Call:
    return action.kind, action.target, action.parameters
