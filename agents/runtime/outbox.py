"""Messages: put on their way as soon as they may go out, delivered by whoever comes by.

The response waits for no channel: what could not be delivered is a gap, said once, and is tried
again until it arrives (`dispatch`, each second in a service, each step of the response elsewhere).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TypeAlias

from langgraph.runtime import Runtime
from pydantic import BaseModel

from ...errors import ApprovalError, ToolFailed
from ...incident.action import Decision, Verdict
from ...incident.communication import Message, MessageState
from ...incident.document import Incident
from ...incident.finding import Gap
from ...incident.lifecycle import OVER
from ...incident.severity import Severity
from ...incident.timeline import Event, EventKind, from_ts
from ...notify.channels import Channels
from ...record.claims import Does, Effect
from ...record.outbox import PAGE, Outbox, Parcel
from ...record.store import Store
from ...settings import Settings
from ...state import CommunicationState
from ...tools import notify
from ..comms import handing_over
from ..health.watching import quiet
from ..reporting.incident_status import Stage
from ..steps import WATCH
from .context import ResponseContext
from .gate import add_decision

FILES = Channels()
"""Nothing is configured: each message is a file."""


class Letter(BaseModel):
    """What a parcel holds."""

    message: Message
    drill: bool
    at: datetime  # the incident's time when it was put
    over: bool = False  # it was resolved by then


Now: TypeAlias = Callable[[Incident], datetime]
"""Tells an incident's time."""
OPEN = (MessageState.draft, MessageState.awaiting_approval)


def send(state: CommunicationState, runtime: Runtime[ResponseContext]) -> dict:
    """Put on its way what may go out, note what was refused, and deliver what can be delivered."""
    return {"told": _send(runtime.context, state.incident_id)}


def hand_over(context: ResponseContext, incident_id: str, again: datetime | None = None) -> None:
    """Where a response has ended unresolved, tell people once that it is theirs now, by how much
    still alerts at this moment: it may have waited for an answer for long. again: it has not ended,
    and looks once more then, as nothing is known to do: people may know more."""
    document = context.store.load(incident_id)
    if document.state in OVER:
        return
    said = Stage.unclear if again else Stage.handed_over
    if any(m.template.startswith(said.value) for m in document.communications):
        return
    look = replace(WATCH, looks=False)  # what joined meanwhile is not looked at by this
    still = not again and quiet(context.case(incident_id, look, 1, lambda _event: None))
    now, language = context.now(document), context.settings.language
    drafted = handing_over(document, now, language, still, again)
    message = context.redacted(incident_id, drafted)

    def add(doc: Incident) -> None:
        if all(known.template != message.template for known in doc.communications):
            number = len(doc.communications) + 1
            doc.communications.append(message.model_copy(update={"id": f"M{number}"}))

    context.store.update(incident_id, add)
    _send(context, incident_id)


def _send(context: ResponseContext, incident_id: str) -> int:
    drill, channels = context.drill, context.channels
    document = put_open(context.store, incident_id, context.now, drill, channels)
    if dispatch(context.store, context.settings, incident_id, channels):
        document = context.store.load(incident_id)
    return len([message for message in document.communications if message.sent_at])


def put_open(
    store: Store, incident_id: str, clock: Now, drill: bool, channels: Channels = FILES
) -> Incident:
    """Put on its way what may go out by now, and note what was refused; the document then."""
    document = store.load(incident_id)
    notes: list[Note] = []
    for message in document.communications:
        if message.state in OPEN:
            decision = _decision(store, incident_id, message)
            over = document.state in OVER
            letter = Letter(message=message, drill=drill, at=clock(document), over=over)
            new = _put(store, document, letter, decision, channels)
            notes.append((message.hash, new, decision))
    if notes:
        document = store.update(incident_id, lambda doc: _note(clock, doc, notes))
    return document


def _decision(store: Store, incident_id: str, message: Message) -> Decision | None:
    """Nobody is asked about what stays in the house."""
    return store.ledger.decision(incident_id, message.hash) if message.external else None


def _put(
    store: Store,
    document: Incident,
    letter: Letter,
    decision: Decision | None,
    channels: Channels,
) -> MessageState:
    """Put one message on its way where that is allowed; the state that it is in then."""
    message = letter.message
    if message.external:
        if decision is None:
            return MessageState.awaiting_approval
        if decision.verdict is not Verdict.approved:
            return MessageState.rejected
    number = store.ledger.request(document.id, message.hash).number if message.external else 1
    effect = Effect(document.id, Does.send, message.hash, number, approved=message.external)
    names = channels.names(message, document.severity or Severity.P3, letter.drill)
    outbox, bodies, due = Outbox(store.engine), dict[str, str](), dict[str, float]()
    now = from_ts(outbox.clock())
    for name in names:
        then = channels.due(name, message, now, letter.drill)
        late = letter.model_copy(update={"at": letter.at + (then - now)})
        bodies[name], due[name] = late.model_dump_json(), then.timestamp()
    try:
        outbox.put(store.ledger, effect, bodies, store.lease, due)
    except ApprovalError:  # its time ran out in this very moment: the next round says so
        return message.state
    return MessageState.approved


MOST = 20
"""Messages of one round: they are done before somebody else takes them up."""


def dispatch(
    store: Store, settings: Settings, incident_id: str = "", channels: Channels = FILES
) -> int:
    """Deliver what is due, of one incident or of all; how many messages arrived on a channel."""
    outbox, arrived, down = Outbox(store.engine), 0, dict[str, str]()
    due = outbox.due(incident_id, MOST)
    for _incident, parcels in groupby(due, lambda parcel: parcel.incident_id):
        deliver = partial(_deliver, store, settings, outbox, channels, down)
        out = [parcel for parcel in parcels if deliver(parcel)]
        for page in (parcel for parcel in out if parcel.page):
            outbox.arrived(page)
        if letters := [parcel for parcel in out if not parcel.page]:
            outbox.sent(letters, partial(_arrived, now=outbox.clock()))
        arrived += len(out)
    return arrived


def _deliver(
    store: Store,
    settings: Settings,
    outbox: Outbox,
    channels: Channels,
    down: dict[str, str],
    parcel: Parcel,
) -> bool:
    """Whether it arrived; a channel that failed in this round is not waited for again."""
    letter = Letter.model_validate_json(parcel.body)
    message, folder = letter.message, settings.outbox(parcel.incident_id, letter.drill)
    decision = _decision(store, parcel.incident_id, message)
    if channels.gathers(parcel.channel, message, letter.drill):
        days = outbox.of(f"{PAGE}:{parcel.day}")  # with that one it is out
        return any(day.channel == parcel.channel and day.sent_at for day in days)
    try:
        if parcel.channel in down:
            raise ToolFailed(down[parcel.channel])
        if channels.carries(parcel.channel, letter.drill):
            notify.require(message, decision)
            channels.send(parcel.channel, message, parcel.key, letter.drill, letter.over)
        else:
            notify.send(folder, message, decision, letter.drill, [parcel.channel])
    except ToolFailed as error:
        down[parcel.channel] = str(error)
        outbox.failed(parcel, str(error))
        if parcel.page:
            return False
        store.update(parcel.incident_id, partial(_miss, message=message, why=str(error)))
        return False
    return True


def _unsent(message: Message) -> str:
    return f"{message.id} to {message.audience.value} was not sent"


def _miss(document: Incident, message: Message, why: str) -> None:
    """Say once that a message could not go out."""
    gap = Gap(what=_unsent(message), why=why, specialist="comms")
    if all(known.what != gap.what for known in document.gaps):
        document.gaps.append(gap)


def _arrived(document: Incident, parcel: Parcel, now: float) -> None:
    """The message is out on all of its channels; `now` in unix seconds."""
    letter = Letter.model_validate_json(parcel.body)
    on_its_way = timedelta(seconds=max(0.0, now - parcel.put_at))
    at = letter.at + on_its_way if parcel.attempts else letter.at
    message = next(m for m in document.communications if m.hash == letter.message.hash)
    document.gaps = [gap for gap in document.gaps if gap.what != _unsent(message)]
    if message.state is MessageState.sent:
        return
    message.state, message.sent_at = MessageState.sent, at
    where, whom = ", ".join(message.channels), message.audience.value
    text = f"{message.id} to {whom}{'' if where == whom else f' by {where}'}: {message.subject}"
    document.record(Event(at=at, actor="comms", kind=EventKind.message, text=text))


Note: TypeAlias = tuple[str, MessageState, Decision | None]
"""A message's hash, its new state, and the decision on it."""


def _note(clock: Now, document: Incident, notes: Sequence[Note]) -> None:
    for subject, state, decision in notes:
        found = next(m for m in document.communications if m.hash == subject)
        if decision:
            add_decision(document, decision, min(clock(document), decision.at))
        if found.state in OPEN:
            found.state = state
