"""What happens during a response, as it happens: typed, in order, to be shown, stored or streamed.

The document holds what became of it; an event says that something just took place, and its field
`event` which one it is.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from .action import ActionPlan, Decision, Execution
from .communication import Message
from .document import Alert
from .evidence import Evidence
from .lifecycle import Transition
from .model_use import ModelCall
from .report import AnyReport


class StepStarted(BaseModel):
    """A specialist begins to work a step."""

    event: Literal["step_started"] = "step_started"
    step: int = Field(description="1 to 13")
    specialist: str = Field(description="who works it")
    attempt: int = Field(description="round of the response, from 1")


class PlaybookAnswered(BaseModel):
    """The playbook's report is there; where a model goes on to think, nobody waits for it."""

    event: Literal["playbook_answered"] = "playbook_answered"
    report: AnyReport = Field(description="not filed yet")


class StepDone(BaseModel):
    """The step's report is filed."""

    event: Literal["step_done"] = "step_done"
    report: AnyReport = Field(description="as it was handed in")


class EvidenceKept(BaseModel):
    """A tool was called and its answer is on record."""

    event: Literal["evidence_kept"] = "evidence_kept"
    evidence: Evidence = Field(description="the record; its payload is in the store")


class ActionStarted(BaseModel):
    """An approved action is carried out now."""

    event: Literal["action_started"] = "action_started"
    plan: ActionPlan = Field(description="exactly what was approved")


class ActionDone(BaseModel):
    """An action was carried out, or failed; telemetry decides what it did."""

    event: Literal["action_done"] = "action_done"
    execution: Execution = Field(description="what is known of it")


class Waiting(BaseModel):
    """Nothing happens for a while, on purpose."""

    event: Literal["waiting"] = "waiting"
    seconds: float = Field(description="how long")
    why: str = Field(description="what is waited for")


class ModelWrites(BaseModel):
    """A piece of what a model writes, as it is streamed; it may be anything."""

    event: Literal["model_writes"] = "model_writes"
    specialist: str = Field(description="whose model")
    step: int = Field(description="1 to 13")
    text: str = Field(description="the next characters")


class ModelCalled(BaseModel):
    """A question to a model is over, answered or not."""

    event: Literal["model_called"] = "model_called"
    call: ModelCall = Field(description="what was asked and what it took")


ResponseEvent = Annotated[
    StepStarted
    | PlaybookAnswered
    | StepDone
    | EvidenceKept
    | ActionStarted
    | ActionDone
    | Waiting
    | ModelWrites
    | ModelCalled,
    Field(discriminator="event"),
]
"""What a response says of itself while it runs."""


class AlertTaken(BaseModel):
    """An alert was written down and is this incident's now."""

    event: Literal["alert_taken"] = "alert_taken"
    alert: Alert = Field(description="as parsed")
    reason: str = Field(default="", description="why it belongs here; empty: it opened it")


class IncidentJoined(BaseModel):
    """Another incident turned out to be the same one."""

    event: Literal["incident_joined"] = "incident_joined"
    other: str = Field(description="its id")
    reason: str = Field(description="why")


class Asked(BaseModel):
    """A person is asked to decide."""

    event: Literal["asked"] = "asked"
    subject: str = Field(description="hash of the exact plan or text")
    kind: str = Field(description="action or text")
    title: str = Field(description="in a few words")
    expires_at: AwareDatetime = Field(description="until when an answer counts, UTC")


class Decided(BaseModel):
    """Somebody decided, or the time for it ran out."""

    event: Literal["decided"] = "decided"
    decision: Decision = Field(description="who, what and why")


class StateChanged(BaseModel):
    """The incident entered another state."""

    event: Literal["state_changed"] = "state_changed"
    transition: Transition = Field(description="to which, who says so and why")


class GlassBroken(BaseModel):
    """Somebody acts on it, or looks at it, under the account for when nothing else works."""

    event: Literal["glass_broken"] = "glass_broken"
    by: str = Field(description="the account")
    what: str = Field(description="what was asked for")


class MessageSent(BaseModel):
    """A message went out."""

    event: Literal["message_sent"] = "message_sent"
    message: Message = Field(description="exactly what was sent, and to whom")


class Escalated(BaseModel):
    """People were told of it, or nobody was there to be told."""

    event: Literal["escalated"] = "escalated"
    level: int = Field(description="of those who are told one after the other, from 1")
    people: list[str] = Field(description="who is told now; none: nobody is on call for it")
    why: str = Field(description="declared, not acknowledged in time, raised, …")


class Acknowledged(BaseModel):
    """Somebody has taken it on, or has given it back."""

    event: Literal["acknowledged"] = "acknowledged"
    by: str = Field(description="who")
    released: bool = Field(default=False, description="given back: others are told again")


class PersonActed(BaseModel):
    """Somebody changed something of the incident by hand."""

    event: Literal["person_acted"] = "person_acted"
    by: str = Field(description="who")
    act: str = Field(description="assign, set severity, note, link, relate, resolve, reopen, close")
    text: str = Field(description="the line on the timeline")


IncidentEvent = Annotated[
    StepStarted
    | PlaybookAnswered
    | StepDone
    | EvidenceKept
    | ActionStarted
    | ActionDone
    | Waiting
    | ModelCalled
    | AlertTaken
    | IncidentJoined
    | Asked
    | Decided
    | StateChanged
    | MessageSent
    | GlassBroken
    | Escalated
    | Acknowledged
    | PersonActed,
    Field(discriminator="event"),
]
"""What is stored and can be followed: what a response says, but for half-written words of a model,
and what people and senders do."""
