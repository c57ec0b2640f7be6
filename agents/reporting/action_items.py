"""Action items of the postmortem itself: prevent it, and review the draft in time."""

from datetime import datetime, timedelta

from ...incident.document import Incident
from ...incident.report import FollowUp, PostmortemReport
from ...telemetry.model import Catalogue
from ..follow_ups.catalogue import fill, lesson
from .incident_status import affected, is_noise, likely_cause
from .owners import due, grounds, owner

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
