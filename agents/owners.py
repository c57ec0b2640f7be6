"""Who owns a piece of work: a team or a role, never a person; and by when."""

from datetime import datetime, timedelta

from ..incident.document import Incident
from ..telemetry.model import Catalogue

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
