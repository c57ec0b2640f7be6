"""The incident document as Markdown, for `warroom show` and the incident's folder: what a reader
needs first, then all that is on record, behind folds."""

from dataclasses import replace
from typing import Any

from ...incident.document import Incident
from ...incident.evidence import short
from ...incident.memory import precedents, time_to_resolve
from ...incident.report import CustomerImpactReport
from ...prompts.render import render
from ...prompts.values import Trusted
from .account import Account
from .incident_status import is_noise
from .narrator import Narrator, Statement
from .wording import prose, title


def incident_markdown(document: Incident, why: str = "") -> str:
    """The whole document, the newest knowledge first. `why`: Markdown of ours that says why it
    happened."""
    customers, account = document.report(CustomerImpactReport), Account(Narrator(document))
    priced = [call.cost for call in document.model_calls if call.cost is not None]
    return render(
        "incident.md",
        doc=document,
        title=title(document.title),
        noise=is_noise(document),
        **_told(account),
        why=Trusted(why),
        severity=document.severity.value if document.severity else "not yet classified",
        estimate=time_to_resolve(document),
        before=precedents(document),
        outcome={e.plan: e.outcome.value for e in document.executions},
        verdicts=[(_subject(document, d.subject), d) for d in document.decisions],
        events=sorted(document.timeline, key=lambda event: event.at),
        answers=document.reports if _asked(document) else [],
        cost=sum(priced) if priced else None,
        outreach=customers.outreach if customers else [],
    )


def _told(account: Account) -> dict[str, Any]:
    """What stands before the folds; evidence alone is cited there, as only that has an anchor."""
    sections = ("summary", "impact", "causes", "resolution", "open")
    plans = [move.plan for move in account.values["moves"] if move.how == "proposed"]
    told = {name: [_cited(claim) for claim in getattr(account, name)()] for name in sections}
    return told | {"waiting": [(prose(plan.title), plan) for plan in plans]}


def _cited(claim: Statement) -> Statement:
    return replace(claim, refs=tuple(ref for ref in claim.refs if ref.startswith("E")))


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
