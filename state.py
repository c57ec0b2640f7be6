"""What LangGraph carries between nodes. Small on purpose: the incident document is the memory."""

from enum import StrEnum
from typing import Annotated, Literal, TypedDict

from pydantic import BaseModel, Field


def newest(_old: str, new: str) -> str:
    """Reducer for values that branches running side by side may both hand on."""
    return new


class Acted(StrEnum):
    """What became of the plan at the gate."""

    nothing = ""
    begun = "begun"  # carried out, or tried: telemetry decides what it did
    unknown = "unknown"  # begun and not reported: a person says whether it was done
    void = "void"  # proven not to have happened: asked anew
    lapsed = "lapsed"  # the approval ran out before it was used: asked anew
    held = "held"  # it may not happen now: tried again in a while
    unfit = "unfit"  # the system is not as it was planned for: planned anew
    over = "over"  # the incident was closed meanwhile
    withdrawn = "withdrawn"  # the sender says it is resolved: watched before it is asked anew


class IncidentState(BaseModel):
    """Routing facts of one incident. Everything else is in the document, under its id."""

    incident_id: Annotated[str, newest] = Field(description="the document's id")
    attempt: int = Field(default=1, description="round of the response, from 1")
    stop: str = Field(default="", description="noise, attempts spent: why it ends")
    look_again: bool = Field(default=False, description="not confirmed, and more may be seen")
    looks: int = Field(default=0, description="times that an unconfirmed alert was looked at again")
    anew: int = Field(default=0, description="rounds in which nothing was known to do: no attempts")
    act_now: bool = Field(default=False, description="triage is sure enough to ask at once")
    investigated: bool = Field(default=False, description="steps 4 to 7 of this round are done")
    plan: str = Field(default="", description="hash of the plan at the gate; empty: none")
    approved: bool = Field(default=False, description="the plan at the gate was approved")
    acted: str = Field(default=Acted.nothing.value, description="what became of it: Acted")
    checks: int = Field(default=0, description="measurements since the last action")
    timer: str = Field(default="", description="what is waited for; empty: nothing")
    improving: bool = Field(default=False, description="worth measuring again")
    well: bool = Field(default=False, description="nothing hurts, as far as it was measured")
    take_back: bool = Field(default=False, description="the last action is to be undone")
    next: str = Field(default="", description="before it is over: act (next stage), ask, wait")
    outcome: str = Field(default="", description="how the last action ended, after verification")


class CommunicationState(BaseModel):
    """The communications branch: it hands nothing back, the document has it all."""

    incident_id: str = Field(description="the document's id")
    attempt: int = Field(default=1, description="round of the response, from 1")
    told: int = Field(default=0, description="messages sent by this branch")


class Told(BaseModel):
    """What the communications branch hands back to its parent: nothing that others write."""

    told: int = Field(default=0, description="messages sent by this branch")


Waits = Literal["timer", "held"]
"""For time: until it can be measured, or until what may not happen yet is tried again."""


class Pause(TypedDict):
    """What a node says in `interrupt()`: what it waits for. Plain data: it lies in checkpoints."""

    kind: Literal["action", "text", "effect"] | Waits
    subject: str  # hash of the plan or text that is asked about; the timer's name
    incident_id: str
