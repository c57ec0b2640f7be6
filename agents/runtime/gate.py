"""The gate: a person decides on one exact plan or text before anything acts or leaves the house.

`ask_*` writes the question down; `await_*` waits in `interrupt()` and has no side effect at all,
so LangGraph may run it as often as it likes. The answer counts only from our own table: whatever
value a resume carries, an unanswered question stays unanswered.
"""

import time
from contextlib import suppress
from datetime import datetime

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ...errors import ApprovalError
from ...incident.action import ActionPlan, Decision, Verdict
from ...incident.communication import REPLACED_BY, Message, MessageState
from ...incident.document import Incident
from ...incident.timeline import Event, EventKind
from ...record.ledger import Request
from ...state import CommunicationState, IncidentState
from .context import ResponseContext


def ask_commander(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Put the best untried plan of this attempt before the commander."""
    context = runtime.context
    document = context.store.load(state.incident_id)
    plan = next_plan(document, state.attempt) if context.operations else None
    if plan is None:
        return {"plan": "", "approved": False, "checks": 0}
    _request(context, state.incident_id, plan.hash, "action", plan.title)
    text = f"asks the commander: {plan.title} (risk {plan.risk.value}, plan {plan.short_hash})"
    event = Event(at=context.now(document), actor="triage", kind=EventKind.proposal, text=text)
    context.store.update(state.incident_id, lambda doc: doc.record(event))
    return {"plan": plan.hash, "approved": False}


def await_commander(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for the commander's answer to the plan at the gate; an edit puts a new plan there."""
    subject = state.plan
    decision = _await(runtime.context, state.incident_id, subject, "action")
    while decision.verdict is Verdict.edited:
        subject = decision.reason  # the ledger keeps the edited plan's hash as the reason
        decision = _await(runtime.context, state.incident_id, subject, "action")
    return {"plan": subject, "approved": decision.verdict is Verdict.approved}


def note_refusal(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Write a rejection or an expiry into the document."""
    context = runtime.context
    decision = context.store.ledger.decision(state.incident_id, state.plan)
    if decision:
        context.store.update(
            state.incident_id,
            lambda doc: add_decision(doc, decision, min(context.now(doc), decision.at)),
        )
    return {}


def ask_for_text(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Put every external draft before the commander; a newer one replaces an unanswered one."""
    context = runtime.context
    waiting = _waiting(context.store.load(state.incident_id))
    newest = {message.audience: message.hash for message in waiting}
    for message in waiting:
        _request(context, state.incident_id, message.hash, "text", message.subject)
        if newest[message.audience] != message.hash:
            _replace(context, state.incident_id, message.hash)
    return {}


def await_text(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for an answer to every external draft."""
    context = runtime.context
    for message in _waiting(context.store.load(state.incident_id)):
        _await(context, state.incident_id, message.hash, "text")
    return {}


def next_plan(document: Incident, attempt: int) -> ActionPlan | None:
    """The best plan of this attempt that nobody has decided on or tried, or None."""
    answered = {decision.subject for decision in document.decisions}
    return next(
        (
            plan
            for plan in document.proposals
            if plan.attempt == attempt
            and plan.hash not in answered
            and document.tried(plan) is None
        ),
        None,
    )


def add_decision(document: Incident, decision: Decision, at: datetime) -> None:
    """Record a decision once, in the list and on the timeline, where it stands at `at`."""
    if decision in document.decisions:
        return
    document.decisions.append(decision)
    plan = document.plan(decision.subject)
    texts = (m for m in document.communications if m.hash == decision.subject)
    text = next((f"text “{message.subject}”" for message in texts), decision.subject)
    subject = plan.title if plan else text
    why = f" — {decision.reason}" if decision.reason else ""
    text = f"{decision.verdict.value}: {subject}{why}"
    document.record(Event(at=at, actor=decision.by, kind=EventKind.decision, text=text))


def _waiting(document: Incident) -> list[Message]:
    return [m for m in document.communications if m.state is MessageState.awaiting_approval]


def _request(
    context: ResponseContext, incident_id: str, subject: str, kind: str, title: str
) -> Request:
    now = time.time()
    expires = now + context.settings.approval_minutes * 60
    context.store.ledger.ask(Request(incident_id, subject, kind, title, now, expires))
    return context.store.ledger.request(incident_id, subject)


def _replace(context: ResponseContext, incident_id: str, subject: str) -> None:
    """Withdraw a text that nobody has answered: its audience gets the newer one."""
    reason = "a newer text replaces it"
    if context.store.ledger.decision(incident_id, subject) is None:
        with suppress(ApprovalError):  # answered in this very moment: then that answer counts
            context.store.ledger.decide(incident_id, subject, Verdict.rejected, REPLACED_BY, reason)


def _await(context: ResponseContext, incident_id: str, subject: str, kind: str) -> Decision:
    while True:
        decision = context.store.ledger.decision(incident_id, subject)
        if decision:
            return decision
        interrupt({"kind": kind, "subject": subject, "incident_id": incident_id})
