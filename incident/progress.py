"""Moves the incident's state along as reports come in (practice: lifecycle)."""

from datetime import datetime

from .action import Outcome
from .document import Incident
from .lifecycle import State
from .report import (
    AnyReport,
    DetectionReport,
    InvestigationReport,
    PostmortemReport,
    VerificationReport,
)

OPEN = (State.detected, State.investigating)


def advance(document: Incident, report: AnyReport, at: datetime) -> None:
    """Change the document's state where this report asks for it."""
    new = _next(document, report)
    if new:
        state, reason = new
        document.move(state, at, report.specialist, reason)


def _next(document: Incident, report: AnyReport) -> tuple[State, str] | None:
    match report:
        case DetectionReport(noise=True):
            return State.closed, "noise: telemetry does not back the alert"
        case DetectionReport():
            return State.investigating, f"classified {report.severity.value}"
        case InvestigationReport() if report.root_cause and document.state in OPEN:
            return State.identified, "a cause stands out"
        case VerificationReport(outcome=Outcome.better):
            return State.resolved, "telemetry confirms the recovery"
        case VerificationReport():
            return State.investigating, f"the action left things {report.outcome.value}"
        case PostmortemReport() if document.state is State.resolved:
            return State.post_incident, "postmortem drafted"
    return None
