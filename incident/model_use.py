"""What models were asked for this incident, what it cost, and where they saw it differently."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from .finding import CauseKey, FaultKind

Outcome = Literal["answered", "unavailable", "refused", "muddled", "budget"]


class ModelCall(BaseModel):
    """One question to a model, whatever came of it."""

    at: AwareDatetime = Field(description="when it was asked, UTC")
    specialist: str = Field(description="who asked")
    step: int = Field(description="1 to 13")
    attempt: int = Field(default=1, description="round of the response")
    purpose: str = Field(default="reason", description="reason, skeptic or write")
    model: str = Field(description="as the endpoint names it")
    prompt: str = Field(
        default="", description="prompt file and its hash: debugger.md@0123456789ab"
    )
    input_tokens: int = Field(default=0, description="tokens sent")
    cached_tokens: int = Field(default=0, description="of those, from the endpoint's cache")
    output_tokens: int = Field(default=0, description="tokens written")
    estimated: bool = Field(default=False, description="the endpoint's figures were missing or odd")
    requests: int = Field(default=1, description="HTTP requests that it took, retries included")
    cost: float | None = Field(default=None, description="money by the price table; None: no price")
    seconds: float = Field(default=0.0, description="how long it took")
    outcome: Outcome = Field(default="answered", description="how it ended")
    note: str = Field(default="", description="what was odd, or why there is no answer")


class Testimony(BaseModel):
    """What a model said of one cause, whatever came of it: the second witness's word."""

    service: str = Field(description="the guilty service or third party")
    kind: FaultKind = Field(description="what kind of fault")
    change: str = Field(default="", description="id of the change it blames; empty: none")
    statement: str = Field(description="the cause in its words")
    first: bool = Field(default=False, description="whether it is the one that it blames")
    basis: str = Field(default="", description="the kind of evidence at hand, as of calibration")
    ruled_out: str = Field(default="", description="why it rules it out; empty: it does not")
    proven: float = Field(default=0.0, ge=0, le=1, description="how far its reasons prove it")
    disproven: float = Field(default=0.0, ge=0, le=1, description="how far they speak against it")

    @property
    def key(self) -> CauseKey:
        """The cause that it names, as of a hypothesis."""
        return self.service, self.kind, self.change


class Disagreement(BaseModel):
    """Floor and model saw one thing differently: both are on record."""

    step: int = Field(description="1 to 13")
    specialist: str = Field(description="whose step it was")
    about: str = Field(description="what they disagree on: severity, root cause, first move")
    floor: str = Field(description="what the playbook says")
    model: str = Field(description="what the model says")
    standing: Literal["floor", "model"] = Field(description="which one stands")
    why: str = Field(description="why that one stands, by code")
