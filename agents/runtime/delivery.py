"""Sending messages: internal drafts at once, external texts when a person approved this text.

Each message is claimed under its hash before it goes out. A claim that was never reported back
(the process died, the outbox was full) is tried again: the outbox itself takes a text only once.
"""

from datetime import datetime
from functools import partial

from langgraph.runtime import Runtime

from ...errors import ToolFailed
from ...incident.action import Decision, Verdict
from ...incident.communication import Message, MessageState
from ...incident.document import Incident
from ...incident.finding import Gap
from ...incident.timeline import Event, EventKind
from ...state import CommunicationState
from ...tools import notify
from .context import ResponseContext
from .gate import add_decision

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
            _note, message_hash=message.hash, state=new, decision=decision, now=context.clock()
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
        add_decision(document, decision)
    if message.state is state:
        return
    message.state = state
    if state is MessageState.sent:
        message.sent_at = now
        document.gaps = [gap for gap in document.gaps if gap.what != _unsent(message)]
        where = ", ".join(message.channels)
        text = f"{message.id} to {message.audience.value} by {where}: {message.subject}"
        document.record(Event(at=message.sent_at, actor="comms", kind=EventKind.message, text=text))
