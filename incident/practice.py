"""The practice in words: who works an incident, and its five phases (practice: thirteen steps)."""

from enum import IntEnum
from typing import NewType

Specialist = NewType("Specialist", str)
"""Who works a step, by the name of its file in agents/."""


class Phase(IntEnum):
    """Communication runs beside the other phases from declaration on."""

    triage = 1
    investigate = 2
    recover = 3
    communicate = 4
    learn = 5

    @property
    def title(self) -> str:
        """As a heading."""
        return TITLES[self]


TITLES = {
    Phase.triage: "Detect and triage",
    Phase.investigate: "Investigate",
    Phase.recover: "Resolve and recover",
    Phase.communicate: "Communicate",
    Phase.learn: "Learn",
}
