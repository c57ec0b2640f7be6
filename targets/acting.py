"""What it takes to act on a system: the protocol that tools and the graph are written against."""

from typing import Any, Protocol

from ..incident.action import ActionKind
from .configuration import Receipt
from .inventory import Inventory

Parameters = dict[str, Any]
"""Validated parameters of an action, as plain JSON."""


class Acting(Protocol):
    """A system that can be acted on. All methods end in bounded time or raise ToolFailed."""

    def inventory(self) -> Inventory:
        """What there is to act on, read now."""
        ...

    def health(self, service: str) -> list[Receipt]:
        """One row per instance: instance, active, state, pid, answers, seconds, problem."""
        ...

    def act(
        self, kind: ActionKind, target: str, parameters: Parameters, since: float | None = None
    ) -> Receipt:
        """Carry out one action. `since`: when it was first begun (unix seconds), on a repetition.

        The receipt has `changed` (False: it was done already), `note`, and what undo needs.
        """
        ...

    def undo(
        self, kind: ActionKind, target: str, parameters: Parameters, receipt: Receipt
    ) -> Receipt:
        """Put back what the receipt says was there. Raises ToolFailed where there is no undo."""
        ...
