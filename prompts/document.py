"""The incident document as Markdown, for `warroom show` and the incident's folder."""

from datetime import datetime

from ..incident.document import Incident
from ..incident.evidence import short
from .render import render

TEMPLATE = "incident.md"


def incident_markdown(document: Incident) -> str:
    """The whole document, newest knowledge first, evidence and timeline last."""
    return render(
        TEMPLATE,
        doc=document,
        severity=document.severity.value if document.severity else "not classified",
        leading=document.leading(),
        outcome={e.plan: e.outcome.value for e in document.executions},
        verdicts=[(_subject(document, d.subject), d) for d in document.decisions],
        events=sorted(document.timeline, key=_at),
        answers=document.reports if _asked(document) else [],
        cost=sum(told)
        if (told := [c.cost for c in document.model_calls if c.cost is not None])
        else None,
    )


def _asked(document: Incident) -> bool:
    """Whether a model was to answer: only then it matters who did."""
    return bool(document.model_calls) or any(report.fallback for report in document.reports)


def _subject(document: Incident, subject: str) -> str:
    """What a decision was about: a plan's title or a message's subject, else the hash."""
    plan = document.plan(subject)
    if plan:
        return plan.title
    message = next((m for m in document.communications if m.hash == subject), None)
    return f"{message.id} to {message.audience.value}" if message else short(subject)


def _at(event) -> datetime:
    return event.at
