"""What can be looked up about a system without acting on it, live or as it was recorded."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from ..actions.capabilities import Difference
from ..actions.inventory import Inventory
from ..errors import BundleError, ToolFailed

FILE = "survey.json"


class Surveying(Protocol):
    """Reads what there is to act on. `Operations` does so live."""

    def inventory(self) -> Inventory:
        """What there is to act on."""
        ...

    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """A table held against its backup. Raises ToolFailed where there is none."""
        ...


class Recorded:
    """A survey as it was taken during the incident; it gives no access to anything."""

    def __init__(self, inventory: Inventory, differences: dict[str, Difference]) -> None:
        self._inventory = inventory
        self._differences = differences

    @classmethod
    def load(cls, path: Path) -> "Recorded":
        """From a bundle's survey.json. Raises BundleError for a file that does not fit."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            tables = {name: Difference(**row) for name, row in raw["differences"].items()}
            return cls(Inventory.model_validate(raw["inventory"]), tables)
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise BundleError(
                f"{path} cannot be read ({error}); remove it to do without"
            ) from error

    def inventory(self) -> Inventory:
        """What there was to act on."""
        return self._inventory

    def compare(self, table: str, columns: Sequence[str] = ()) -> Difference:
        """The comparison as recorded, of all columns."""
        if table not in self._differences:
            raise ToolFailed(f"table {table} was not compared with a backup when this was recorded")
        return self._differences[table]


def keep(system: Surveying, path: Path) -> None:
    """Write down what a live system says about itself, for a bundle that is kept."""
    inventory = system.inventory()
    differences = {name: asdict(system.compare(name)) for name in inventory.tables}
    content = {"inventory": inventory.model_dump(mode="json"), "differences": differences}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
