"""One step of a followed runbook: what comes of taking it, and what came of asking for it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from ..actions import catalogue
from ..agents import steps
from ..agents.runtime.context import ResponseContext
from ..agents.runtime.gate import ended, propose
from ..diagnosis.look import Health
from ..diagnosis.quick import diagnose
from ..errors import ToolFailed, ToolRetry
from ..incident.action import HELPED, WAITS, WELL, ActionKind, ActionPlan, Outcome, Verdict
from ..incident.document import Incident
from ..incident.evidence import EvidenceStatus
from ..incident.following import Followed, Worked
from ..incident.lifecycle import Specialist
from ..incident.report import FollowUp
from ..incident.timeline import utc_now
from ..plans.runbook import ACTS, QUICK, Runbook, Step
from ..tools.base import REGISTRY, Result, Row, Table
from ..tools.coverage import SqlRow
from ..tools.toolbox import Toolbox
from .cadence import draft_once
from .configuration import recall
from .notifying import put_tickets

WEEK, YOURS = timedelta(days=7), "yours to do; say when it is done"
BY_HAND = "yours to aim, as no plan was drawn from evidence; `warroom recover` does it, then say so"
GOOD = (*WELL, *HELPED, Outcome.contained)


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
        wanted = f"; wanted: {step.expect}" if missed else ""
        note = f"{found.status.told(found.summary)}{wanted}"
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
        plan = next(mine, None) or self.aimed(step)
        if isinstance(plan, Worked):
            return plan
        subject = propose(self.context, self.document, plan, self.run.person)
        return Worked(state="asked", plan=subject, note=f"{plan.title} waits for the commander")

    def aimed(self, step: Step) -> ActionPlan | Worked:
        """What is asked for. Where neither the runbook nor the response says on what, a person
        aims it; where nothing here offers it, it is passed over."""
        told = step.target or step.parameters
        if not told and not self.kinds(step):
            return Worked(state="skipped", note=f"nothing here offers it: {step.action}")
        try:
            return self.planned(step)
        except ToolRetry as error:
            if told:
                raise
            return Worked(state="asked", note=f"{BY_HAND} ({error})")

    def kinds(self, step: Step) -> list[ActionKind]:
        """Actions that it may be. Raises ToolRetry where the catalogue has none."""
        begin = [kind for kind in catalogue.CATALOGUE if kind.startswith(step.action)]
        found = begin or [catalogue.find(step.action).kind]
        there = self.context.inventory
        offered = found if there.offered is None else there.offered
        return [k for k in found if k in offered and catalogue.find(k).aimed(there)]

    def planned(self, step: Step) -> ActionPlan:
        """As the response drew it from evidence, where the runbook does not say how."""
        given = {"proposed_by": self.name}
        for drawn in reversed(self.document.proposals if not step.parameters else []):
            fits = drawn.kind.startswith(step.action) and step.target in ("", drawn.target)
            if fits and not self.document.tried(drawn):
                return drawn.model_copy(update=given)
        why, inventory = f"the runbook asks for it: {step.text}", self.context.inventory
        kind = next(iter(self.kinds(step)), step.action)
        what = (kind, step.target or _values(self.document)["service"], step.parameters, why)
        return catalogue.plan(*what, inventory=inventory).model_copy(update=given)

    def came_of(self) -> Worked | None:
        """How the action that was asked for ended, or which one it is now; None: it goes on."""
        step, store, document = self.run.steps[self.place], self.context.store, self.document
        if not step.plan:
            return None  # a person does it
        execution = document.execution(step.plan)
        decision = store.ledger.decision(document.id, step.plan)
        if execution and execution.outcome not in (Outcome.started, *WAITS):
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
