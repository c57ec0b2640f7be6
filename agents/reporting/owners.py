"""Who owns a piece of work (a team or role, never a person), by when, and on what grounds."""

from datetime import datetime, timedelta

from ...incident.document import Incident
from ...telemetry.model import Catalogue
from .incident_status import likely_cause

DUE_DAYS = {1: 7, 2: 30, 3: 90}
"""Days to the due date by priority. Monitoring is due within a week whatever its priority."""
MONITORING_DAYS = 7


def owner(document: Incident, service: str = "", catalogue: Catalogue | None = None) -> str:
    """The team of a service: from the document, the catalogue, a caller of it, the lead."""
    known = {state.name: state.team for state in document.services if state.team}
    entry = catalogue.find(service) if catalogue and service else None
    callers = [state.team for state in document.services if service in state.depends_on]
    return (
        known.get(service)
        or (entry.team if entry else "")
        or next((team for team in callers if team), "")
        or document.command.technical_lead
        or next(iter(known.values()), "")
        or "service owner"
    )


def due(now: datetime, priority: int, monitoring: bool = False) -> datetime:
    """The due date of a priority: 7, 30 or 90 days; for monitoring a week."""
    return now + timedelta(days=MONITORING_DAYS if monitoring else DUE_DAYS[priority])


def grounds(document: Incident) -> list[str]:
    """Evidence that asks for work: the cause's support, else first findings, else the impact."""
    cause = likely_cause(document)
    quotes = [q for a in (cause.support if cause else []) for q in a.quotes]
    quotes = quotes or [q for f in document.findings[:2] for q in f.quotes]
    if not quotes and document.impact:
        quotes = document.impact.quotes
    return list(dict.fromkeys(q.evidence for q in quotes))
