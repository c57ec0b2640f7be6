"""An action, or its undo, that was begun and never reported: a person looks at the system and says
what is so.

Unknown is never taken for done. Until it is answered nothing else acts on that target; where the
one who acted reports after all, that is the answer.
"""

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from ...actions.catalogue import in_passing
from ...incident.action import ActionPlan, Decision, Verdict
from ...incident.document import Incident
from ...incident.timeline import Event, EventKind
from ...record.claims import Does, Effect
from ...record.ledger import Asks
from ...state import Acted, IncidentState
from .context import ResponseContext
from .effects import concluded, effect_of, planned
from .gate import put
from .hands import report


def ask_whether(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Put the question, where it is not answered yet: approving says that it was carried out,
    rejecting that it was not. The answer goes on record as what became of it."""
    context = runtime.context
    plan, effect = _begun(state, context)
    ledger = context.store.ledger
    decision = ledger.decision(effect.incident_id, effect.question)
    if decision and decision.verdict in (Verdict.approved, Verdict.rejected):
        done = decision.verdict is Verdict.approved
        report(context, effect, done, _said(decision, done))
    known = ledger.effect(effect.key)
    if known and known.done_at is not None:
        if effect.does is Does.undo:  # its node goes on from what is on record
            return {"acted": Acted.begun.value}
        return concluded(context, runtime, plan, effect)
    was = "undone" if effect.does is Does.undo else "carried out"
    asked = f"it was {was}: {in_passing(plan)}"
    put(context, effect.incident_id, effect.question, Asks.effect, asked)
    text = f"nobody reported whether “{plan.title}” was {was}; asks somebody to look"

    def say(document: Incident) -> None:
        if all(event.text != text for event in document.timeline):
            at = context.now(document)
            document.record(Event(at=at, actor="remediation", kind=EventKind.note, text=text))

    context.store.update(effect.incident_id, say)
    return {"acted": Acted.unknown.value}


def await_whether(state: IncidentState, runtime: Runtime[ResponseContext]) -> dict:
    """Wait for the answer, or for a late report, which withdraws the question."""
    context = runtime.context
    _plan, effect = _begun(state, context)
    while context.store.ledger.decision(effect.incident_id, effect.question) is None:
        interrupt({"kind": "effect", "subject": effect.question, "incident_id": effect.incident_id})
    return {}


def _said(decision: Decision, done: bool) -> str:
    why = f": {decision.reason}" if decision.reason else ""
    return f"{decision.by} says that it was {'' if done else 'not '}done{why}"


def _begun(state: IncidentState, context: ResponseContext) -> tuple[ActionPlan, Effect]:
    document = context.store.load(state.incident_id)
    plan = planned(document, state.plan)
    if state.take_back:
        return plan, effect_of(context, document, plan, Does.undo)
    return plan, effect_of(context, document, plan, Does.execute)
