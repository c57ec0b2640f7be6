"""Following a runbook on an incident: begun, stopped and gone on with by people, worked step by
step by whoever holds the incident, beside the response.

What looks keeps evidence. What changes something is put before the commander as a person's own
proposal, and the response asks, acts, measures and takes back as ever. A step is put down with what
it saw in one write, and what it asks for is found again by its name: a process that dies half-way
leaves nothing twice.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from ..actions import catalogue
from ..agents import steps
from ..agents.runtime.context import ResponseContext
from ..agents.runtime.gate import ended, propose
from ..diagnosis.look import Health
from ..diagnosis.quick import diagnose
from ..errors import ApprovalError, InputError, NotFound, ToolError, ToolFailed
from ..incident.action import HELPED, WELL, ActionPlan, Outcome, Verdict
from ..incident.document import Incident
from ..incident.evidence import EvidenceStatus
from ..incident.following import Followed, Worked
from ..incident.identity import WARROOM, Identity
from ..incident.lifecycle import Specialist
from ..incident.report import FollowUp
from ..incident.timeline import Event, EventKind, utc_now
from ..plans.runbook import ACTS, QUICK, Runbook, Step
from ..record.store import Store
from ..record.waking import wake
from ..tools.base import REGISTRY, Result, Row, Table
from ..tools.coverage import SqlRow
from ..tools.toolbox import Toolbox
from .cadence import draft_once
from .configuration import recall
from .lifecycle import change_in
from .notifying import put_tickets
from .runbooks import named

WEEK, YOURS = timedelta(days=7), "yours to do; say when it is done"
GOOD = (*WELL, *HELPED, Outcome.contained)


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
        if own and (step.state == "waits" or step.plan):
            raise InputError(f"step {place + 1} is not yours to do: {step.note or 'it is next'}")
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


def steps_of(document: Incident) -> list[Step]:
    """Of the runbook that is followed, about this incident."""
    return [step.filled(_values(document)) for step in _book(document.plans[-1]).steps]


def _book(run: Followed) -> Runbook:
    return Runbook.model_validate_json(run.book)


def _values(document: Incident) -> dict[str, str]:
    """What a step may name, plans.runbook.NAMES."""
    cause = document.leading()
    sure = cause if cause and cause.sure else None
    values = {"incident": document.id, "severity": document.severity or ""}
    values |= {"service": (sure.service if sure else "") or document.alert.service}
    return values | {"cause": sure.kind if sure else "", "change": sure.change if sure else ""}


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


def _settle(document: Incident, turn: "Turn", now: Worked) -> None:
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


@dataclass(frozen=True)
class Turn:
    """One step of a run; its methods raise ToolError, InputError where it fails."""

    context: ResponseContext
    document: Incident
    run: Followed
    place: int

    @property
    def step(self) -> Step:
        """As the runbook has it, about this incident."""
        return steps_of(self.document)[self.place]

    @property
    def name(self) -> str:
        """Under which what it asks for is found again."""
        begun = self.run.steps[self.place].at or self.run.at
        return f"{self.run.by}, step {self.place + 1} of {self.run.name}, {begun:%H:%M:%S.%f}"

    def taken(self) -> Worked:
        """What comes of taking it."""
        step, context, document = self.step, self.context, self.document
        done = (document.execution(each.plan) for each in self.run.steps if each.plan)
        cure = next((each for each in done if each and each.outcome in WELL), None)
        if why := step.when.why_not(document, context.now(document)):
            return Worked(state="skipped", note=why)
        if step.kind in ACTS and cure:
            return Worked(state="skipped", note=f"{cure.title} ended what hurt")
        if step.kind == "communicate":
            draft_once(context.settings, context.store, document, self.name)
            return Worked(state="done", note="what is due is drafted; outside waits for approval")
        if step.kind == "ticket":
            return self.ticket()
        if step.tool:
            return self.look(step)
        return self.act(step) if step.action else Worked(state="asked", note=YOURS)

    def look(self, step: Step) -> Worked:
        """Asked of a read tool, whose answer is evidence."""
        if step.tool not in (*REGISTRY, QUICK):
            raise ToolFailed(f"no tool {step.tool!r}")
        as_runbook = replace(steps.INVESTIGATE, specialist=Specialist("runbook"))
        tools = self.context.case(self.document.id, as_runbook, 1, lambda _event: None).tools
        quick = step.tool == QUICK
        found = self.quick(tools) if quick else tools.by_name(step.tool, step.arguments)
        missed = step.expect and (step.expect == "some") is not found.ok
        failed = missed or found.status is EvidenceStatus.failed
        note = f"{found.summary}{f'; wanted: {step.expect}' if missed else ''}"
        return Worked(state="failed" if failed else "done", note=note, evidence=[found.evidence])

    def quick(self, tools: Toolbox) -> Result[Row]:
        """At this machine, the incident's system, and places as written: no alert leads on."""
        asked = _book(self.run).steps[self.place].arguments
        told, kept = asked.get("places"), recall(self.context.settings, self.document.id)
        looks = diagnose(kept.operations, list(map(str, told)) if isinstance(told, list) else [])
        rows = [SqlRow(asdict(look)) for look in looks if look.health is not Health.well]
        table = Table(rows, f"{len(looks)} looks, {len(rows)} not well")
        status = EvidenceStatus.ok if rows else EvidenceStatus.empty
        return tools.keep(QUICK, asked, table, status, set())

    def follow_up(self, at: datetime) -> FollowUp:
        """Of a ticket step."""
        asked = {"title": self.step.text, "kind": "runbook", "due": at + WEEK}
        why, owner = f"the runbook {self.run.name} asks for it", _book(self.run).owner or "on-call"
        return FollowUp(owner=owner, rationale=why, **asked)

    def ticket(self) -> Worked:
        """Made now where a channel carries tickets, once also when its follow-up comes to it."""
        mine = self.document.model_copy(update={"follow_ups": [self.follow_up(utc_now())]})
        trackers = [] if self.context.drill else put_tickets(self.context.store, mine)
        note = f"a follow-up; on its way as a ticket to: {', '.join(trackers) or 'nobody'}"
        return Worked(state="done", note=note)

    def act(self, step: Step) -> Worked:
        """Asked of the commander, once."""
        mine = (plan for plan in self.document.proposals if plan.proposed_by == self.name)
        plan = next(mine, None) or self.planned(step)
        subject = propose(self.context, self.document, plan, self.run.person)
        return Worked(state="asked", plan=subject, note=f"{plan.title} waits for the commander")

    def planned(self, step: Step) -> ActionPlan:
        """As the response drew it from evidence, where the runbook does not say how."""
        given = {"proposed_by": self.name}
        for drawn in reversed(self.document.proposals if not step.parameters else []):
            fits = drawn.kind.startswith(step.action) and step.target in ("", drawn.target)
            if fits and not self.document.tried(drawn):
                return drawn.model_copy(update=given)
        why, inventory = f"the runbook asks for it: {step.text}", self.context.inventory
        what = (step.action, step.target or _values(self.document)["service"], step.parameters, why)
        return catalogue.plan(*what, inventory=inventory).model_copy(update=given)

    def came_of(self) -> Worked | None:
        """How the action that was asked for ended, or which one it is now; None: it goes on."""
        step, store, document = self.run.steps[self.place], self.context.store, self.document
        if not step.plan:
            return None  # a person does it
        execution = document.execution(step.plan)
        decision = store.ledger.decision(document.id, step.plan)
        if execution and execution.outcome is not Outcome.started:
            state = "done" if execution.outcome in GOOD else "failed"
            told = {"note": f"{execution.title}: {execution.outcome}", "evidence": execution.proof}
            return Worked(state=state, plan=step.plan, **told)
        if decision and decision.verdict is Verdict.edited:
            return step.model_copy(update={"plan": decision.reason})
        if decision and decision.verdict is Verdict.rejected:
            why = f"rejected by {decision.by}: {decision.reason}"
            return Worked(state="failed", note=why, plan=step.plan)
        if ended(self.context, document):
            return Worked(state="failed", note="the response ended before it", plan=step.plan)
        return None
