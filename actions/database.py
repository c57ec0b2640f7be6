"""What is done to a database: damaged rows are repaired, a session is ended."""

import re

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind
from .base import PROFILES, Action
from .capabilities import Offers, Receipt, Repaired, RowRepair, Stored
from .facts import SessionEnded, SessionEnding
from .inventory import Inventory, known_as


class RepairRows(Action):
    """Write back the columns of a table that differ from its backup."""

    kind = ActionKind("repair rows from backup")
    profile = PROFILES[kind]
    needs = RowRepair
    aims = "tables"

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


class EndSession(Action):
    """End the session that holds what others wait for."""

    kind = ActionKind("end session")
    profile = PROFILES[kind]
    needs = SessionEnding
    aims = "databases"

    session: str = Field(description="process id and start of the session, as pid/unix seconds")
    application: str = Field(description="the name that the session gave itself; may be empty")

    def check(self, inventory: Inventory) -> None:
        """A database, and one exact session."""
        known_as("database", self.target, inventory.databases)
        if not re.fullmatch(r"\d+/\d+(\.\d+)?", self.session):
            raise ToolRetry(f"end session: {self.session!r} is no session; give pid/start")

    def perform(self, system: Offers) -> SessionEnded:
        """Exactly this session, as long as others wait for it."""
        return system.find(SessionEnding).end(self.session, self.application)
