"""What an action prepared and others carry on: a request that somebody merges, a commit that
somebody pushes. Whoever holds the incident looks now and then how it stands.

Once it is merged, and where that can be seen runs, it counts as any other action from then on:
what is asked meanwhile is withdrawn until telemetry has said what it did.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ...actions.catalogue import staged
from ...actions.inventory import Request, Stood
from ...errors import ToolError
from ...incident.action import ActionPlan, Execution, Outcome
from ...incident.document import Incident
from ...incident.events import ActionDone
from ...incident.identity import WARROOM
from ...incident.lifecycle import OVER, State
from ...incident.timeline import Event, EventKind
from ...record.timers import cut_short
from .context import ResponseContext

EVERY_S, RARER = 60.0, 30
"""Seconds between two looks, of which each asks a forge two or three times; longer by and by: a
part of the time that it waits already."""


def due(context: ResponseContext, document: Incident) -> float | None:
    """Seconds until it is looked at again; None: nothing waits, or nobody can look."""
    if not document.waiting or document.state in OVER or context.operations is None:
        return None
    last, pause = context.looked.get(document.id), _pause(document, context.now(document))
    return max(0.0, last + pause - time.monotonic()) if last is not None else 0.0


def _pause(document: Incident, now: datetime) -> float:
    newest = max(each.ended_at or each.started_at for each in document.waiting)
    return max(EVERY_S, (now - newest).total_seconds() / RARER)


def look(context: ResponseContext, incident_id: str) -> float | None:
    """See how what waits for others stands, where that is due; seconds until it is again."""
    document = context.store.load(incident_id)
    if due(context, document) == 0.0:
        context.looked[incident_id] = time.monotonic()
        for execution in document.waiting:
            with suppress(ToolError):  # it does not say: the next look tells
                _look(context, document, execution)
        document = context.store.load(incident_id)
    return due(context, document)


def _look(context: ResponseContext, document: Incident, execution: Execution) -> None:
    plan, system, stood = document.plan(execution.plan), context.operations, None
    action = staged(plan, 0) if plan else None
    if plan is None or action is None or system is None:
        return
    with suppress(ToolError):  # what runs may tell all the same
        asked = _request(execution, plan)
        stood = system.stands(asked) if asked else None
    told = Told(context, document, execution, plan)
    merged, runs = stood is not None and stood.state == "merged", action.arrived(system.inventory())
    done = "pushed" if execution.outcome is Outcome.unpushed else "merged"
    if runs or (merged and runs is None):
        what = f"{stood.where} was {done}" if stood and merged else "it runs"
        told.say(f"{what}; telemetry decides what it did", stood, Outcome.started)
        _go_on(context, document.id, f"{what}: asked anew once it is measured what that did")
    elif stood and merged:
        told.say(f"{stood.where} was {done}; measured once what it brings runs", stood)
    elif stood and stood.state == "closed" and not execution.merged_at:
        what = f"{stood.where} is closed and was not {done}: it changed nothing"
        told.say(what, to=Outcome.failed)
        _go_on(context, document.id)
    elif stood and stood.others:
        more = "more than was approved would be merged: look at it there"
        told.say(f"somebody pushed to the branch of {stood.where}; {more}")


def _request(execution: Execution, plan: ActionPlan) -> Request | None:
    """By its receipt; by its plan, where whoever asked died before there was one."""
    asked = execution.receipt.get("asked") or (plan.found if "branch" in plan.found else None)
    return Request.model_validate(asked) if asked else None


@dataclass(frozen=True)
class Told:
    """Of one execution: what is seen of it is written down once, and what that changes."""

    context: ResponseContext
    document: Incident
    execution: Execution
    plan: ActionPlan

    def say(self, what: str, merged: Stood | None = None, to: Outcome | None = None) -> None:
        """merged: as others have carried it on; to: how it stands from now on."""
        text = f"{self.plan.title}: {what}"
        if any(event.text == text for event in self.document.timeline):
            return
        now = self.context.now(self.document)

        def change(document: Incident) -> None:
            done = document.execution(self.plan.hash)
            if done is None or document.state in OVER:  # called over in this very moment
                return
            if merged or to is Outcome.started:
                at = merged.at if merged and merged.at else now
                begun = done.ended_at or done.started_at
                done.merged_at = done.merged_at or max(begun, min(at, now))
            if to:
                done.outcome, done.ended_at, done.note = to, now, what
            if to is Outcome.started:
                document.move(State.recovering, now, "remediation", "others carried it on")
            line = {"actor": "remediation", "kind": EventKind.action, "text": text}
            document.record(Event(at=now, **line))

        store, done = self.context.store, self.execution
        says = lambda doc: ActionDone(execution=doc.execution(done.plan) or done)  # noqa: E731
        store.update(self.document.id, change, says if to else None)


def _go_on(context: ResponseContext, incident_id: str, withdraws: str = "") -> None:
    """Nobody waits for the next look; what is asked about another action is withdrawn."""
    with context.store.durable.begin() as connection:
        cut_short(connection, incident_id)
        if withdraws:
            context.store.ledger.withdraw(incident_id, WARROOM, withdraws, connection)
