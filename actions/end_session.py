"""End session: a database session that others wait for is ended."""

import re

from pydantic import Field

from ..errors import ToolRetry
from ..incident.action import ActionKind, Level
from .base import Action
from .capabilities import Offers
from .facts import SessionEnded, SessionEnding
from .inventory import Inventory, known_as


class EndSession(Action):
    """End the session that holds what others wait for."""

    kind = ActionKind("end session")
    needs = SessionEnding
    runbook = "lock-contention"
    risk = Level.medium
    blast_radius = (
        "The transaction of {application} is rolled back: what it had not committed is lost, and "
        "whoever ran it sees its connection end."
    )
    expected_effect = "The sessions that wait for it go on; nothing waits for locks in {target}."
    verification = "Sessions that wait, latency and error rate of the services that use {target}."
    undone_by = "None: the transaction is gone. Whoever ran it can run it again."

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
