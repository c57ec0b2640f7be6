"""The practice in words: who works an incident, its five phases (practice: thirteen steps), its
states, and which change may follow which (practice: lifecycle).
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType

from pydantic import BaseModel, Field

from ..errors import LifecycleError

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


class State(StrEnum):
    """Where the incident stands."""

    detected = "detected"
    investigating = "investigating"
    identified = "identified"
    containing = "containing"
    eradicating = "eradicating"
    recovering = "recovering"
    contained = "contained"
    monitoring = "monitoring"
    resolved = "resolved"
    post_incident = "post-incident"
    closed = "closed"


class Transition(BaseModel):
    """One change of state."""

    at: datetime = Field(description="when, UTC")
    actor: str = Field(description="who changed it: a specialist or a person's role")
    state: State = Field(description="the state entered")
    reason: str = Field(description="why")


ACTIVE = (
    State.detected,
    State.investigating,
    State.identified,
    State.containing,
    State.eradicating,
    State.recovering,
    State.contained,
    State.monitoring,
)
OVER = (State.resolved, State.post_incident, State.closed)

# Any active state may follow another (an attempt that fails goes back to investigating); a
# resolved incident may reopen; what is closed stays closed until it is reopened.
ALLOWED: dict[State, tuple[State, ...]] = {
    **dict.fromkeys(ACTIVE, (*ACTIVE, State.resolved, State.closed)),
    State.resolved: (State.investigating, State.post_incident, State.closed),
    State.post_incident: (State.investigating, State.closed),
    State.closed: (State.investigating,),
}


def check_transition(current: State, new: State) -> None:
    """Raise LifecycleError where `new` may not follow `current`."""
    if new not in ALLOWED[current]:
        allowed = ", ".join(state.value for state in ALLOWED[current])
        raise LifecycleError(f"{current.value} cannot become {new.value}; choose one of: {allowed}")
