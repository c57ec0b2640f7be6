"""Following a runbook on an incident: begun, stopped and gone on with by people, worked step by
step by whoever holds the incident, beside the response.

What looks keeps evidence. What changes something is put before the commander as a person's own
proposal, and the response asks, acts, measures and takes back as ever. A step is put down with what
it saw in one write, and what it asks for is found again by its name: a process that dies half-way
leaves nothing twice.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from ..agents.runtime.context import ResponseContext
from ..errors import ApprovalError, InputError, NotFound, ToolError
from ..incident.action import Verdict
from ..incident.document import Incident
from ..incident.evidence import short
from ..incident.following import Followed, Worked
from ..incident.identity import WARROOM, Identity
from ..incident.timeline import Event, EventKind
from ..record.store import Store
from ..record.waking import ENDED, wake
from .lifecycle import change_in
from .plan_turns import Turn, steps_of
from .runbooks import named


def start(store: Store, incident_id: str, runbook: str, by: Identity) -> Incident:
    """Follow it here. Raises NotFound, InputError while another one is followed."""
    book = named(store, runbook)

    def says(document: Incident, at: datetime) -> str:
        if document.plans and document.plans[-1].state == "running":
            raise InputError(f"{document.plans[-1].name} is followed already: stop that first")
        who = {"by": by.name, "person": by.person, "at": at}
        text, blank = book.model_dump_json(), [Worked() for _step in book.steps]
        document.plans.append(Followed(name=book.name, book=text, steps=blank, **who))
        return f"follows the runbook {book.title}"

    return _changed(store, incident_id, by, "start runbook", says)


def stop(store: Store, incident_id: str, reason: str, by: Identity) -> Incident:
    """Follow it no further; what it asks for is not done. Raises NotFound, InputError."""

    def says(document: Incident, _at: datetime) -> str:
        run = _followed(document)
        if run.state != "running":
            raise InputError(f"{run.name} is {run.state} already")
        run.state = "stopped"
        return f"stopped the runbook {run.name}: {reason}"

    found = _changed(store, incident_id, by, "stop runbook", says)
    asked = (found.plan(step.plan) for step in found.plans[-1].steps if step.state == "asked")
    for plan in [plan for plan in asked if plan and plan.proposed_by]:
        with suppress(ApprovalError):  # answered already: then that stands
            why = f"its runbook was stopped: {reason}"
            store.ledger.decide(incident_id, plan.hash, Verdict.rejected, by, why)
    return found


def resume(store: Store, incident_id: str, note: str, skip: bool, by: Identity) -> Incident:
    """Go on: with what was one's own to do as done, with what failed or was stopped once more; or
    past it. Raises NotFound, InputError where it waits for something else."""

    def says(document: Incident, at: datetime) -> str:
        run = _followed(document)
        own, wanted = run.state == "running", ("waits", "asked")
        wanted = ("failed",) if run.state == "failed" else wanted
        places = [place for place, step in enumerate(run.steps) if step.state in wanted]
        if not places:
            raise InputError(f"{run.name} is done")
        place = places[-1] if run.state == "failed" else places[0]
        step = run.steps[place]
        own = own and not (skip and step.state == "waits")
        if own and step.state == "waits" and not note:
            return f"step {place + 1} of {run.name} is to be taken"
        if own and (step.state == "waits" or step.plan):
            raise InputError(f"not yours to do: {whats_next(store, document)}")
        state = "skipped" if skip else "done" if own else "waits"
        run.steps[place] = Worked(state=state, at=at, by=by.name, note=note)
        run.state = "running"
        run.state = "running" if run.next is not None else "done"
        told = "goes on" if state == "waits" else f"is {state}"
        return f"step {place + 1} of {run.name} {told}{note and f': {note}'}"

    return _changed(store, incident_id, by, "resume runbook", says)


def _followed(document: Incident) -> Followed:
    if not document.plans:
        raise NotFound(f"no runbook is followed on {document.id}: start one")
    return document.plans[-1]


def _changed(
    store: Store, incident_id: str, by: Identity, act: str, says: Callable[..., str]
) -> Incident:
    with store.durable.begin() as connection:
        change_in(connection, incident_id, by, act, says)
        wake(connection, incident_id, why=f"{act} by {by.name}")
    return store.load(incident_id)


def due(store: Store, incident_id: str) -> bool:
    """Whether a step waits for whoever holds the incident."""
    run = next(iter(store.load(incident_id).plans[-1:]), None)
    place = run.next if run else None
    return run is not None and place is not None and run.steps[place].state == "waits"


def whats_next(store: Store, document: Incident) -> str:
    """Who does what next on the runbook that is followed, and how; empty: nobody anything."""
    run, here = next(iter(document.plans[-1:]), None), document.id
    if run and run.state in ("failed", "stopped"):
        again = f"`warroom plan resume {here}` goes on with it, with --skip past it"
        return f"{run.name} {'has' if run.state == 'failed' else 'is'} {run.state}: {again}"
    if run is None or (place := run.next) is None:
        return ""
    step, told = run.steps[place], f"step {place + 1}, {steps_of(document)[place].text!r}"
    if step.state == "asked" and step.plan:
        return f"{told}, waits for the commander: `warroom approve {here} {short(step.plan)}`"
    if step.state == "asked":
        said = f'`warroom plan resume {here} --note "what you did"`'
        return f"{told}, is yours: when it is done, {said}"
    standing = store.work.standing(here)
    if standing and standing.status in ENDED:
        return f"{told}: the response has ended, `warroom plan resume {here}` takes it"
    if standing and standing.owner:
        return f"{told}, is taken by Warroom as soon as its look of this moment has ended"
    return f"{told}, is taken by `warroom serve`, or at once by `warroom resume {here}`"


def work(context: ResponseContext, incident_id: str) -> None:
    """Its next steps as far as they go now; the context's store is that of who holds it."""
    while _worked(context, context.store.load(incident_id)):
        pass


def _worked(context: ResponseContext, document: Incident) -> bool:
    """The next step, put down; whether there was anything to put down."""
    run = document.plans[-1] if document.plans else None
    if run is None or (place := run.next) is None:
        return False
    turn = Turn(context, document, run, place)
    try:
        now = turn.came_of() if run.steps[place].state == "asked" else turn.taken()
    except (ToolError, InputError) as error:
        now = Worked(state="failed", note=str(error))
    if now is None:
        return False
    now = now.model_copy(update={"at": context.now(document), "by": WARROOM.name})
    context.store.update(document.id, lambda newest: _settle(newest, turn, now))
    return True


def _settle(document: Incident, turn: Turn, now: Worked) -> None:
    """Put it down, unless a person was quicker."""
    run, place, step = document.plans[-1], turn.place, turn.step
    if run.next != place or run.steps[place] != turn.run.steps[place] or now.at is None:
        return
    run.steps[place] = now
    if now.state == "failed" and not step.continue_on_error:
        run.state = "failed"
    elif run.next is None:
        run.state = "done"
    if step.kind == "ticket" and now.state == "done":
        document.follow_ups.append(turn.follow_up(now.at))
    text = f"step {place + 1} of {run.name}: {step.text} — {now.state}: {now.note}"
    line = {"kind": EventKind.note, "text": text, "evidence": now.evidence}
    document.record(Event(at=now.at, actor="runbook", **line))
