"""Repair rows: damaged rows of a table return to the time of their backup."""

from pydantic import Field

from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers, Receipt, Repaired, RowRepair, Stored
from .inventory import Inventory, known_as


class RepairRows(Action):
    """Write back the columns of a table that differ from its backup."""

    kind = ActionKind("repair rows from backup")
    needs = RowRepair
    runbook = "data-corruption"
    risk = Level.high
    blast_radius = (
        "The named columns of damaged rows in {target} return to the time of the backup; "
        "later legitimate edits of these columns in these rows are lost. Writers of {target} "
        "wait for under a second."
    )
    expected_effect = "{target} agrees with its backup in these columns; errors on these rows stop."
    verification = (
        "Rows that differ from the backup; error rate of the services that read {target}."
    )
    undone_by = "The replaced values are kept in the database and are written back."

    columns: list[str] = Field(
        default_factory=list,
        description="columns written back; empty: all. Leave out columns that move in ordinary "
        "business, such as units on hand",
    )
    max_rows: int = Field(
        default=500, ge=1, le=5000, description="more damaged rows than this: nothing is changed"
    )

    def check(self, inventory: Inventory) -> None:
        """A table with a backup, and columns of it."""
        known_as("table with a backup", self.target, inventory.tables)
        columns = inventory.tables[self.target]
        for column in self.columns if columns else ():
            known_as(f"column of {self.target}", column, columns)

    def perform(self, system: Offers) -> Repaired:
        """In one transaction, or not at all."""
        return system.find(RowRepair).repair(self.target, self.columns, self.max_rows)

    def undo(self, system: Offers, stored: Stored) -> Receipt:
        """The replaced values."""
        return system.find(RowRepair).restore(Repaired.read(stored))
