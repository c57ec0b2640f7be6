"""A system that can no longer be reached: everything asked of it fails, in words."""

from typing import NoReturn

from ..errors import ToolFailed
from ..incident.action import ActionKind
from .acting import Parameters
from .configuration import Receipt
from .inventory import Inventory

WHY = "the system that this was decided for cannot be reached any more; nothing was done"


class Gone:
    """Stands in for the hands of an incident that is resumed without its system."""

    def inventory(self) -> Inventory:
        """Fails."""
        _fail()

    def health(self, service: str) -> list[Receipt]:
        """Fails."""
        _fail()

    def act(
        self, kind: ActionKind, target: str, parameters: Parameters, since: float | None = None
    ) -> Receipt:
        """Fails."""
        _fail()

    def undo(
        self, kind: ActionKind, target: str, parameters: Parameters, receipt: Receipt
    ) -> Receipt:
        """Fails."""
        _fail()


def _fail() -> NoReturn:
    raise ToolFailed(WHY)
