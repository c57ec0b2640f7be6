"""A person's answer to one exact plan or text. An edit makes another plan: checked anew, put on
the record, approved by who made it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from ..actions.catalogue import in_passing
from ..actions.catalogue import plan as checked_plan
from ..actions.edge import MEASURED
from ..actions.inventory import Inventory
from ..agents.runtime.context import ResponseContext
from ..errors import ApprovalError, InputError, NotFound, ToolError, ToolRetry
from ..incident.action import ActionPlan, Decision, Verdict
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.timeline import Event, EventKind, utc_now
from ..record import audit
from ..record.ledger import LAPSED, Asks, Request
from ..record.store import Store, revise
from ..record.waking import HANDED_OVER
from ..settings import Settings
from .configuration import Sources, recall

LEAST = 10
"""Hex digits of a hash that name what is decided on."""


def named(store: Store, incident_id: str, beginning: str) -> str:
    """The hash that is asked about and begins so; what fits nothing is handed back as it is.

    Raises NotFound without such an incident, InputError where too little is given to be sure.
    """
    store.load(incident_id)
    subjects = store.ledger.subjects(incident_id)
    found = [subject for subject in subjects if subject.startswith(beginning)]
    if not found or beginning in found:
        return beginning
    if len(found) > 1 or len(beginning) < LEAST:
        raise InputError(f"{beginning!r} is too little of a hash to be sure: give all of it")
    return found[0]


def approve(store: Store, incident_id: str, subject: str, by: Identity) -> Decision:
    """Approve a plan or a text as asked. Raises NotFound, InputError, ApprovalError."""
    subject = named(store, incident_id, subject)
    return store.ledger.decide(incident_id, subject, Verdict.approved, by)


def reject(store: Store, incident_id: str, subject: str, by: Identity, reason: str) -> Decision:
    """Reject it; the reason goes on the record and the response looks for another way.

    Raises NotFound, ApprovalError, InputError without a reason or with too little of the hash.
    """
    subject = named(store, incident_id, subject)
    if not reason.strip():
        raise InputError("a rejection needs a reason: --reason 'why'")
    return store.ledger.decide(incident_id, subject, Verdict.rejected, by, reason.strip())


def take_over(store: Store, incident_id: str, by: Identity) -> bool:
    """Take what was handed over, under one's name; whether there was anything to take. Raises
    NotFound, InputError where somebody was quicker."""
    standing = store.work.standing(incident_id)
    if standing is None or standing.status != HANDED_OVER:
        return False

    def theirs(document: Incident) -> None:
        text = f"{by.name} has taken it over"
        at = max([utc_now(), *(t.at for t in document.transitions)])
        document.record(Event(at=at, actor=by.name, kind=EventKind.decision, text=text))

    with store.durable.begin() as connection:
        revise(connection, incident_id, theirs)
        audit.add(connection, str(by), "taken over", incident_id)
        store.work.take_over(connection, incident_id, by.name)
    return True


def resume(store: Store, incident_id: str, by: Identity) -> None:
    """Have it looked at now: what was handed over is theirs then, what was set aside is tried
    again. Raises NotFound, InputError where somebody was quicker to take it."""
    store.load(incident_id)
    if take_over(store, incident_id, by):
        return
    why = f"{by.name} asked for it"
    if not store.work.retry(incident_id, why):
        store.work.wake(None, incident_id, why=why)


def edit(
    settings: Settings,
    incident_id: str,
    subject: str,
    edits: Sequence[str],
    by: Identity,
    store: Store | None = None,
    sources: Sources | None = None,
    shown: str = "",
) -> ActionPlan:
    """Make and approve the edited plan, over the system that the incident was opened with; over
    these sources where it was opened with none.

    shown: hash of the edited plan as `preview` had it, where a person saw that.

    Raises NotFound where no such plan is asked about, InputError for an edit that does not fit or
    changes nothing or gives another plan than was shown, ApprovalError when it was answered.
    """
    with opened(settings, incident_id, store, sources) as context:
        subject = named(context.store, incident_id, subject)
        new = _edited(context, incident_id, subject, edits)
        if shown and new.hash != shown:
            raise InputError("the system is not as it was when you looked: look at the edit anew")
        put_edited(context, incident_id, subject, new, by)
        return new


def preview(
    settings: Settings,
    incident_id: str,
    subject: str,
    edits: Sequence[str],
    store: Store | None = None,
    sources: Sources | None = None,
) -> ActionPlan:
    """The plan that `edit` would make; nothing is written. Raises as that does."""
    with opened(settings, incident_id, store, sources) as context:
        return _edited(context, incident_id, named(context.store, incident_id, subject), edits)


@contextmanager
def opened(
    settings: Settings, incident_id: str, store: Store | None, sources: Sources | None
) -> Iterator[ResponseContext]:
    """The incident over what it was opened with; over these sources where that was nothing."""
    from .opening import open_context  # an approval as asked opens no telemetry

    kept = recall(settings, incident_id)
    context = open_context(settings, sources if kept == Sources() else kept, store=store)
    with closing(context.recorder):
        yield context


def _edited(
    context: ResponseContext, incident_id: str, subject: str, edits: Sequence[str]
) -> ActionPlan:
    plan = context.store.load(incident_id).plan(subject)
    if plan is None:
        raise NotFound(f"{incident_id} holds no plan {subject}; only plans can be edited")
    context.store.ledger.request(incident_id, subject)
    try:
        new = changed(plan, edits, context.inventory)
    except ToolError as error:
        raise InputError(f"the edit does not fit: {error}") from error
    if new.hash == plan.hash:
        raise InputError(f"the edit changes nothing; approve {subject} without --edit")
    return new


def changed(plan: ActionPlan, edits: Sequence[str], inventory: Inventory) -> ActionPlan:
    """The plan with some parameters set anew ("key=value"; values are JSON or plain words).

    Raises ToolRetry with the correction for anything that does not fit.
    """
    parameters = {**plan.parameters, **dict(_pair(edit, plan) for edit in edits)}
    _no_wider(plan, parameters)
    return checked_plan(
        plan.kind,
        plan.target,
        parameters,
        plan.rationale,
        inventory=inventory,
        hypothesis=plan.hypothesis,
        quotes=plan.quotes,
        attempt=plan.attempt,
    )


def _no_wider(plan: ActionPlan, parameters: dict[str, object]) -> None:
    """Sources may be left out, not added: what the plan's share was measured of is no more."""
    old, new = plan.parameters.get("sources"), parameters.get("sources")
    if not isinstance(old, list) or not isinstance(new, list):
        return
    added = [str(source) for source in new if source not in old]
    if added:
        named = ", ".join(added)
        raise ToolRetry(f"{named} was not measured: leave sources out, or reject the plan")


def _pair(edit: str, plan: ActionPlan) -> tuple[str, object]:
    key, equals, text = (part.strip() for part in edit.partition("="))
    if not equals or not key:
        raise ToolRetry(f"{edit!r} is not key=value; {plan.title} has {_known(plan)}")
    if key in MEASURED:
        raise ToolRetry(f"{key} is measured, not chosen; reject the plan to have it measured again")
    if key not in plan.parameters:
        raise ToolRetry(f"no parameter {key!r}; {plan.kind} {plan.target} has {_known(plan)}")
    try:
        return key, json.loads(text)
    except ValueError:
        was_list = isinstance(plan.parameters[key], list)
        return key, [part.strip() for part in text.split(",")] if was_list else text


def _known(plan: ActionPlan) -> str:
    return ", ".join(plan.parameters) or "no parameters to edit"


def put_edited(
    context: ResponseContext, incident_id: str, old: str, new: ActionPlan, by: Identity
) -> Decision:
    """Replace the plan asked about by the edited one, and approve that, where one may approve
    one's own.

    The new plan is on the record and asked about before the old one is answered, so that a
    process that dies in between leaves an open question, never an unanswerable one.
    Raises ApprovalError when the old plan was answered meanwhile or has expired.
    """
    from ..agents.runtime.gate import add_decision  # langgraph takes seconds to import

    ledger = context.store.ledger
    context.store.update(incident_id, lambda doc: _propose(doc.proposals, new))
    wanted = context.policy.wanted(new, context.store.load(incident_id).severity)
    now = ledger.clock()
    expires = now + context.settings.approval_minutes * 60
    kind, title = Asks.action.value, in_passing(new)
    barred = by.person if context.policy.own_proposals == "refuse" else ""
    request = Request(incident_id, new.hash, kind, title, now, expires, 1, wanted, barred)
    ledger.ask(request, afresh=(*LAPSED, Verdict.edited, Verdict.rejected))
    try:
        edited = ledger.decide(incident_id, old, Verdict.edited, by, reason=new.hash)
    except ApprovalError:
        ledger.decide(incident_id, new.hash, Verdict.rejected, by, "its original was answered")
        raise
    context.store.update(
        incident_id, lambda doc: add_decision(doc, edited, min(context.now(doc), edited.at))
    )
    return edited if barred else ledger.decide(incident_id, new.hash, Verdict.approved, by)


def _propose(proposals: list[ActionPlan], new: ActionPlan) -> None:
    if all(plan.hash != new.hash for plan in proposals):
        proposals.append(new)
