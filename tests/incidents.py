"""Incidents to test with: built by hand, every quote naming evidence that is in the document."""

from datetime import UTC, datetime, timedelta

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
from warroom.incident.alert import Alert
from warroom.incident.document import Incident
from warroom.incident.evidence import Evidence, EvidenceStatus, Quote, digest
from warroom.incident.finding import (
    Argument,
    DroppedClaim,
    FaultKind,
    Finding,
    Gap,
    Hypothesis,
)
from warroom.incident.impact import (
    BusinessImpact,
    Command,
    Complexity,
    Impact,
    ServiceState,
    SloState,
    UserImpact,
)
from warroom.incident.lifecycle import State
from warroom.incident.report import DetectionReport, InvestigationReport, SweepReport
from warroom.incident.severity import Category, IncidentType, Severity
from warroom.incident.timeline import Event, EventKind

T0 = datetime(2025, 3, 14, 10, 0, tzinfo=UTC)
"""When the full incident was detected."""


def at(seconds: float) -> datetime:
    """A moment of the incident, seconds after detection."""
    return T0 + timedelta(seconds=seconds)


def minimal(title: str = "CheckoutErrors", summary: str = "") -> Incident:
    """A document just opened: an alert and nothing else."""
    alert = Alert(name=title, summary=summary, fingerprint="f1", source="plain")
    return Incident(id="INC-1", title=title, opened_at=T0, alert=alert)


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


def declared(
    severity: Severity = Severity.P0,
    service: str = "checkout",
    category: Category = Category.application,
    kind: IncidentType = IncidentType.outage,
) -> Incident:
    """Classified and assessed; nothing investigated or done yet."""
    document = minimal()
    document.title = f"{service}: error rate 41%"
    document.alert.service = service
    document.alert.starts_at = at(-20)
    document.severity, document.category, document.type = severity, category, kind
    document.evidence = [
        evidence(1, "traffic_impact"),
        evidence(2, "slo_state"),
        evidence(3, "compare_signals"),
    ]
    document.services = [
        ServiceState(name=service, tier=1, role="alerting", depends_on=["payments"], team="orders"),
        ServiceState(name="gateway", tier=1, role="affected", depends_on=[service], team="edge"),
        ServiceState(name="payments", tier=1, role="dependency", team="payments"),
    ]
    document.impact = _impact()
    document.slo = [_missed(service)]
    document.command = Command(technical_lead="orders", experts=["payments"])
    document.reports = [_detection(document)]
    document.record(_event(-20, "detector", EventKind.alert, document.title, []))
    document.move(State.investigating, at(4), "triage", f"severity {severity.value}")
    return document


def full(kind: FaultKind = FaultKind.bad_deploy, service: str = "checkout") -> Incident:
    """Detected, understood, one move that did not help, one that did, resolved."""
    document = declared(service=service)
    document.evidence += [evidence(4, "failure_origins"), evidence(5, "recent_changes")]
    document.evidence += [evidence(6, "verify"), evidence(7, "verify")]
    document.findings = [_errors(service), _change(service)]
    document.hypotheses = [_guilty(kind, service), _other(service)]
    document.gaps = [Gap(what="traces", why="payments begin after the alert", specialist="sweep")]
    document.dropped = [_dropped()]
    document.reports += [_sweep(service), _investigation(service)]
    document.onset = at(-30)
    document.move(State.identified, at(25), "debugger", "one cause stands out")
    _act(document, ActionKind.restart, 30, Outcome.unchanged, (0.40, "E6"))
    _act(document, ActionKind.roll_back, 90, Outcome.better, (0.001, "E7"))
    document.move(State.monitoring, at(130), "observability", "objectives met again")
    document.move(State.resolved, at(150), "commander", "verified")
    return document


def running(kind: FaultKind = FaultKind.bad_deploy) -> Incident:
    """The full incident after its first, unhelpful move."""
    document = full(kind)
    document.state = State.investigating
    document.executions = document.executions[:1]
    document.transitions = document.transitions[:2]
    document.timeline = [e for e in document.timeline if e.at < at(80)]
    return document


def security() -> Incident:
    """Stolen passwords tried at the login, blocked and resolved."""
    document = full(FaultKind.credential_attack, "login")
    document.category, document.type = Category.security, IncidentType.security
    return document


def noise() -> Incident:
    """An alert that nothing in telemetry backs."""
    document = declared(Severity.P3)
    assert document.impact is not None
    document.impact.failed_requests, document.impact.failed_share = 0, 0.0
    document.impact.users = UserImpact.none
    document.slo[0].breached, document.slo[0].current = False, 0.999
    report = document.reports[0]
    assert isinstance(report, DetectionReport)
    report.noise = True
    document.move(State.closed, at(9), "triage", "nothing in telemetry backs the alert")
    return document


def inconclusive() -> Incident:
    """Real harm, no cause that stands out, nothing done that helped."""
    document = declared(Severity.P1)
    document.hypotheses = [_other("checkout"), _guilty(FaultKind.network, "gateway")]
    for hypothesis in document.hypotheses:
        hypothesis.confidence = 0.3
    document.reports.append(
        InvestigationReport(
            specialist="debugger", conclusion="inconclusive", summary="no cause stands out"
        )
    )
    document.gaps = [Gap(what="logs of payments", why="absent", specialist="debugger")]
    return document


def _event(seconds: float, actor: str, kind: EventKind, text: str, ids: list[str]) -> Event:
    return Event(at=at(seconds), actor=actor, kind=kind, text=text, evidence=ids)


def _impact() -> Impact:
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


def _missed(service: str) -> SloState:
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


def _detection(document: Incident) -> DetectionReport:
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


def _sweep(service: str) -> SweepReport:
    return SweepReport(
        specialist="observability",
        conclusion="concluded",
        summary=f"starts at {service}",
        onset=at(-30),
        origin=["gateway", service],
    )


def _investigation(service: str) -> InvestigationReport:
    return InvestigationReport(
        specialist="debugger",
        conclusion="concluded",
        summary=f"{service} v1.1.0 raises on one path",
        root_cause="H1",
        contributing=["no canary stage before full rollout"],
        impact_map=[f"gateway ← {service}"],
        five_whys=[
            f"Requests at the edge fail because {service} answers 500.",
            f"{service} answers 500 because one code path raises KeyError.",
        ],
    )


def _errors(service: str) -> Finding:
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


def _change(service: str) -> Finding:
    return Finding(
        statement=f"{service} v1.1.0 was deployed 12 s before the errors began",
        service=service,
        kind="change",
        at=at(-42),
        quotes=[Quote(evidence="E5", pointer="/rows/0/version", value="v1.1.0")],
        step=4,
        specialist="debugger",
    )


def _guilty(kind: FaultKind, service: str) -> Hypothesis:
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


def _other(service: str) -> Hypothesis:
    against = Argument(text="traffic is at its baseline", weight=-1.8)
    return Hypothesis(
        id="H2",
        statement=f"traffic surge at {service}",
        service=service,
        kind=FaultKind.traffic_surge,
        contradiction=[against],
        confidence=0.05,
    )


def _dropped() -> DroppedClaim:
    return DroppedClaim(
        at=at(20), specialist="debugger", statement="payments is slow", reason="no evidence E99"
    )


def _plan(kind: ActionKind, service: str) -> ActionPlan:
    return ActionPlan(
        kind=kind,
        target=service,
        parameters={"version": "v1.0.0"} if kind is ActionKind.roll_back else {},
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


def _act(
    document: Incident, kind: ActionKind, begin: float, outcome: Outcome, measured: tuple
) -> None:
    """Propose, approve and carry out one plan, with its measurement (level, evidence)."""
    after, proof = measured
    plan = _plan(kind, document.alert.service)
    by = "drill commander (automatic)"
    document.proposals.append(plan)
    document.decisions.append(
        Decision(subject=plan.hash, verdict=Verdict.approved, by=by, at=at(begin + 10))
    )
    measure = Measure(
        service=plan.target,
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
            plan=plan.hash,
            title=plan.title,
            started_at=at(begin + 12),
            ended_at=at(begin + 14),
            outcome=outcome,
            measures=[measure],
            note=f"error rate {after:.1%} afterwards",
        )
    )
    document.record(_event(begin, "triage", EventKind.proposal, plan.title, ["E5"]))
    document.record(_event(begin + 10, by, EventKind.decision, f"approved: {plan.title}", []))
    document.record(_event(begin + 12, "operations", EventKind.action, plan.title, []))
    document.record(
        _event(
            begin + 30,
            "observability",
            EventKind.verification,
            f"{plan.title}: {outcome.value}",
            [proof],
        )
    )
