"""What the test incidents are made of: evidence, findings, hypotheses, actions."""

from datetime import UTC, datetime, timedelta

from warroom.actions.services import RollBack
from warroom.incident.action import (
    ActionKind,
    ActionPlan,
    Decision,
    Execution,
    Level,
    Measure,
    Outcome,
    Verdict,
)
from warroom.incident.document import Incident
from warroom.incident.evidence import Evidence, EvidenceStatus, Quote, digest
from warroom.incident.finding import (
    Argument,
    DroppedClaim,
    FaultKind,
    Finding,
    Hypothesis,
)
from warroom.incident.impact import (
    BusinessImpact,
    Complexity,
    Impact,
    SloState,
    UserImpact,
)
from warroom.incident.report import (
    DetectionReport,
    InvestigationReport,
    Sentence,
    SweepReport,
)
from warroom.incident.severity import Severity
from warroom.incident.timeline import Event, EventKind

T0 = datetime(2025, 3, 14, 10, 0, tzinfo=UTC)
"""When the full incident was detected."""


def at(seconds: float) -> datetime:
    """A moment of the incident, seconds after detection."""
    return T0 + timedelta(seconds=seconds)


def evidence(number: int, tool: str, rows: int = 3) -> Evidence:
    """One successful call."""
    return Evidence(
        id=f"E{number}",
        tool=tool,
        query={"services": ["checkout"]},
        start=at(-60),
        end=at(0),
        collected_at=at(number),
        collected_by="observability",
        status=EvidenceStatus.ok,
        rows=rows,
        summary=f"{tool}: {rows} rows",
        digest=digest({"rows": number}),
    )


def event(seconds: float, actor: str, kind: EventKind, text: str, ids: list[str]) -> Event:
    return Event(at=at(seconds), actor=actor, kind=kind, text=text, evidence=ids)


def impact() -> Impact:
    return Impact(
        business=BusinessImpact.critical,
        business_score=100,
        users=UserImpact.many,
        users_score=60,
        complexity=Complexity.complex,
        complexity_score=60,
        priority=76.0,
        basis="traffic at the edge (measured)",
        requests=2000,
        failed_requests=412,
        failed_share=0.206,
        revenue_per_hour=36000.0,
        revenue_basis="catalogue",
        minutes_to_resolve=108.0,
        minutes_spread=(54.0, 216.0),
        roles=["developers", "QA", "senior engineers", "management"],
        quotes=[Quote(evidence="E1", pointer="/rows/0/failed", value=412)],
    )


def missed(service: str) -> SloState:
    return SloState(
        service=service,
        name="availability",
        sli="availability",
        objective=0.995,
        current=0.59,
        burn_fast=82.0,
        burn_slow=41.0,
        budget_left=0.12,
        breached=True,
        evidence="E2",
    )


def detection(document: Incident) -> DetectionReport:
    return DetectionReport(
        specialist="triage",
        conclusion="concluded",
        summary="error rate 41% against a baseline of 0.1%",
        severity=document.severity or Severity.P3,
        type=document.type,
        category=document.category,
        rule="error rate over the critical threshold",
        confidence=0.9,
        services=document.services,
        impact=document.impact,
        slo=document.slo,
        command=document.command,
    )


def sweep(service: str) -> SweepReport:
    return SweepReport(
        specialist="observability",
        conclusion="concluded",
        summary=f"starts at {service}",
        onset=at(-30),
        origin=["gateway", service],
    )


def investigation(service: str) -> InvestigationReport:
    return InvestigationReport(
        specialist="debugger",
        conclusion="concluded",
        summary=f"{service} v1.1.0 raises on one path",
        root_cause="H1",
        contributing=[Sentence(text="no canary stage before full rollout", evidence=["E1"])],
        impact_map=[f"gateway ← {service}"],
        five_whys=[
            Sentence(
                text=f"Requests at the edge fail because {service} answers 500.", evidence=["E1"]
            ),
            Sentence(text=f"{service} answers 500 because one code path raises KeyError."),
        ],
    )


def errors(service: str) -> Finding:
    return Finding(
        statement=f"{service} fails by its own error in 41% of requests",
        service=service,
        kind="error-origin",
        at=at(-30),
        quotes=[
            Quote(evidence="E3", pointer="/rows/0/current", value=0.41),
            Quote(evidence="E4", pointer="/rows/0/share", value=0.93),
        ],
        step=4,
        specialist="debugger",
    )


def deployed(service: str) -> Finding:
    return Finding(
        statement=f"{service} v1.1.0 was deployed 12 s before the errors began",
        service=service,
        kind="change",
        at=at(-42),
        quotes=[Quote(evidence="E5", pointer="/rows/0/version", value="v1.1.0")],
        step=4,
        specialist="debugger",
    )


def guilty(kind: FaultKind, service: str) -> Hypothesis:
    support = Argument(
        text="93% of failing traces end here",
        weight=2.4,
        quotes=[Quote(evidence="E4", pointer="/rows/0/share", value=0.93)],
    )
    return Hypothesis(
        id="H1",
        statement=f"{kind.value} at {service}",
        service=service,
        kind=kind,
        support=[support],
        confidence=0.91,
        change="abc1234",
    )


def other(service: str) -> Hypothesis:
    against = Argument(text="traffic is at its baseline", weight=-1.8)
    return Hypothesis(
        id="H2",
        statement=f"traffic surge at {service}",
        service=service,
        kind=FaultKind.traffic_surge,
        contradiction=[against],
        confidence=0.05,
    )


def dropped() -> DroppedClaim:
    return DroppedClaim(
        at=at(20), specialist="debugger", statement="payments is slow", reason="no evidence E99"
    )


def plan(kind: ActionKind, service: str) -> ActionPlan:
    return ActionPlan(
        kind=kind,
        target=service,
        parameters={"version": "v1.0.0"} if kind == RollBack.kind else {},
        hypothesis="H1",
        rationale="the release just before the errors is the leading cause",
        quotes=[Quote(evidence="E5", pointer="/rows/0/version", value="v1.1.0")],
        risk=Level.low,
        blast_radius=f"{service} only",
        reversible=True,
        expected_effect="error rate back under 1%",
        verification="error_rate over the verification window",
        undo="deploy the later version again",
    )


def act(
    document: Incident, kind: ActionKind, begin: float, outcome: Outcome, measured: tuple
) -> None:
    """Propose, approve and carry out one plan, with its measurement (level, evidence)."""
    after, proof = measured
    chosen = plan(kind, document.alert.service)
    by = "drill commander (automatic)"
    document.proposals.append(chosen)
    document.decisions.append(
        Decision(subject=chosen.hash, verdict=Verdict.approved, by=by, at=at(begin + 10))
    )
    measure = Measure(
        service=chosen.target,
        signal="error_rate",
        unit="share",
        baseline=0.001,
        before=0.41,
        after=after,
        threshold=0.005,
        healthy=after <= 0.005,
        evidence=proof,
    )
    document.executions.append(
        Execution(
            plan=chosen.hash,
            title=chosen.title,
            started_at=at(begin + 12),
            ended_at=at(begin + 14),
            outcome=outcome,
            measures=[measure],
            note=f"error rate {after:.1%} afterwards",
        )
    )
    document.record(event(begin, "triage", EventKind.proposal, chosen.title, ["E5"]))
    document.record(event(begin + 10, by, EventKind.decision, f"approved: {chosen.title}", []))
    document.record(event(begin + 12, "operations", EventKind.action, chosen.title, []))
    document.record(
        event(
            begin + 30,
            "observability",
            EventKind.verification,
            f"{chosen.title}: {outcome.value}",
            [proof],
        )
    )
