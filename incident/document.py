"""The incident document: the one record that every specialist reads and writes.

Evidence payloads lie beside it in the store. The timeline only grows. The document knows
nobody: it imports no other part of Warroom.
"""

import json
import re
from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from pydantic import AwareDatetime, BaseModel, Field

from .action import HELPED, WAITS, ActionPlan, Decision, Execution, Outcome, Verdict
from .communication import REPLACED_BY, Message, MessageState
from .evidence import BackendLoad, Evidence
from .finding import DroppedClaim, Finding, Gap, Hypothesis
from .following import Followed
from .impact import Command, Impact, ServiceState, SloState
from .lifecycle import State, Transition, check_transition
from .model_use import Disagreement, ModelCall
from .onset import Onset
from .people import SHARED, DoneByHand, HeldLevel, Participant, Pointer, SupportCount
from .report import AnyReport, FollowUp, Report, VerificationReport
from .severity import Category, IncidentType, Raise, Severity
from .timeline import Event, EventKind


class Alert(BaseModel):
    """One firing (or resolved) alert. Its text is data written by others, never instruction."""

    name: str = Field(description="alert name")
    status: str = Field(default="firing", description="firing or resolved")
    service: str = Field(default="", description="the service it names; empty: none named")
    severity: str = Field(default="", description="the source's own word for the level")
    summary: str = Field(default="", description="annotation text")
    level: Severity | None = Field(
        default=None, description="what its receiver's configuration says that word means"
    )
    starts_at: AwareDatetime | None = Field(
        default=None, description="when it began, as the source says"
    )
    ends_at: AwareDatetime | None = Field(
        default=None, description="when it was over, as the source says"
    )
    seen_at: AwareDatetime | None = Field(
        default=None,
        description="when the source said so; None: it does not tell, and starts_at names what "
        "was told of",
    )
    labels: dict[str, str] = Field(default_factory=dict, description="labels")
    annotations: dict[str, str] = Field(default_factory=dict, description="annotations")
    fingerprint: str = Field(description="the source's, or a digest of name and labels")
    source: str = Field(description="alertmanager, plain or warroom detector")
    receiver: str = Field(default="", description="which one took it; empty: it was handed over")


class Joined(BaseModel):
    """An alert that became a part of an incident that was open already."""

    at: AwareDatetime = Field(description="when it was joined, UTC")
    alert: Alert = Field(description="as it came")
    reason: str = Field(description="why it belongs here")


SCHEMA_VERSION = "1"
R = TypeVar("R", bound=Report)
Kind: TypeAlias = type[R]
"""A class of reports; inside the document `type` is the incident's."""


class Incident(BaseModel):
    """Everything known about one incident."""

    schema_version: str = Field(
        default=SCHEMA_VERSION, description="of this document's JSON Schema"
    )
    id: str = Field(description="INC-…")
    title: str = Field(description="one line")
    opened_at: AwareDatetime = Field(description="when we took the alert, UTC")
    alert: Alert = Field(description="what we were handed")
    joined: list[Joined] = Field(
        default_factory=list, description="alerts that belong to it, one of each name and service"
    )
    related: list[str] = Field(default_factory=list, description="ids of linked incidents")

    severity: Severity | None = Field(default=None, description="None until classified")
    held: HeldLevel | None = Field(default=None, description="the level that a person set")
    raised: list[Raise] = Field(
        default_factory=list, description="worse levels that models asked for and proved"
    )
    type: IncidentType = Field(default=IncidentType.unknown, description="what kind of trouble")
    category: Category = Field(default=Category.unknown, description="for routing and statistics")
    state: State = Field(default=State.detected, description="where it stands")
    transitions: list[Transition] = Field(default_factory=list, description="how it got there")
    ended_by: str = Field(
        default="", description="the person who called it over; empty: telemetry does, or it runs"
    )

    onset: AwareDatetime | None = Field(default=None, description="when it began, UTC; step 2")
    onset_between: tuple[AwareDatetime, AwareDatetime] | None = Field(
        default=None, description="the samples that it lies between, UTC; None: not measured"
    )
    services: list[ServiceState] = Field(default_factory=list, description="affected ones first")
    impact: Impact | None = Field(default=None, description="who is hurt; None until assessed")
    slo: list[SloState] = Field(default_factory=list, description="objectives against now")
    command: Command = Field(default_factory=Command, description="who leads, by role")
    participants: list[Participant] = Field(default_factory=list, description="who takes part")
    support: list[SupportCount] = Field(
        default_factory=list, description="people who wrote to support, as people said it"
    )
    by_hand: list[DoneByHand] = Field(
        default_factory=list, description="what people did outside of the response"
    )
    links: list[Pointer] = Field(default_factory=list, description="what people point at")

    timeline: list[Event] = Field(default_factory=list, description="append-only, UTC")
    evidence: list[Evidence] = Field(default_factory=list, description="references, no payloads")
    loads: list[BackendLoad] = Field(
        default_factory=list, description="what was asked of each backend, so far"
    )
    findings: list[Finding] = Field(default_factory=list, description="claims that resolved")
    dropped: list[DroppedClaim] = Field(default_factory=list, description="claims that did not")
    gaps: list[Gap] = Field(default_factory=list, description="what could not be seen")
    hypotheses: list[Hypothesis] = Field(default_factory=list, description="best first")

    proposals: list[ActionPlan] = Field(default_factory=list, description="every plan proposed")
    decisions: list[Decision] = Field(default_factory=list, description="what people decided")
    executions: list[Execution] = Field(default_factory=list, description="what was done, once")
    communications: list[Message] = Field(default_factory=list, description="drafts and sent")
    follow_ups: list[FollowUp] = Field(default_factory=list, description="owner and due date")
    plans: list[Followed] = Field(
        default_factory=list, description="runbooks that are followed, the newest last"
    )
    reports: list[AnyReport] = Field(default_factory=list, description="one per step and attempt")
    model_calls: list[ModelCall] = Field(
        default_factory=list, description="every question to a model; empty: none was asked"
    )
    disagreements: list[Disagreement] = Field(
        default_factory=list, description="where playbook and model saw it differently"
    )

    def report(self, kind: Kind[R]) -> R | None:
        """The latest report of this kind, or None."""
        found = [filed for filed in self.reports if isinstance(filed, kind)]
        return found[-1] if found else None

    def charge(self, loads: Iterable[BackendLoad]) -> None:
        """Add what was asked of backends."""
        for load in loads:
            known = next((one for one in self.loads if one.datasource == load.datasource), None)
            if known is None:
                self.loads.append(load.model_copy())
                continue
            known.requests += load.requests
            known.bytes += load.bytes
            known.seconds = round(known.seconds + load.seconds, 3)

    @property
    def fired(self) -> AwareDatetime:
        """When the alert fired, as its sender says; when we took it where it does not say."""
        return min(self.alert.starts_at or self.opened_at, self.opened_at)

    @property
    def began(self) -> Onset:
        """When it began: as measured, else at the latest when the alert fired."""
        if self.onset is None:
            return Onset(at=self.fired, known=False)
        return Onset(at=self.onset, between=self.onset_between, known=True)

    @property
    def leads(self) -> Command:
        """Who leads now: whoever took a duty, else the role."""
        alone = [one for one in self.participants if one.duty not in SHARED]
        took = {one.duty.replace(" ", "_"): one.name for one in alone}
        took["incident_commander"] = took.pop("commander", self.command.incident_commander)
        return self.command.model_copy(update=took)

    @property
    def called_over(self) -> Transition | None:
        """How a person called it over, with what they say ended it; None: nobody did."""
        by = self.ended_by
        return next((t for t in reversed(self.transitions) if by and t.actor == by), None)

    @property
    def untouched(self) -> bool:
        """Whether neither the response nor anybody's word says that something was done."""
        said = any(event.kind is EventKind.person for event in self.timeline)
        return not (self.executions or self.by_hand or self.ended_by or said)

    def begins(
        self, at: AwareDatetime, between: tuple[AwareDatetime, AwareDatetime] | None = None
    ) -> None:
        """Take over a measured onset: never later than the alert that told of it."""
        fired = self.fired
        self.onset = min(at, fired)
        self.onset_between = (min(between[0], fired), min(between[1], fired)) if between else None

    def leading(self) -> Hypothesis | None:
        """The most likely cause of what hurts, or hurt to the end; None: none stands."""
        standing = [h for h in self.hypotheses if h.standing]
        standing = standing or [h for h in self.hypotheses if not h.ruled_out]
        return max(standing, key=lambda h: h.confidence, default=None)

    @property
    def proven(self) -> list[str]:
        """Ids of the hypotheses whose action ended what hurt, or a part of it, as verified."""
        helped = [e for e in self.executions if e.outcome in HELPED and not e.undone]
        plans = [self.plan(execution.plan) for execution in helped]
        return [plan.hypothesis for plan in plans if plan]

    @property
    def waiting(self) -> list[Execution]:
        """What was prepared and waits for whoever merges or pushes it."""
        return [each for each in self.executions if each.outcome in WAITS and not each.undone]

    def carried_on(self, measured: bool = True) -> Execution | None:
        """What others have merged or pushed, and is being measured; else it was not looked at."""
        last = self.report(VerificationReport) if measured else None
        again = last.plan if last and last.improving else ""
        merged = [each for each in self.executions if each.merged_at]
        to_measure = (e for e in merged if e.outcome is Outcome.started or e.plan == again)
        return next(to_measure, None)

    def tried(self, plan: ActionPlan) -> Execution | None:
        """The action of this kind on this target that was carried out already, or None."""
        begun = (e for e in self.executions if e.outcome is not Outcome.not_done)
        plans = [(e, self.plan(e.plan)) for e in begun]
        return next((e for e, done in plans if done and done.move == plan.move), None)

    def refused(self, plan: ActionPlan) -> Decision | None:
        """The last no that a person gave to doing this, in whatever amount, or None."""
        said = (d for d in reversed(self.decisions) if d.verdict is Verdict.rejected)
        plans = ((d, self.plan(d.subject)) for d in said)
        return next((d for d, other in plans if other and other.move == plan.move), None)

    def refused_text(self, message: Message) -> Decision | None:
        """The no that a person gave to the last text of this kind to the same readers, where they
        got none since, or None."""
        same = [m for m in self.communications if m.alike(message) and m.hash != message.hash]
        noes = {d.subject: d for d in self.decisions if d.verdict is Verdict.rejected}
        for text in reversed(same):
            if text.state is MessageState.sent:
                return None
            if text.hash in noes and noes[text.hash].by != REPLACED_BY:
                return noes[text.hash]
        return None

    def execution(self, plan_hash: str) -> Execution | None:
        """The one of this plan that counts: what was proven not to have happened is none."""
        begun = (e for e in self.executions if e.outcome is not Outcome.not_done)
        return next((e for e in begun if e.plan == plan_hash), None)

    def plan(self, plan_hash: str) -> ActionPlan | None:
        """The proposal with this hash, or None."""
        return next((p for p in self.proposals if p.hash == plan_hash), None)

    def record(self, event: Event) -> None:
        """Append to the timeline; the same line twice (a node run again, one change that two calls
        found) stays one, with the evidence that it came with first."""
        if not any(event.same(known) for known in self.timeline):
            self.timeline.append(event)

    def move(self, state: State, at: AwareDatetime, actor: str, reason: str) -> None:
        """Change the state, checked, with who and why. Raises LifecycleError."""
        if state is self.state:
            return
        check_transition(self.state, state)
        self.state = state
        self.transitions.append(Transition(at=at, actor=actor, state=state, reason=reason))
        text = f"state: {state.value} — {reason}"
        self.record(Event(at=at, actor=actor, kind=EventKind.state, text=text))


# As JSON. Markdown is made by prompts/.

HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""C1 controls, bidirectional marks, what has no width, lone surrogates."""


def to_json(document: Incident) -> str:
    """The whole document, indented, keys in the model's order."""
    return escaped(document.model_dump_json(indent=2)) + "\n"


def escaped(text: str) -> str:
    """JSON whose strings hold no character that could steer a terminal: those are written as
    \\uXXXX, which says the same."""
    return HIDDEN.sub(lambda match: json.dumps(match.group())[1:-1], text)
