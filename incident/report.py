"""What each step hands back: one base schema, one typed report per step of the practice."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from .action import ActionPlan, Measure, Outcome
from .communication import Message
from .finding import FaultKind, Finding, Gap, Hypothesis
from .impact import Command, Impact, ServiceState, SloState
from .model_use import Disagreement, Testimony
from .severity import Category, IncidentType, Raise, Severity
from .timeline import Event


class FollowUp(BaseModel):
    """Work that remains: an owner and a due date, always."""

    title: str = Field(description="what to do, one line")
    kind: str = Field(description="fix, alert, slo, dashboard, runbook, chaos, hardening, debt")
    owner: str = Field(description="a team or role, never a person")
    due: AwareDatetime = Field(description="by when, UTC")
    priority: int = Field(default=2, ge=1, le=3, description="1 first, 3 last")
    rationale: str = Field(default="", description="what in the record asks for it")
    evidence: list[str] = Field(default_factory=list, description="evidence ids it rests on")
    step: int = Field(default=0, description="the step that asked for it; set by code")


class Sentence(BaseModel):
    """One sentence of the record, with what it rests on."""

    text: str = Field(description="the sentence")
    evidence: list[str] = Field(default_factory=list, description="evidence ids it rests on")


class Assessment(BaseModel):
    """What the incident does as of one step: it replaces what was assessed before."""

    severity: Severity = Field(description="the level by these figures")
    rule: str = Field(description="what gave it")
    impact: Impact = Field(description="who is hurt")
    slo: list[SloState] = Field(default_factory=list, description="objectives held against now")


class Report(BaseModel):
    """What every step hands back."""

    step: int = Field(description="1 to 13")
    specialist: str = Field(description="triage, observability, debugger, …")
    attempt: int = Field(default=1, description="which round of the response")
    source: Literal["floor", "model"] = Field(
        default="floor", description="playbook, or model on top"
    )
    fallback: str = Field(
        default="", description="why the playbook answered although a model was asked"
    )
    conclusion: Literal["concluded", "inconclusive"] = Field(description="an honest answer")
    summary: str = Field(description="one or two sentences")
    searched: list[str] = Field(default_factory=list, description="evidence ids looked at")
    findings: list[Finding] = Field(default_factory=list, description="claims with proof")
    gaps: list[Gap] = Field(default_factory=list, description="what could not be seen")
    events: list[Event] = Field(default_factory=list, description="lines for the timeline")
    hypotheses: list[Hypothesis] = Field(default_factory=list, description="competing causes")
    proposals: list[ActionPlan] = Field(default_factory=list, description="best first")
    denies: list[FaultKind] = Field(
        default_factory=list, description="kinds of fault that were looked for, with no sign seen"
    )
    messages: list[Message] = Field(default_factory=list, description="drafts")
    follow_ups: list[FollowUp] = Field(default_factory=list, description="work that remains")
    disagreements: list[Disagreement] = Field(
        default_factory=list, description="where playbook and model differ; moves to the document"
    )
    testimony: list[Testimony] = Field(
        default_factory=list, description="what a model said of causes, as it said it"
    )
    unproven: list[str] = Field(
        default_factory=list,
        description="what a model claimed and code could not accept, with why; moves to `dropped`",
    )
    left_out: int = Field(default=0, description="claims that stayed out; see `dropped`")
    seconds: float = Field(default=0.0, description="how long the step took; set by code")
    assessment: Assessment | None = Field(
        default=None, description="severity, impact and objectives as of this step; set by code"
    )

    raised: Raise | None = Field(
        default=None, description="a worse level that was proven; moves to the document"
    )

    def differ(
        self, about: str, ours: str, theirs: str, why: str, standing: Literal["floor", "model"]
    ) -> Disagreement:
        """What a model sees differently from this report, and which of both stands."""
        return Disagreement(
            step=self.step,
            specialist=self.specialist,
            about=about,
            floor=ours,
            model=theirs,
            standing=standing,
            why=why,
        )

    @classmethod
    def number(cls) -> int:
        """The step, 1 to 13, whose report this is."""
        return cls.model_fields["step"].default


class DetectionReport(Report):
    """Step 1: severity, type, services, impact, objectives, command."""

    step: Literal[1] = 1
    severity: Severity = Field(description="the level")
    type: IncidentType = Field(description="the type")
    category: Category = Field(description="for routing and statistics")
    rule: str = Field(description="the classification rule that won")
    confidence: float = Field(ge=0, le=1, description="of the classification")
    noise: bool = Field(default=False, description="shown well: nothing is behind the alert")
    unconfirmed: bool = Field(default=False, description="shown neither true nor well: open")
    look_again: bool = Field(
        default=False, description="whether another look in a while can see something new"
    )
    onset: AwareDatetime | None = Field(
        default=None, description="since when outcomes changed, where long before the alert"
    )
    services: list[ServiceState] = Field(default_factory=list, description="affected ones first")
    impact: Impact | None = Field(default=None, description="who is hurt")
    slo: list[SloState] = Field(default_factory=list, description="objectives held against now")
    command: Command | None = Field(default=None, description="initial command structure")


class HealthRow(BaseModel):
    """One service in the health matrix: its worst signal per group."""

    service: str = Field(description="whose row")
    traffic: str = Field(default="", description="ok, watch, bad or unknown")
    errors: str = Field(default="", description="ok, watch, bad or unknown")
    latency: str = Field(default="", description="ok, watch, bad or unknown")
    saturation: str = Field(default="", description="ok, watch, bad or unknown")
    logs: str = Field(default="", description="ok, watch, bad or unknown")


class SweepReport(Report):
    """Step 2: anomalies, health matrix, where the degradation starts."""

    step: Literal[2] = 2
    onset: AwareDatetime | None = Field(default=None, description="when it began, UTC")
    onset_between: tuple[AwareDatetime, AwareDatetime] | None = Field(
        default=None, description="the last healthy sample and the first that was not, UTC"
    )
    health: list[HealthRow] = Field(default_factory=list, description="one row a service")
    origin: list[str] = Field(default_factory=list, description="path from loudest to origin")


class MitigationReport(Report):
    """Step 3: first moves, before the cause is known for sure."""

    step: Literal[3] = 3
    act_now: bool = Field(default=False, description="sure enough to ask the commander at once")


class InvestigationReport(Report):
    """Step 4: root cause, contributing factors, dependency impact, five whys."""

    step: Literal[4] = 4
    root_cause: str = Field(default="", description="id of the hypothesis that stands out")
    contributing: list[Sentence] = Field(
        default_factory=list, description="contributing factors, of systems"
    )
    impact_map: list[str] = Field(default_factory=list, description="victim ← … ← origin")
    five_whys: list[Sentence] = Field(default_factory=list, description="why, why, why, …")
    seen_before: list[Sentence] = Field(default=[], description="earlier ones, most alike first")
    minutes_before: list[float] = Field(default=[], description="that those took, where known")


NO_THREAT = "none seen"
"""What stands for the leading indicator where there is none."""


class SecurityReport(Report):
    """Step 5: attack indicators, access, exposure, certificates."""

    step: Literal[5] = 5
    threat: str = Field(default=NO_THREAT, description="the leading indicator, in words")
    sources: list[str] = Field(default_factory=list, description="addresses, most suspect first")
    exposure: str = Field(default="", description="data exposure risk, in words")
    entered: bool | None = Field(default=None, description="an attacker got in; None: not known")

    @property
    def sees_threat(self) -> bool:
        """Whether there is a sign of an attack."""
        return self.threat != NO_THREAT


class PerformanceReport(Report):
    """Step 6: utilisation, bottleneck, capacity advice."""

    step: Literal[6] = 6
    bottleneck: str = Field(default="", description="service and resource; empty: none found")
    advice: list[str] = Field(default_factory=list, description="capacity advice")


class FixReport(Report):
    """Step 7: the minimal viable fix, staged, with what validates it."""

    step: Literal[7] = 7
    stages: list[str] = Field(default_factory=list, description="staged rollout")
    validation: list[str] = Field(default_factory=list, description="criteria, measurable")
    rollback_triggers: list[str] = Field(default_factory=list, description="when to undo")


class VerificationReport(Report):
    """Step 8: what telemetry says after the action."""

    step: Literal[8] = 8
    plan: str = Field(default="", description="hash of the plan verified")
    outcome: Outcome = Field(description="what telemetry says of the action")
    probability: float | None = Field(
        default=None, description="that it is so, from the counts; None: nothing decides"
    )
    reason: str = Field(default="", description="what the outcome rests on")
    by_hand: str = Field(default="", description="what people did right before it was well")
    improving: bool = Field(default=False, description="worth measuring again")
    well: bool = Field(default=False, description="nothing hurts, as far as it was measured")
    ill: bool = Field(default=False, description="something hurts, or cannot be measured")
    take_back: bool = Field(default=False, description="the action is to be undone")
    next: Literal["", "act", "ask", "wait"] = Field(default="", description="before it is over")
    since: AwareDatetime | None = Field(default=None, description="begin of what was looked at")
    until: AwareDatetime | None = Field(default=None, description="end of it")
    measures: list[Measure] = Field(default_factory=list, description="before and after")


class CommunicationReport(Report):
    """Step 9: who is told what."""

    step: Literal[9] = 9


class CustomerImpactReport(Report):
    """Step 10: which customers, which journeys, what it cost them."""

    step: Literal[10] = 10
    segments: list[str] = Field(default_factory=list, description="journeys and segments hit")
    failed_requests: int = Field(default=0, description="failed requests at the edge")
    sla_breaches: list[str] = Field(default_factory=list, description="objectives missed")
    revenue_estimate: float | None = Field(default=None, description="for the time it lasted")
    outreach: list[str] = Field(default_factory=list, description="who should hear from us")


class PostmortemReport(Report):
    """Step 11: the blameless draft, built only from the record."""

    step: Literal[11] = 11
    markdown: str = Field(default="", description="the draft")
    blame_marks: list[str] = Field(default_factory=list, description="sentences to rewrite")


class MonitoringReport(Report):
    """Step 12: what would have told us earlier."""

    step: Literal[12] = 12


class HardeningReport(Report):
    """Step 13: what would have made it smaller."""

    step: Literal[13] = 13


OWN = 13  # the practice's steps, which all report something of their own; a step more needs not


def _no_own(report: Report) -> Report:
    assert report.step > OWN, f"step {report.step} reports something of its own"
    return report


AnyReport = Annotated[
    Annotated[
        DetectionReport
        | SweepReport
        | MitigationReport
        | InvestigationReport
        | SecurityReport
        | PerformanceReport
        | FixReport
        | VerificationReport
        | CommunicationReport
        | CustomerImpactReport
        | PostmortemReport
        | MonitoringReport
        | HardeningReport,
        Field(discriminator="step"),
    ]
    | Annotated[Report, AfterValidator(_no_own)],
    Field(union_mode="left_to_right"),
]
"""By its step, found in the JSON itself: a function would have each report made twice."""
