"""The practice in words: who works an incident, and its five phases (practice: thirteen steps)."""

from enum import IntEnum, StrEnum


class Specialist(StrEnum):
    """Who works a step."""

    triage = "triage"
    observability = "observability"
    debugger = "debugger"
    security = "security"
    performance = "performance"
    comms = "comms"
    postmortem = "postmortem"


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
