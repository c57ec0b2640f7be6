"""Acting on the system: nodes of their own, each effect claimed before it happens.

    fits as planned? -> claimed, under all that it rests on -> done, bounded in time -> reported

A claim that nobody reported on is never begun again: the system is probed for what it shows. Done
is taken for done, proven not done is asked anew, and else a person is asked (whether.py). Until
then nothing else acts on that target.
"""

from dataclasses import replace
from datetime import datetime

from langgraph.runtime import Runtime

from ...actions import catalogue
from ...actions.base import waits
from ...errors import ApprovalError, HeldBack, LifecycleError, NotFound, ToolError, ToolRetry
from ...incident.action import ActionPlan, Decision, Execution, Outcome
from ...incident.document import Incident
from ...incident.events import ActionDone, ActionStarted
from ...incident.evidence import short
from ...incident.lifecycle import OVER, State
from ...incident.timeline import Event, EventKind, from_ts
from ...record.claims import Bounds, ClaimedEffect, Does, Effect
from ...state import Acted, IncidentState
from ..reporting.incident_status import about_security
from . import by_rule
from .context import ResponseContext
from .gate import add_decision, goes_on
from .hands import Performed, TakenBack, carry_out, in_time, look_for, take_back
from .waits import hold_back

LOOK_S, LONGEST_HOLD_S = 15.0, 300.0
"""What is held back is tried again after so long where nobody knows until when; at the latest."""
HELD_BACK = {
    HeldBack: Acted.held,
    ApprovalError: Acted.lapsed,
    ToolRetry: Acted.unfit,
    LifecycleError: Acted.over,
}
"""Why an approved plan is not begun now. Nothing was claimed."""


def act(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Carry out the approved plan, once, or say why not."""
    context, incident_id = runtime.context, state.incident_id
    document = context.store.load(incident_id)
    plan = planned(document, state.plan)
    effect = effect_of(context, document, plan, Does.execute)
    try:
        earlier = _claimed(context, document, plan, effect)
    except tuple(HELD_BACK) as error:
        return _not_begun(state, runtime, plan, error)
    decision = context.store.ledger.decision(incident_id, plan.hash)
    if earlier is None or earlier.done_at is None:
        stage = effect.stage
        context.store.update(
            incident_id, lambda doc: _begin(doc, plan, decision, stage, context.now(doc))
        )
    if earlier is None:
        context.teller(runtime.stream_writer)(ActionStarted(plan=plan))
        in_time(lambda: carry_out(context, plan, decision, effect))
    elif earlier.done_at is None:
        look_for(context, plan, effect)
    return concluded(context, runtime, plan, effect)


def concluded(
    context: ResponseContext, runtime: Runtime[ResponseContext], plan: ActionPlan, effect: Effect
) -> dict:
    """What is on record of the effect goes into the document, and says where to go from here."""
    known = context.store.ledger.effect(effect.key)
    if known is None or known.done_at is None:
        return {"acted": Acted.unknown.value}
    result = Performed.model_validate(known.result)
    change = _void if known.void else _end
    context.store.update(
        effect.incident_id,
        lambda doc: change(doc, plan, result, context.now(doc)),
        lambda doc: ActionDone(execution=doc.executions[-1]),
        runtime.stream_writer,
    )
    acted = Acted.void if known.void else Acted.begun
    return {"acted": acted.value, "checks": 0, "improving": False, "well": False}


def undo(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Take back an action that made things worse, once, as soon as it may be. The plan's approval
    covers its undo."""
    context, incident_id = runtime.context, state.incident_id
    document = context.store.load(incident_id)
    plan = planned(document, state.plan)
    effect = effect_of(context, document, plan, Does.undo)
    ledger = context.store.ledger
    try:
        earlier = ledger.claim(effect)
    except HeldBack as error:  # owed until it may be done
        _say(context, incident_id, f"not undone yet: {plan.title}; {error}")
        return _held(state, runtime, plan, error) | {"acted": Acted.held.value}
    except ApprovalError as error:
        result = TakenBack(undone=False, note=f"could not be undone: {error}")
        return _note_undo(context, incident_id, plan, result)
    if earlier is None:
        in_time(lambda: take_back(context, document, plan, effect))
    elif earlier.done_at is None:
        look_for(context, plan, effect)
    known = ledger.effect(effect.key)
    if known is None or known.done_at is None:
        return {"acted": Acted.unknown.value}
    if known.void:
        return {"acted": Acted.void.value}
    return _note_undo(context, incident_id, plan, TakenBack.model_validate(known.result))


def planned(document: Incident, plan_hash: str) -> ActionPlan:
    """The plan at the gate. Raises NotFound."""
    plan = document.plan(plan_hash)
    if plan is None:
        raise NotFound(f"{document.id} holds no plan {plan_hash}; run `warroom show`")
    return plan


def effect_of(context: ResponseContext, document: Incident, plan: ActionPlan, does: Does) -> Effect:
    """The effect under the plan's newest request, at the stage that is at hand. An undo, or a stage
    after the first, that is known not to have happened is done anew under the same request."""
    ledger, done = context.store.ledger, document.execution(plan.hash)
    request = ledger.request(document.id, plan.hash)
    system = plan.found.get(catalogue.SYSTEM)
    target = f"{system}/{plan.target}" if system else plan.target
    further = does is Does.execute and goes_on(document, plan)
    stage = done.stage + further if done else 0
    effect = Effect(document.id, does, plan.hash, request.number, target, stage=stage)
    begins = further or does is Does.undo
    while (begins or stage) and (known := ledger.effect(effect.key)) and known.void:
        anew = replace(effect, tries=effect.tries + 1)
        if not begins and ledger.effect(anew.key) is None:
            break
        effect = anew
    return effect


def _claimed(
    context: ResponseContext, document: Incident, plan: ActionPlan, effect: Effect
) -> ClaimedEffect | None:
    """Claim it, once it is seen that it can be begun at all; the earlier claim, or None."""
    ledger = context.store.ledger
    if earlier := ledger.effect(effect.key):
        return earlier
    if document.state in OVER:
        raise LifecycleError(f"the incident is {document.state}: nothing is begun any more")
    try:
        if context.operations is not None:
            catalogue.fitting(context.operations, plan, effect.stage)
    except ToolRetry:
        raise
    except ToolError:
        pass  # it does not say: carrying it out will, and nothing happens without an answer
    limits, now = context.policy.limits, ledger.clock()
    frozen = context.policy.frozen_until(from_ts(now))
    until = frozen.timestamp() if frozen else None
    bounds = Bounds(until, limits.per_hour, limits.per_service)
    return by_rule.claim(context, document, plan, effect, bounds)


def _not_begun(
    state: IncidentState, runtime: Runtime[ResponseContext], plan: ActionPlan, error: Exception
) -> dict:
    """Say it once, however often it is tried; what may not happen now is tried again in a while."""
    _say(runtime.context, state.incident_id, f"not begun: {plan.title}; {error}")
    found = {"acted": HELD_BACK[type(error)].value, "approved": False}
    return found | (_held(state, runtime, plan, error) if isinstance(error, HeldBack) else {})


def _say(context: ResponseContext, incident_id: str, text: str) -> None:
    def say(document: Incident) -> None:
        told = [event for event in document.timeline if event.actor == "remediation"]
        if not told or told[-1].text != text:
            now = context.now(document)
            document.record(Event(at=now, actor="remediation", kind=EventKind.note, text=text))

    context.store.update(incident_id, say)


def _held(
    state: IncidentState, runtime: Runtime[ResponseContext], plan: ActionPlan, error: HeldBack
) -> dict:
    """Try again in a while, or when it is known that it may be."""
    seconds = error.until - runtime.context.store.ledger.clock() if error.until else LOOK_S
    name = f"{short(plan.hash)} held {state.attempt}.{state.checks + 1}"
    wait = min(max(seconds, 1.0), LONGEST_HOLD_S)
    return hold_back(state, runtime, name, wait, "an approved action is held back")


PREPARED = "prepared, and not done before others carry it on"


def _begin(
    document: Incident, plan: ActionPlan, decision: Decision | None, stage: int, now: datetime
) -> None:
    """Write down who approved, and that the action or its next stage begins, before it does."""
    execution = document.execution(plan.hash)
    if execution and execution.stage == stage:
        return
    if decision:
        add_decision(document, decision, min(now, decision.at))
    title = f"{plan.title}, stage {stage + 1}" if stage else plan.title
    state = State.eradicating if about_security(document) else State.containing
    returns = catalogue.find(plan.kind).returns
    if not waits(plan.found):
        document.move(State.recovering if returns else state, now, "remediation", title)
    if execution:
        execution.stage, execution.started_at, execution.ended_at = stage, now, None
        execution.outcome = Outcome.started
    else:
        document.executions.append(Execution(plan=plan.hash, title=plan.title, started_at=now))
    document.record(Event(at=now, actor="remediation", kind=EventKind.action, text=title))


def _end(document: Incident, plan: ActionPlan, result: Performed, now: datetime) -> None:
    execution = document.execution(plan.hash)
    if execution is None or execution.ended_at:  # on record already: this node runs again
        return
    execution.ended_at = now
    execution.receipt, execution.note = result.receipt, result.error or result.note
    if result.error:
        execution.outcome = Outcome.failed
    elif not waits(plan.found):
        why = "carried out; it has time to stabilise"
        document.move(State.recovering, now, "remediation", why)
    said = PREPARED if waits(plan.found) else "carried out; telemetry decides what it did"
    done = result.error or result.note or said
    _told(document, plan, now, done)


def _void(document: Incident, plan: ActionPlan, result: Performed, now: datetime) -> None:
    execution = document.execution(plan.hash)
    if execution is None:
        return
    execution.ended_at, execution.outcome, execution.note = now, Outcome.not_done, result.note
    if execution.stage:  # the one before stands
        execution.stage, execution.outcome = execution.stage - 1, Outcome.stayed_well
    _told(document, plan, now, f"{result.note}: asked anew")


def _told(document: Incident, plan: ActionPlan, now: datetime, what: str) -> None:
    text = f"{plan.title}: {what}"
    document.record(Event(at=now, actor="remediation", kind=EventKind.action, text=text))


def _note_undo(
    context: ResponseContext, incident_id: str, plan: ActionPlan, result: TakenBack
) -> dict:
    context.store.update(incident_id, lambda doc: _undone(doc, plan, result, context.now(doc)))
    return {"take_back": False, "checks": 0, "acted": Acted.begun.value}


def _undone(document: Incident, plan: ActionPlan, result: TakenBack, now: datetime) -> None:
    execution = document.execution(plan.hash)
    note = result.note
    if execution is None or execution.note.endswith(note):  # on record: this node runs again
        return
    execution.undone = result.undone
    execution.note = f"{execution.note}; {note}".lstrip("; ")
    document.record(Event(at=now, actor="remediation", kind=EventKind.action, text=note))
