"""Hands with a will of their own: they end half-way, hang, or show a system that has moved on."""

from collections.abc import Callable
from typing import Any

from warroom.actions.base import Action
from warroom.actions.inventory import Inventory
from warroom.targets.stand_ins import Rehearsal, Rehearsed


class Hands(Rehearsal):
    """A rehearsal that does `before` first, over a system that can change and that keeps keys."""

    def __init__(self, inventory: Inventory, before: Callable[[], Any] | None = None) -> None:
        super().__init__(inventory)
        self.before = before
        self.keys: set[str] = set()

    def becomes(self, inventory: Inventory) -> None:
        """The system is another one from now on."""
        self._inventory = inventory

    def perform(self, action: Action) -> Rehearsed:
        """After `before`."""
        if self.before:
            self.before()
        return super().perform(action)

    def knows(self, key: str) -> bool:
        """Of what it was told that it had done."""
        return key in self.keys
