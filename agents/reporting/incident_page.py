"""The incident document as Markdown, for `warroom show` and the incident's folder: what a reader
needs first, then all that is on record, behind folds."""

from dataclasses import replace
from functools import partial
from typing import Any

from ...actions.catalogue import in_passing
from ...faults import OptionalSource
from ...incident.document import Incident
from ...incident.evidence import short
from ...incident.finding import Gap
from ...incident.memory import precedents, time_to_resolve
from ...incident.report import CustomerImpactReport, PerformanceReport
from ...incident.timeline import EventKind
from ...prompts.render import phrase, render
from ...prompts.spoken import day
from ...prompts.values import Trusted, zh
from .account import Account
from .incident_status import is_noise
from .narrator import Narrator, Statement
from .wording import title


def incident_markdown(document: Incident, why: str = "", language: str = "en") -> str:
    """The whole document, the newest knowledge first. `why`: Markdown of ours that says why it
    happened."""
    customers = document.report(CustomerImpactReport)
    account = Account(Narrator(document, language=language))
    quoted = account.quoted if account.chinese else str
    priced = [call.cost for call in document.model_calls if call.cost is not None]
    return render(
        "incident.md",
        doc=document,
        title=account.quoted(title(document.title)),
        head=_head(document, language),
        w=partial(phrase, language),
        v=zh if language == "zh" else str,
        noise=is_noise(document),
        **_told(account),
        why=Trusted(why),
        estimate=time_to_resolve(document),
        before=[p.model_copy(update={"text": quoted(p.text)}) for p in precedents(document)],
        outcome={e.plan: e.outcome.value for e in document.executions},
        verdicts=[(_subject(document, d.subject), d) for d in document.decisions],
        events=sorted(document.timeline, key=lambda event: event.at),
        answers=document.reports if _asked(document) else [],
        gaps=[*document.gaps, *_unasked(document)],
        cost=sum(priced) if priced else None,
        outreach=[quoted(one) for one in customers.outreach] if customers else [],
    )


def _head(document: Incident, language: str) -> dict[str, str]:
    """What the first line says."""
    command, say = document.leads, zh if language == "zh" else str
    told = {
        "severity": document.severity.value if document.severity else "not yet classified",
        "type": document.type.value,
        "state": document.state.value,
        "commander": command.incident_commander,
        "lead": command.technical_lead or "not named",
    }
    return {"day": day(document.began.at, language)} | {n: say(word) for n, word in told.items()}


def _unasked(document: Incident) -> list[Gap]:
    """What nobody was asked for, as none was there: people are told, no model is."""
    looked = document.report(PerformanceReport) is not None
    if not looked or any(record.tool == "real_users" for record in document.evidence):
        return []
    return [Gap(what=OptionalSource.browsers.value, why="no page reports to this telemetry")]


def _told(account: Account) -> dict[str, Any]:
    """What stands before the folds; evidence alone is cited there, as only that has an anchor."""
    sections = ("summary", "impact", "causes", "resolution", "open")
    plans = [move.plan for move in account.values["moves"] if move.how == "proposed"]
    told = {name: [_cited(claim) for claim in getattr(account, name)()] for name in sections}
    asked = [e.text for e in account.document.timeline if e.kind is EventKind.proposal]
    waiting = [(plan, any(plan.short_hash in text for text in asked)) for plan in plans]
    return told | {
        "waiting": [(account.quoted(in_passing(plan)), plan, yes) for plan, yes in waiting]
    }


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
