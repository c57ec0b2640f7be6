"""The gate: a person decides on one exact plan or text before anything acts or leaves the house.

`ask_*` writes the question down; `await_*` waits in `interrupt()` and has no side effect at all,
so LangGraph may run it as often as it likes. The answer counts only from our own table: whatever
value a resume carries, an unanswered question stays unanswered.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ...actions.catalogue import fitting, in_passing, staged
from ...actions.policy import persons_for
from ...errors import ApprovalError, ToolError, ToolFailed, ToolRetry
from ...incident.action import ActionPlan, Decision, Outcome, Verdict
from ...incident.communication import Message, MessageState
from ...incident.document import Incident
from ...incident.evidence import short
from ...incident.identity import COMMS, WARROOM
from ...incident.lifecycle import OVER
from ...incident.timeline import Event, EventKind
from ...record.ledger import Asks, Request
from ...record.store import Store
from ...record.waking import ENDED
from ...settings import Settings
from ...state import Acted, CommunicationState, IncidentState
from . import by_rule
from .context import ResponseContext


def ask_commander(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Put the best plan of this attempt before the commander that was not turned down or tried; one
    that lapsed is asked anew where it still fits."""
    context = runtime.context
    document = context.store.load(state.incident_id)
    if document.ended_by:
        return {"plan": "", "approved": False, "acted": Acted.over.value}
    if document.carried_on(measured=False):
        return {"plan": "", "approved": False, "checks": 0, "acted": Acted.withdrawn.value}
    plans = next_plans(document, state.attempt) if context.operations else []
    asked_before = {decision.subject for decision in document.decisions}
    plan = next((p for p in plans if p.hash not in asked_before or _fits(context, p)), None)
    if plan is None:
        acted = Acted.unfit if plans else Acted.nothing
        return {"plan": "", "approved": False, "checks": 0, "acted": acted.value}
    wanted = context.policy.wanted(plan, document.severity)
    request = put(context, state.incident_id, plan.hash, Asks.action, in_passing(plan), wanted)
    again = "" if request.number == 1 else " again"
    risk = f"(risk {plan.risk.value}, plan {plan.short_hash})"
    said_no = document.refused(plan)
    before = f"; {said_no.by} rejected it before: {said_no.reason}" if said_no else ""
    text = f"asks the commander{again}: {plan.title} {risk}{before}"
    event = Event(at=context.now(document), actor="triage", kind=EventKind.proposal, text=text)
    open_ = context.store.ledger.decision(state.incident_id, plan.hash) is None
    if open_ and _worth_a_line(request.number):
        context.store.update(state.incident_id, lambda doc: doc.record(event))
    if open_:
        by_rule.answer(context, document, plan)
    return {"plan": plan.hash, "approved": False, "acted": Acted.nothing.value}


def await_commander(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for the commander's answer to the plan at the gate; an edit puts a new plan there."""
    subject = state.plan
    decision = _await(runtime.context, state.incident_id, subject, Asks.action)
    seen = {subject}
    while decision.verdict is Verdict.edited:
        subject = decision.reason  # the ledger keeps the edited plan's hash as the reason
        if subject in seen:  # edited in a circle, and nothing of it approved: no answer
            break
        seen.add(subject)
        decision = _await(runtime.context, state.incident_id, subject, Asks.action)
    return {"plan": subject, "approved": decision.verdict is Verdict.approved}


def note_refusal(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Write a rejection, an expiry or a withdrawal into the document."""
    context = runtime.context
    ledger = context.store.ledger
    decision = ledger.decision(state.incident_id, state.plan)
    if decision is None:
        return {}
    number = ledger.request(state.incident_id, state.plan).number
    if decision.verdict is not Verdict.expired or _worth_a_line(number):
        context.store.update(
            state.incident_id,
            lambda doc: add_decision(doc, decision, min(context.now(doc), decision.at)),
        )
    document = context.store.load(state.incident_id)
    if document.ended_by:
        return {"acted": Acted.over.value}
    measured = document.carried_on(measured=False)
    displaced = decision.by == WARROOM.name and not measured  # by what a person proposed
    withdrawn = decision.verdict is Verdict.withdrawn and not displaced
    return {"acted": (Acted.withdrawn if withdrawn else Acted.nothing).value}


def ask_for_text(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Put every external draft before the commander; a newer one replaces an unanswered one."""
    context = runtime.context
    ask_texts(context.store, context.settings, state.incident_id, context.drill)
    return {}


def ask_texts(store: Store, settings: Settings, incident_id: str, drill: bool) -> None:
    """The same, wherever the drafts come from."""
    waiting = _waiting(store.load(incident_id))
    newest = {message.audience: message.hash for message in waiting}
    for message in waiting:
        wanted = 1 if drill else persons_for(message)  # a drill's text goes nowhere
        asked = (message.hash, message.subject, Asks.text, wanted)
        store.ledger.ask(_request(store, settings, incident_id, *asked))
        if newest[message.audience] != message.hash:
            _replace(store, incident_id, message.hash)


def await_text(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for an answer to every external draft."""
    context, answered = runtime.context, set[str]()
    while waiting := [
        m for m in _waiting(context.store.load(state.incident_id)) if m.hash not in answered
    ]:  # an edited one has taken the place of what was asked
        for message in waiting:
            _await(context, state.incident_id, message.hash, Asks.text)
            answered.add(message.hash)
    return {}


def next_plans(document: Incident, attempt: int) -> list[ActionPlan]:
    """The plans of this attempt that nobody has turned down or tried, a person's own first, then
    the best; what a person said no to in an earlier one comes last, and is marked."""
    refused = {d.subject for d in document.decisions if d.verdict in FOR_GOOD}
    found = [
        plan
        for plan in document.proposals
        if (plan.proposed_by or plan.attempt == attempt)
        and plan.hash not in refused
        and (document.tried(plan) is None or goes_on(document, plan))
    ]
    return sorted(found, key=lambda p: (document.refused(p) is not None, not p.proposed_by))


def goes_on(document: Incident, plan: ActionPlan) -> bool:
    """Whether it is done in stages, and its next one is at hand."""
    done = document.execution(plan.hash)
    if done is None or done.outcome is not Outcome.stayed_well or done.undone:
        return False
    return staged(plan, done.stage + 1) is not None


def proposed(document: Incident, attempt: int) -> bool:
    """Whether a plan of a person's own is next in line."""
    return any(plan.proposed_by for plan in next_plans(document, attempt)[:1])


def ended(context: ResponseContext, document: Incident) -> bool:
    """Whether nothing is begun in it any more."""
    standing = context.store.work.standing(document.id)
    return document.state in OVER or (standing is not None and standing.status in ENDED)


def propose(
    context: ResponseContext,
    document: Incident,
    plan: ActionPlan,
    person: str,
    file: Callable[[ActionPlan], None] | None = None,
) -> str:
    """Put a person's plan first in line, asked about now: what is asked instead is asked anew after
    it. The hash to follow: of the question that stands already where that is to do the same.

    file: puts it on the document, where more belongs to that.

    Raises ToolFailed where the response cannot carry it out any more, or did.
    """
    store, incident_id = context.store, document.id
    if done := document.tried(plan):
        raise ToolFailed(f"{done.title} was tried: {done.outcome.value}")
    waiting = store.ledger.waiting(incident_id)
    others = [r for r in waiting if r.kind == Asks.action and r.subject != plan.hash]
    for request in others:
        if (other := document.plan(request.subject)) and other.move == plan.move:
            return other.hash
    if context.operations is None or ended(context, document):
        why = "the response is over" if context.operations else "it has no operations.json"
        raise ToolFailed(f"nothing is acted on here, {why}: do it by `warroom recover`")
    if document.plan(plan.hash) is None and file:
        file(plan)
    elif document.plan(plan.hash) is None:
        store.update(incident_id, lambda doc: doc.proposals.append(plan))
    wanted = context.policy.wanted(plan, document.severity)
    says = in_passing(plan)
    question = (store, context.settings, incident_id, plan.hash, says, Asks.action, wanted)
    barred = person if context.policy.own_proposals == "refuse" else ""
    store.ledger.ask(replace(_request(*question), barred=barred))
    for request in others:
        with suppress(ApprovalError):  # answered in this very moment: then that is done first
            why = f"asked anew after {plan.title}, which {plan.proposed_by} asks for"
            store.ledger.decide(incident_id, request.subject, Verdict.withdrawn, WARROOM, why)
    return plan.hash


FOR_GOOD = (Verdict.rejected, Verdict.edited)
"""Answers after which a plan is not asked about again."""


def _fits(context: ResponseContext, plan: ActionPlan) -> bool:
    """Whether the system is still as it was when the plan was made; where it does not say, it is
    asked about: nothing is done without an answer."""
    try:
        if context.operations is not None:
            fitting(context.operations, plan)
    except ToolRetry:
        return False
    except ToolError:
        pass
    return True


def _worth_a_line(number: int) -> bool:
    """The first time, the second, the fourth, …: what nobody answers for days must not fill the
    timeline. Our own table has every one."""
    return number & (number - 1) == 0


def add_decision(document: Incident, decision: Decision, at: datetime) -> None:
    """Record a decision once, in the list and on the timeline, where it stands at `at`."""
    if decision in document.decisions:
        return
    document.decisions.append(decision)
    plan = document.plan(decision.subject)
    texts = (m for m in document.communications if m.hash == decision.subject)
    text = next((f"text “{message.subject}”" for message in texts), decision.subject)
    subject = plan.title if plan else text
    text = f"{decision.verdict.value}: {subject}{_why(document, decision)}"
    document.record(Event(at=at, actor=decision.by, kind=EventKind.decision, text=text))


def _why(document: Incident, decision: Decision) -> str:
    """The reason; of an edit, whose reason is the hash of what it became, what that is."""
    if not decision.reason or decision.verdict is not Verdict.edited:
        return f" — {decision.reason}" if decision.reason else ""
    plan = document.plan(decision.reason)
    became = f"{plan.title} " if plan else ""
    return f" — now {became}[{short(decision.reason)}]"


def _waiting(document: Incident) -> list[Message]:
    return [m for m in document.communications if m.state is MessageState.awaiting_approval]


def put(
    context: ResponseContext,
    incident_id: str,
    subject: str,
    kind: Asks,
    title: str,
    wanted: int = 1,
) -> Request:
    """Ask; the request that stands now, which may be an earlier one."""
    store, settings = context.store, context.settings
    return store.ledger.ask(_request(store, settings, incident_id, subject, title, kind, wanted))


def _request(
    store: Store,
    settings: Settings,
    incident_id: str,
    subject: str,
    title: str,
    kind: Asks,
    wanted: int,
) -> Request:
    now = store.ledger.clock()
    expires = now + settings.approval_minutes * 60
    return Request(incident_id, subject, kind.value, title, now, expires, wanted=wanted)


def _replace(store: Store, incident_id: str, subject: str) -> None:
    """Withdraw a text that nobody has answered: its audience gets the newer one."""
    reason = "a newer text replaces it"
    if store.ledger.decision(incident_id, subject) is None:
        with suppress(ApprovalError):  # answered in this very moment: then that answer counts
            store.ledger.decide(incident_id, subject, Verdict.rejected, COMMS, reason)


def _await(context: ResponseContext, incident_id: str, subject: str, kind: Asks) -> Decision:
    while True:
        decision = context.store.ledger.decision(incident_id, subject)
        if decision:
            return decision
        interrupt({"kind": kind.value, "subject": subject, "incident_id": incident_id})
