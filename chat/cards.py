"""How an incident stands in chat: its message, and the lines of its thread. Read off the record.

Everything that others wrote goes into plain text, where Slack reads neither mentions nor links.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..actions.catalogue import sentence_of
from ..agents.reporting.incident_status import ended, likely_cause
from ..agents.reporting.wording import headline, sentence, shown
from ..incident.action import ActionPlan, Level, Outcome
from ..incident.communication import REPLACED_BY, Message
from ..incident.document import Incident
from ..incident.evidence import digest, short
from ..incident.lifecycle import OVER
from ..incident.timeline import EventKind, from_ts
from ..notify import texts
from ..prompts.values import began, clock, duration, hurt, percent, plain
from ..record.ledger import Asks, Request
from .answers import told

HEAD, TEXT, MOST = 150, 2900, 6
"""Characters that a header and a section take; questions in one message."""
APPROVE, REJECT, ACKNOWLEDGE, OPEN = "approve", "reject", "acknowledge", "open"
THREAD = (EventKind.state, EventKind.severity, EventKind.decision)
"""What is told of the timeline; the rest is on the page."""
Block = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """A message: blocks for those who see it, one line for notifications."""

    blocks: Sequence[Block]
    text: str

    @property
    def digest(self) -> str:
        """What tells two apart."""
        return digest([self.text, list(self.blocks)])


def card(
    doc: Incident, requests: Sequence[Request], holder: str, url: str, left: bool = False
) -> Card:
    """How it stands: what is hurt, since when, why, what is asked. holder: who acknowledged it;
    url: of its page; left: nobody works it any more, and it is not over."""
    over = doc.state in OVER
    title = plain(f"{_mark(doc)} · {headline(doc.title)}", HEAD)
    blocks: list[Block] = [{"type": "header", "text": words(title, HEAD)}]
    theirs = ["Nobody works it any more: a person has to take it over."] if left else []
    blocks.append(section("\n".join([*_facts(doc, holder), *theirs])))
    for request in [] if over else requests[:MOST]:
        blocks += _question(doc, request, url)
    buttons = [] if over or holder else [button(ACKNOWLEDGE, "I have it", doc.id)]
    buttons.append({**button(OPEN, "Open", doc.id), "url": url})
    blocks.append({"type": "actions", "elements": buttons})
    return Card(blocks, title)


def _mark(doc: Incident) -> str:
    if (end := ended(doc)) is not None:
        return f"Resolved, {duration((end - doc.began.at).total_seconds())}"
    return f"{doc.severity or 'not yet classified'} · {doc.state.value}"


def _facts(doc: Incident, holder: str) -> Iterator[str]:
    yield f"{doc.id}. Since {began(doc.began)}."
    yield sentence(hurt(doc.impact)) if doc.impact else "Who is hurt is not measured yet."
    cause = likely_cause(doc)
    if cause:
        yield told(cause)
    elif doc.state not in OVER:
        yield "No cause is likely enough to be named yet."
    for done in doc.executions[-2:]:
        yield f"Done: {_done(doc, done.plan, done.title)}: {done.outcome.value}."
    if holder:
        yield f"{holder} has it."


def decidable(doc: Incident, request: Request) -> ActionPlan | Message | None:
    """What may be decided in chat: all of it is shown there as it is, and its risk is not high.
    doc: as it is published, where what held a secret has another hash."""
    plan = doc.plan(request.subject)
    if plan is not None:
        return plan if plan.risk is not Level.high else None
    text = next((m for m in doc.communications if m.hash == request.subject), None)
    return text if text is not None and len(text.body) + len(text.subject) < TEXT - 200 else None


def _question(doc: Incident, request: Request, url: str) -> Iterator[Block]:
    subject, until = request.subject, f"until {clock(from_ts(request.expires_at))} UTC"
    what, page = decidable(doc, request), f"{url}/requests/{request.subject}"
    look = {**button(OPEN, "All of it, edit", f"{doc.id} {subject}"), "url": page}
    if what is None:
        why = "was this done?" if request.kind == Asks.effect else "decided on its page"
        yield section(f"Asked, {until}: {plain(request.title, 300)} ({why})")
        yield {"type": "actions", "elements": [look]}
        return
    yield section(f"{_says(what)}\nHash {short(subject)}, {until}, wanted: {request.wanted}.")
    value = f"{doc.id} {subject}"
    yes = button(APPROVE, "Approve", value) | {"style": "primary", "confirm": _sure(what)}
    no = button(REJECT, "Reject …", value) | {"style": "danger"}
    yield {"type": "actions", "elements": [yes, no, look]}


def _says(what: ActionPlan | Message) -> str:
    if isinstance(what, Message):
        return f"To {what.audience.value}: {what.subject}\n\n{texts.plain(what.body)}"
    lines = [f"Proposed: {sentence_of(what)}", what.rationale, f"Risk {what.risk.value}."]
    lines += [f"Notices it: {what.blast_radius}.", f"Expected: {what.expected_effect}."]
    lines.append(f"Undo: {what.undo}." if what.reversible else "It cannot be undone.")
    return "\n".join(lines)


def _sure(what: ActionPlan | Message) -> Block:
    says = f"Send it to {what.audience.value}?" if isinstance(what, Message) else sentence_of(what)
    return {
        "title": words("Approve exactly this?"),
        "text": words(says, 300),
        "confirm": words("Approve"),
        "deny": words("Not yet"),
    }


@dataclass(frozen=True)
class Line:
    """One change; its key tells it apart for good."""

    key: str
    at: datetime
    text: str


def lines(doc: Incident, requests: Sequence[Request]) -> list[Line]:
    """What changed, oldest first: levels, states, what was asked, decided, done; the cause."""
    found = [
        Line(
            digest([e.at.isoformat(), e.kind, e.text])[:16],
            e.at,
            f"{e.actor}: {shown(e.text).removeprefix('state: ')}",
        )
        for e in doc.timeline
        if e.kind in THREAD and not (e.kind is EventKind.decision and e.actor == REPLACED_BY)
    ]
    for request in requests:
        until = f"until {clock(from_ts(request.expires_at))} UTC"
        text = f"asked: {request.title}{_whom(doc, request)}, {until}"
        key = f"ask {request.subject[:16]} {request.number}"
        found.append(Line(key, from_ts(request.requested_at), text))
    for done in doc.executions:
        if done.outcome is not Outcome.started:
            why = f" {sentence(done.reason)}" if done.reason else ""
            text = f"{_done(doc, done.plan, done.title)}: {done.outcome.value}.{why}"
            key = f"done {done.plan[:16]} {done.outcome}"
            found.append(Line(key, done.ended_at or done.started_at, text))
    if cause := likely_cause(doc):
        text = f"{cause.how_sure}: {shown(cause.statement)} ({percent(cause.confidence)})"
        at = max([doc.opened_at, *(change.at for change in doc.transitions)])
        found.append(Line(f"cause {cause.id}", at, text))
    return sorted(found, key=lambda line: line.at)


def _whom(doc: Incident, request: Request) -> str:
    """Of a text, whom it is for: two of them may begin alike."""
    text = next((m for m in doc.communications if m.hash == request.subject), None)
    return f" (to {text.audience.value})" if text else ""


def _done(doc: Incident, plan_hash: str, title: str) -> str:
    plan = doc.plan(plan_hash)
    return (sentence_of(plan) if plan else title).rstrip(".")


def words(text: str, most: int = 75) -> Block:
    """Plain text of Slack's: nothing in it is more than letters."""
    cut = text if len(text) <= most else text[: most - 2] + " …"
    return {"type": "plain_text", "text": cut or "-", "emoji": False}


def section(text: str) -> Block:
    """A paragraph of plain text."""
    return {"type": "section", "text": words(text, TEXT)}


def button(act: str, text: str, value: str) -> Block:
    """One that says what it is about; its id is told apart by the value."""
    action = f"{act} {digest([value])[:12]}"
    return {"type": "button", "action_id": action, "text": words(text), "value": value}
