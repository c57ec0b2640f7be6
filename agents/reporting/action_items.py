"""Action items of the postmortem itself: prevent it, and review the draft in time."""

from datetime import datetime, timedelta

from ...incident.document import Incident
from ...incident.report import FollowUp, PostmortemReport
from ...telemetry.model import Catalogue
from ..follow_ups.lessons import fill, lesson
from .incident_status import affected, is_noise, likely_cause

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


REVIEW_HOURS = 48
MOST = 10
SHARES = {"fix": 4, "alert": 2, "hardening": 2, "runbook": 1, "chaos": 1}
"""How many of a kind come first; what room is left is filled by priority."""


def action_items(
    document: Incident, now: datetime, catalogue: Catalogue | None = None
) -> list[FollowUp]:
    """Preventions by kind of fault, with owner and date; and the review of this draft."""
    proof = grounds(document)
    review = FollowUp(
        title="Review this draft with everyone involved, answer its open questions, publish it",
        kind="fix",
        owner=document.command.incident_commander,
        due=now + timedelta(hours=REVIEW_HOURS),
        priority=1,
        rationale="a postmortem is due within 48 hours",
        evidence=proof,
        step=PostmortemReport.number(),
    )
    if is_noise(document):
        return []
    cause, names = likely_cause(document), affected(document)
    service = cause.service if cause else (names[0] if names else "")
    return [
        FollowUp(
            title=fill(asked.title, document),
            kind=asked.kind,
            owner=asked.owner or owner(document, service, catalogue),
            due=due(now, asked.priority),
            priority=asked.priority,
            rationale=f"prevents another {cause.kind.value}" if cause else "the cause is open",
            evidence=proof,
            step=PostmortemReport.number(),
        )
        for asked in lesson(document).prevention
    ] + [review]


def ordered(items: list[FollowUp]) -> list[FollowUp]:
    """Each title once, by priority, then by date."""
    unique = {item.title: item for item in items}
    return sorted(unique.values(), key=lambda item: (item.priority, item.due))


def selected(items: list[FollowUp], most: int = MOST) -> list[FollowUp]:
    """The best of each kind, in order: a list that long gets done."""
    waiting, taken = ordered(items), []
    for kind, share in SHARES.items():
        taken += [item for item in waiting if item.kind == kind][:share]
    waiting = [item for item in waiting if item not in taken]
    return ordered((taken + waiting)[:most])
