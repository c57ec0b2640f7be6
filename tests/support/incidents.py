"""Incidents to test with: built by hand, every quote naming evidence that is in the document."""

from warroom.actions.services import Restart, RollBack
from warroom.incident.action import (
    Outcome,
)
from warroom.incident.document import Alert, Incident
from warroom.incident.finding import (
    FaultKind,
    Gap,
)
from warroom.incident.impact import (
    Command,
    ServiceState,
    UserImpact,
)
from warroom.incident.lifecycle import State
from warroom.incident.report import DetectionReport, InvestigationReport, SecurityReport
from warroom.incident.severity import Category, IncidentType, Severity
from warroom.incident.timeline import EventKind
from warroom.tests.support.incident_parts import (
    T0,
    act,
    at,
    deployed,
    detection,
    dropped,
    errors,
    event,
    evidence,
    guilty,
    impact,
    investigation,
    missed,
    other,
    sweep,
)

__all__ = ["T0", "at", "event", "evidence"]


def minimal(title: str = "CheckoutErrors", summary: str = "") -> Incident:
    """A document just opened: an alert and nothing else."""
    alert = Alert(name=title, summary=summary, fingerprint="f1", source="plain")
    return Incident(id="INC-1", title=title, opened_at=T0, alert=alert)


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
        ServiceState(
            name=service,
            tier=1,
            role="alerting",
            depends_on=["payments"],
            team="orders",
            public_name="checkout",
        ),
        ServiceState(name="gateway", tier=1, role="affected", depends_on=[service], team="edge"),
        ServiceState(name="payments", tier=1, role="dependency", team="payments"),
    ]
    document.impact = impact()
    document.slo = [missed(service)]
    document.command = Command(technical_lead="orders", experts=["payments"])
    document.reports = [detection(document)]
    document.record(event(-20, "detector", EventKind.alert, document.title, []))
    document.move(State.investigating, at(4), "triage", f"severity {severity.value}")
    return document


def full(kind: FaultKind = FaultKind.bad_deploy, service: str = "checkout") -> Incident:
    """Detected, understood, one move that did not help, one that did, resolved."""
    document = declared(service=service)
    document.evidence += [evidence(4, "failure_origins"), evidence(5, "recent_changes")]
    document.evidence += [evidence(6, "verify"), evidence(7, "verify")]
    document.findings = [errors(service), deployed(service)]
    document.hypotheses = [guilty(kind, service), other(service)]
    document.gaps = [Gap(what="traces", why="payments begin after the alert", specialist="sweep")]
    document.dropped = [dropped()]
    document.reports += [sweep(service), investigation(service)]
    document.onset = at(-30)
    document.move(State.identified, at(25), "debugger", "one cause stands out")
    act(document, Restart.kind, 30, Outcome.unchanged, (0.40, "E6"))
    act(document, RollBack.kind, 90, Outcome.better, (0.001, "E7"))
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


def security(threat: str = "failed logins far above the usual") -> Incident:
    """Stolen passwords tried at the login, blocked and resolved; security says this of it."""
    document = full(FaultKind.credential_attack, "login")
    report = SecurityReport(
        specialist="security", conclusion="concluded", summary=threat, threat=threat
    )
    document.reports.append(report)
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
    document.hypotheses = [other("checkout"), guilty(FaultKind.network, "gateway")]
    for hypothesis in document.hypotheses:
        hypothesis.confidence = 0.3
    document.reports.append(
        InvestigationReport(
            specialist="debugger", conclusion="inconclusive", summary="no cause stands out"
        )
    )
    document.gaps = [Gap(what="logs of payments", why="absent", specialist="debugger")]
    return document
