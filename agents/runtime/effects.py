"""Acting on the system and sending messages: nodes of their own, each effect claimed before it
happens.

The claim is a row in our table under the plan's or the text's hash. A claim that is already there
means: done, or begun by a process that died. An action is then never carried out again; its
outcome is open until telemetry decides it. A message is tried again: the outbox itself takes a
text only once.
"""

from datetime import datetime
from functools import partial

from langgraph.runtime import Runtime
from pydantic import BaseModel, JsonValue

from ...actions import catalogue
from ...errors import NotFound, ToolError, ToolFailed
from ...incident.action import ActionPlan, Decision, Execution, Outcome, Verdict
from ...incident.communication import Message, MessageState
from ...incident.document import Incident
from ...incident.events import ActionDone, ActionStarted
from ...incident.finding import Gap
from ...incident.lifecycle import State
from ...incident.timeline import Event, EventKind
from ...state import CommunicationState, IncidentState
from ...targets.stand_ins import WHY_GONE
from ...tools import notify
from ..reporting.incident_status import about_security
from .context import ResponseContext
from .gate import add_decision


class Performed(BaseModel):
    """What came of an action, as its claim keeps it."""

    receipt: dict[str, JsonValue] = {}
    error: str = ""


class TakenBack(BaseModel):
    """What came of an undo, as its claim keeps it."""

    undone: bool
    note: str
    receipt: dict[str, JsonValue] = {}


DIED = Performed(error="begun by a process that died: it is not begun again")
"""What we know of an effect that was claimed and never reported back."""
UNDO_DIED = TakenBack(undone=False, note="could not be undone: begun by a process that died")
UNKNOWN = "could not be undone: nobody reported what was done; look at the system"


def act(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Carry out the approved plan, once."""
    context, tell, incident_id = runtime.context, runtime.stream_writer, state.incident_id
    key = f"{incident_id}:execute:{state.plan}"
    decision = context.store.ledger.decision(incident_id, state.plan)
    earlier = context.store.ledger.claim(incident_id, key)
    document = context.store.update(
        incident_id, lambda doc: _begin(doc, state.plan, decision, context.now(doc))
    )
    plan = document.plan(state.plan)
    if plan is None:
        raise NotFound(f"{incident_id} holds no plan {state.plan}; run `warroom show`")
    if earlier is None:
        tell(ActionStarted(plan=plan))
        context.store.ledger.finish(key, _carry_out(context, plan, decision).model_dump())
    effect = context.store.ledger.claim(incident_id, key)
    result = Performed.model_validate(effect.result) if effect and effect.done_at else DIED
    document = context.store.update(
        incident_id, lambda doc: _end(doc, state.plan, result, context.now(doc))
    )
    tell(ActionDone(execution=document.executions[-1]))
    return {"checks": 0, "improving": False, "well": False}


def undo(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Take back an action that made things worse, once. The plan's approval covers its undo."""
    context, incident_id = runtime.context, state.incident_id
    key = f"{incident_id}:undo:{state.plan}"
    if context.store.ledger.claim(incident_id, key) is None:
        context.store.ledger.finish(key, _take_back(context, incident_id, state.plan).model_dump())
    effect = context.store.ledger.claim(incident_id, key)
    result = TakenBack.model_validate(effect.result) if effect and effect.done_at else UNDO_DIED
    context.store.update(
        incident_id, lambda doc: _undone(doc, state.plan, result, context.now(doc))
    )
    return {}


def _begin(document: Incident, plan_hash: str, decision: Decision | None, now: datetime) -> None:
    """Write down who approved, and that the action begins, before it does."""
    plan = document.plan(plan_hash)
    if plan is None or any(e.plan == plan_hash for e in document.executions):
        return
    if decision:
        add_decision(document, decision, min(now, decision.at))
    state = State.eradicating if about_security(document) else State.containing
    document.move(state, now, "remediation", plan.title)
    document.executions.append(Execution(plan=plan_hash, title=plan.title, started_at=now))
    document.record(Event(at=now, actor="remediation", kind=EventKind.action, text=plan.title))


def _carry_out(context: ResponseContext, plan: ActionPlan, decision: Decision | None) -> Performed:
    """What came of it: the receipt, or the error that the operation ended with."""
    if context.operations is None:  # approved after a restart that came up without the system
        return Performed(error=WHY_GONE)
    try:
        receipt = catalogue.execute(context.operations, plan, decision)
        return Performed(receipt=receipt.model_dump(mode="json"))
    except ToolError as error:
        return Performed(error=str(error))


def _take_back(context: ResponseContext, incident_id: str, plan_hash: str) -> TakenBack:
    """What came of the undo: only what the system says it changed counts as undone."""
    document = context.store.load(incident_id)
    plan = document.plan(plan_hash)
    execution = next((e for e in document.executions if e.plan == plan_hash), None)
    if plan is None or execution is None or not execution.receipt:
        return TakenBack(undone=False, note=UNKNOWN)
    if context.operations is None:
        return TakenBack(undone=False, note=f"could not be undone: {WHY_GONE}")
    decision = context.store.ledger.decision(incident_id, plan_hash)
    try:
        receipt = catalogue.undo(context.operations, plan, execution.receipt, decision)
    except ToolError as error:
        return TakenBack(undone=False, note=f"could not be undone: {error}")
    if not receipt.changed:
        return TakenBack(undone=False, note=f"nothing was undone: {receipt.note}")
    kept = receipt.model_dump(mode="json")
    return TakenBack(undone=True, note=f"undone: {plan.undo}", receipt=kept)


def _end(document: Incident, plan_hash: str, result: Performed, now: datetime) -> None:
    execution = next(e for e in document.executions if e.plan == plan_hash)
    if execution.ended_at:  # on record already: this node runs again
        return
    execution.ended_at = now
    execution.receipt, execution.note = result.receipt, result.error
    if result.error and result is not DIED:
        execution.outcome = Outcome.failed
    if not result.error:
        why = "carried out; it has time to stabilise"
        document.move(State.recovering, execution.ended_at, "remediation", why)
    text = f"{execution.title}: {result.error or 'carried out; telemetry decides what it did'}"
    document.record(
        Event(at=execution.ended_at, actor="remediation", kind=EventKind.action, text=text)
    )


def _undone(document: Incident, plan_hash: str, result: TakenBack, now: datetime) -> None:
    execution = next(e for e in document.executions if e.plan == plan_hash)
    note = result.note
    if execution.note.endswith(note):  # on record already: this node runs again
        return
    execution.undone = result.undone
    execution.note = f"{execution.note}; {note}".lstrip("; ")
    document.record(Event(at=now, actor="remediation", kind=EventKind.action, text=note))


OPEN = (MessageState.draft, MessageState.awaiting_approval, MessageState.approved)


def send(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Send what may go out; note what was refused."""
    context = runtime.context
    sent = 0
    for message in context.store.load(state.incident_id).communications:
        if message.state not in OPEN:
            continue
        decision = context.store.ledger.decision(state.incident_id, message.hash)
        try:
            new = _deliver(context, state.incident_id, message, decision)
        except ToolFailed as error:  # the next round tries again; people are asked meanwhile
            gap = Gap(what=_unsent(message), why=str(error), specialist="comms")
            context.store.update(state.incident_id, partial(_miss, gap=gap))
            continue
        sent += new is MessageState.sent
        note = partial(
            _note,
            message_hash=message.hash,
            state=new,
            decision=decision,
            now=context.now(context.store.load(state.incident_id)),
        )
        context.store.update(state.incident_id, note)
    return {"told": sent}


def _deliver(
    context: ResponseContext, incident_id: str, message: Message, decision: Decision | None
) -> MessageState:
    """Send one message where that is allowed; the state it is in afterwards."""
    if message.external:
        if decision is None:
            return MessageState.awaiting_approval
        if decision.verdict is not Verdict.approved:
            return MessageState.rejected
    key = f"{incident_id}:send:{message.hash}"
    earlier = context.store.ledger.claim(incident_id, key)
    if earlier is None or earlier.done_at is None:  # the outbox takes a text once: see notify
        outbox = context.outbox(incident_id)
        files = notify.send(outbox, message, decision, drill=context.drill)
        context.store.ledger.finish(key, {"files": files})
    return MessageState.sent


def _unsent(message: Message) -> str:
    return f"{message.id} to {message.audience.value} was not sent"


def _miss(document: Incident, gap: Gap) -> None:
    """Say once that a message could not go out."""
    if all(known.what != gap.what for known in document.gaps):
        document.gaps.append(gap)


def _note(
    document: Incident,
    message_hash: str,
    state: MessageState,
    decision: Decision | None,
    now: datetime,
) -> None:
    """Write the message's new state, and the decision on it, into the document."""
    message = next(m for m in document.communications if m.hash == message_hash)
    if decision:
        add_decision(document, decision, min(now, decision.at))
    if message.state is state:
        return
    message.state = state
    if state is MessageState.sent:
        message.sent_at = now
        document.gaps = [gap for gap in document.gaps if gap.what != _unsent(message)]
        where = ", ".join(message.channels)
        text = f"{message.id} to {message.audience.value} by {where}: {message.subject}"
        document.record(Event(at=message.sent_at, actor="comms", kind=EventKind.message, text=text))
