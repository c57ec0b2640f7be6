"""What people say and do in an incident: who takes part as what, what they point at, the level that
they set (practice: command and people)."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from .severity import Severity


class Duty(StrEnum):
    """What somebody does in an incident, in the words of the Incident Command System."""

    commander = "commander"
    technical_lead = "technical lead"
    communications_lead = "communications lead"
    expert = "expert"


SHARED = (Duty.expert,)
"""Duties that several may have; of the others one has it, and hands it over."""


class Participant(BaseModel):
    """Somebody who takes part: named inside the house, never in texts for the public."""

    name: str = Field(description="an account, or a team")
    duty: Duty = Field(description="as what")
    since: AwareDatetime = Field(description="from when on, UTC")
    by: str = Field(description="who gave it to them; themselves, where they took it")


class Pointer(BaseModel):
    """Something to look at: a call, a board, a ticket."""

    at: AwareDatetime = Field(description="when it was added, UTC")
    by: str = Field(description="who")
    title: str = Field(description="what it is")
    url: str = Field(description="https or http")


class SupportCount(BaseModel):
    """How many people had written to support: no telemetry tells that, a person does."""

    at: AwareDatetime = Field(description="when it was said, UTC")
    by: str = Field(description="who said it")
    contacts: int = Field(ge=0, description="in all, since it began")


class DoneByHand(BaseModel):
    """What somebody did to the system outside of the response: no step verified it."""

    number: int = Field(description="in the file of what was done by hand, from 1")
    undo: bool = Field(default=False, description="whether it took an earlier one back")
    at: AwareDatetime = Field(description="when it was over, UTC")
    by: str = Field(description="who")
    title: str = Field(description="what, in a sentence")
    kind: str = Field(default="", description="which action")
    target: str = Field(default="", description="what was acted on")
    receipt: dict[str, JsonValue] = Field(default_factory=dict, description="what came of it")
    error: str = Field(default="", description="why it failed; empty: it was done")

    @property
    def told(self) -> str:
        """On the timeline."""
        how = "failed" if self.error else "taken back" if self.undo else "done"
        return f"{how} by hand: {self.title}{f' ({self.came})' if self.came else ''}"

    @property
    def came(self) -> str:
        """What the system answered; empty: nothing more than that it is done."""
        return self.error or str(self.receipt.get("note") or "")


class HeldLevel(BaseModel):
    """A level that a person set: it stands until something worse is measured than they saw."""

    severity: Severity = Field(description="the level")
    seen: Severity = Field(description="what was measured or proven when they set it")
    by: str = Field(description="who")
    reason: str = Field(description="why")
    at: AwareDatetime = Field(description="when, UTC")


def hand_over(known: list[Participant], new: Participant) -> list[Participant]:
    """Who takes part now: a duty that one has goes over to them."""
    shared = new.duty in SHARED
    stay = [one for one in known if one.duty is not new.duty or (shared and one.name != new.name)]
    return [*stay, new]
