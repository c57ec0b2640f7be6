"""What may be done about it: plans, decisions, executions, verification.

A plan's hash covers everything that matters about it; an approval binds to that hash.
"""

from enum import StrEnum
from typing import NewType

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from .evidence import Quote, digest, short


class Level(StrEnum):
    """Three steps, for risk and blast radius alike."""

    low = "low"
    medium = "medium"
    high = "high"


ActionKind = NewType("ActionKind", str)
"""An action by the name that people read: "roll back". Each class in actions/ has its own; the
catalogue there knows which exist, and only those are planned or carried out."""


PARTS = ("route", "object", "session")
"""Parameters that say which part of a target is acted on."""


class ActionPlan(BaseModel):
    """One exact action, ready to be approved or rejected."""

    kind: ActionKind = Field(description="which action of the catalogue")
    target: str = Field(description="service, flag, table or route acted on")
    parameters: dict[str, JsonValue] = Field(
        default_factory=dict, description="validated parameters of the action"
    )
    found: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="what was so of the target when it was made: else nothing is done",
    )
    hypothesis: str = Field(default="", description="id of the hypothesis it follows from")
    rationale: str = Field(description="why this action, one or two sentences")
    quotes: list[Quote] = Field(default_factory=list, description="values the choice rests on")
    risk: Level = Field(description="from the catalogue, never from the model")
    blast_radius: str = Field(description="who notices while it happens; from the catalogue")
    reversible: bool = Field(description="whether an undo exists; from the catalogue")
    expected_effect: str = Field(description="what should be seen when it works")
    verification: str = Field(description="what is measured afterwards")
    undo: str = Field(description="how it is undone")
    attempt: int = Field(default=1, description="which attempt of the response it belongs to")
    experiment: bool = Field(
        default=False,
        description="its cause is not even likely: tried to learn, undone unless verified",
    )

    proposed_by: str = Field(
        default="", description="the person who put it before the commander, in which step of what"
    )

    @property
    def hash(self) -> str:
        """SHA-256 over every field, in hex: any edit is another plan."""
        content = self.model_dump(mode="json")
        for name in (
            "experiment",
            "found",
            "proposed_by",
        ):  # plans that were made before there were any keep theirs
            if not content[name]:
                del content[name]
        return digest(content)

    @property
    def short_hash(self) -> str:
        """The beginning of the hash, as people are shown it."""
        return short(self.hash)

    @property
    def title(self) -> str:
        """The plan in a few words, for prompts and timelines."""
        values = ", ".join(f"{key}={_brief(value)}" for key, value in self.parameters.items())
        name = f"{self.kind} {self.target}" + (f" ({values})" if values else "")
        return f"experiment: {name}" if self.experiment else name

    @property
    def move(self) -> tuple[str, str, JsonValue]:
        """What is done to what, whatever the amounts: what counts as tried. A route belongs to it,
        as limits of two routes stand at one edge; so does what is put back or ended of a
        database."""
        part = next((self.parameters[key] for key in PARTS if key in self.parameters), None)
        return self.kind, self.target, part


def _brief(value: JsonValue) -> str:
    """A definition of many lines is named by its beginning."""
    text = str(value)
    return text if len(text) <= 200 else f"{' '.join(text[:160].split())} …"


class Verdict(StrEnum):
    """What a person decided, or what became of the question."""

    approved = "approved"
    one_of_two = "approved by one of two"
    rejected = "rejected"
    edited = "edited"
    expired = "expired"
    withdrawn = "withdrawn"


class Decision(BaseModel):
    """A person's answer to one exact plan or text."""

    subject: str = Field(description="hash of the plan or message decided on")
    verdict: Verdict = Field(description="approved, rejected, edited, expired, …")
    by: str = Field(description="who decided, vouched for; '… (automatic)': code did")
    at: AwareDatetime = Field(description="when, UTC")
    reason: str = Field(default="", description="why, where given")


class Outcome(StrEnum):
    """How an execution ended. Unknown is never called done; partly: some of what hurt ended with
    it, the rest goes on; contained: errors went because requests are refused instead; waits: it was
    asked for, others carry it on; stayed well: it was to cure nothing, and did no harm; not done:
    whoever began it ended, and nothing had happened."""

    started = "started"
    better = "better"
    by_itself = "recovered by itself"
    partly = "partly better"
    contained = "contained"
    waits = "waiting for a merge"
    unpushed = "waiting for a push"
    stayed_well = "stayed well"
    worse = "worse"
    unchanged = "unchanged"
    unverified = "unverified"
    failed = "failed"
    not_done = "not done"


WELL = (Outcome.better, Outcome.by_itself, Outcome.stayed_well)
"""What hurt is over, whoever cured it."""
WAITS = (Outcome.waits, Outcome.unpushed)
"""It is prepared, and others carry it on or leave it."""
HELPED = (Outcome.better, Outcome.partly)
"""The action cured something, as verified."""


class Measure(BaseModel):
    """One signal before and after an action."""

    service: str = Field(description="whose signal")
    route: str = Field(default="", description="of the edge; empty: of all its requests")
    signal: str = Field(description="which: error_rate, latency_p95, …")
    unit: str = Field(default="", description="unit of the values")
    baseline: float | None = Field(default=None, description="healthy level before the incident")
    before: float | None = Field(default=None, description="level just before the action")
    last: float | None = Field(default=None, description="level in the last seconds before it")
    during: float | None = Field(
        default=None, description="level over the whole incident before the action"
    )
    after: float | None = Field(default=None, description="level after the stabilisation window")
    ending: float | None = Field(default=None, description="level at the end of that window")
    requests_before: int | None = Field(
        default=None, description="requests that the level before rests on; None: not counted"
    )
    requests_last: int | None = Field(default=None, description="the same just before the action")
    requests_during: int | None = Field(
        default=None, description="the same over the incident before the action"
    )
    requests_after: int | None = Field(default=None, description="the same after it")
    pause_s: float | None = Field(
        default=None, description="longest healthy pause while it was ill; None: it never paused"
    )
    threshold: float | None = Field(default=None, description="the objective it is held against")
    healthy: bool | None = Field(
        default=None, description="after meets the objective; None: not measured"
    )
    higher_is_worse: bool = Field(default=True, description="which way is bad")
    decisive: bool = Field(default=True, description="decides the outcome; else context only")
    evidence: str = Field(default="", description="id of the evidence that holds the measurement")

    @property
    def name(self) -> str:
        """As people are shown it: whose signal, of which route, which."""
        return " ".join(part for part in (self.service, self.route, self.signal) if part)


class Execution(BaseModel):
    """One action carried out, once, and what came of it."""

    plan: str = Field(description="hash of the plan executed")
    title: str = Field(description="the plan in a few words")
    started_at: AwareDatetime = Field(description="when it was claimed, UTC")
    ended_at: AwareDatetime | None = Field(
        default=None, description="when the effect was done, UTC"
    )
    merged_at: AwareDatetime | None = Field(
        default=None, description="when others carried on what it had prepared, UTC; None: not yet"
    )
    receipt: dict[str, JsonValue] = Field(
        default_factory=dict, description="what the operation reported, with what undoes it"
    )
    outcome: Outcome = Field(default=Outcome.started, description="how it ended")
    probability: float | None = Field(
        default=None, description="that the outcome is so, from the counts; None: nothing decides"
    )
    reason: str = Field(default="", description="what the outcome rests on")
    measures: list[Measure] = Field(default_factory=list, description="telemetry before and after")
    note: str = Field(default="", description="what was concluded, one line")
    undone: bool = Field(default=False, description="whether it was rolled back")
    stage: int = Field(default=0, description="of what is done in stages the last begun, from 0")

    @property
    def acted_at(self) -> AwareDatetime:
        """From when on it may have had an effect."""
        return self.merged_at or self.started_at

    @property
    def proof(self) -> list[str]:
        """Evidence of what came of it."""
        return [measure.evidence for measure in self.measures if measure.evidence]
