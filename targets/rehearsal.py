"""A system that exists in memory only: for rehearsals and tests. Every receipt says so."""

from ..errors import ToolFailed
from ..incident.action import ActionKind
from .acting import Parameters
from .configuration import Receipt
from .inventory import Inventory


class Rehearsal:
    """Acts on nothing and writes down what it was asked; `acted` and `undone` hold the calls."""

    def __init__(self, inventory: Inventory, failing: frozenset[ActionKind] = frozenset()) -> None:
        self._inventory = inventory
        self.failing = failing
        self.acted: list[tuple[ActionKind, str, Parameters]] = []
        self.undone: list[tuple[ActionKind, str, Parameters]] = []

    def inventory(self) -> Inventory:
        """The inventory that it was made with."""
        return self._inventory

    def health(self, service: str) -> list[Receipt]:
        """Every active instance answers; there is no process behind it."""
        part = self._inventory.services.get(service)
        if part is None:
            raise ToolFailed(f"no service {service}; known: {', '.join(self._inventory.services)}")
        return [_healthy(instance) for instance in part.instances]

    def act(
        self, kind: ActionKind, target: str, parameters: Parameters, since: float | None = None
    ) -> Receipt:
        """Note the call. The same call a second time changes nothing, as on a real system."""
        if kind in self.failing:
            raise ToolFailed(f"rehearsal: {kind.value} was told to fail")
        call = (kind, target, dict(parameters))
        changed = call not in self.acted
        self.acted.append(call)
        return {"rehearsal": True, "changed": changed, "note": "rehearsal: nothing was touched"}

    def undo(
        self, kind: ActionKind, target: str, parameters: Parameters, receipt: Receipt
    ) -> Receipt:
        """Note the call; a restart has no undo here either."""
        if kind is ActionKind.restart:
            raise ToolFailed("a restart cannot be undone: the old process is gone")
        self.undone.append((kind, target, dict(parameters)))
        return {"rehearsal": True, "changed": bool(receipt.get("changed")), "note": "rehearsal"}


def _healthy(instance: str) -> Receipt:
    return {
        "instance": instance,
        "active": True,
        "state": "REHEARSAL",
        "pid": 0,
        "answers": True,
        "seconds": 0.0,
        "problem": "",
    }
