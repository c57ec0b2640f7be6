"""The hands: an approved plan is carried out, taken back, or looked for in the system.

Whoever does something reports it under the effect's key, also when nobody waits for it any more.
"""

import threading
from collections.abc import Callable
from contextvars import copy_context

from pydantic import BaseModel, JsonValue

from ...actions import catalogue
from ...actions.base import Acting, Probe
from ...actions.capabilities import KEY
from ...errors import Halfway, ToolError, WarroomError
from ...incident.action import ActionPlan, Decision
from ...incident.document import Incident
from ...record.claims import Does, Effect
from ...targets.stand_ins import WHY_GONE
from .context import ResponseContext

ACTION_S = 180.0
"""An action that takes longer is left alone: what became of it is not known."""


class Performed(BaseModel):
    """What came of an action, as its claim keeps it."""

    receipt: dict[str, JsonValue] = {}
    error: str = ""
    note: str = ""  # how it is known, where nobody reported


class TakenBack(BaseModel):
    """What came of an undo, as its claim keeps it."""

    undone: bool
    note: str
    receipt: dict[str, JsonValue] = {}


UNKNOWN = "could not be undone: nobody reported what was done; look at the system"


def in_time(do: Callable[[], None]) -> None:
    """Do it in a thread of its own and wait for ACTION_S at most; a later report still counts.

    Raises what kept the report from being written.
    """
    failed: list[WarroomError] = []

    def run() -> None:
        try:
            do()
        except WarroomError as error:
            failed.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), name="action", daemon=True)
    thread.start()
    thread.join(ACTION_S)
    for error in failed:
        raise error


def carry_out(
    context: ResponseContext, plan: ActionPlan, decision: Decision | None, effect: Effect
) -> None:
    """Do it, and report the receipt, or the error that the operation ended with."""
    result = Performed(error=WHY_GONE)
    if context.operations is not None:  # else approved after a restart without the system
        result = _performed(context.operations, plan, decision, effect)
    context.store.ledger.finish(effect.key, result.model_dump())


def _performed(
    system: Acting, plan: ActionPlan, decision: Decision | None, effect: Effect
) -> Performed:
    KEY.set(effect.key)
    try:
        receipt = catalogue.execute(system, plan, decision, effect.stage)
    except Halfway as error:
        return Performed(receipt=error.receipt.model_dump(mode="json"), error=str(error))
    except ToolError as error:
        return Performed(error=str(error))
    return Performed(receipt=receipt.model_dump(mode="json"))


def look_for(context: ResponseContext, plan: ActionPlan, effect: Effect) -> None:
    """Report what the system shows of it, where it shows it."""
    if context.operations is None:
        return
    probe = catalogue.probe_undo if effect.does is Does.undo else catalogue.probe
    try:
        shown = probe(context.operations, plan, effect.key, effect.stage)
    except ToolError:
        return
    if shown is not Probe.cannot_tell:
        found = "whoever began it ended without a word; the system shows that it was"
        done = shown is Probe.done
        report(context, effect, done, f"{found} {'done' if done else 'not done'}")


def report(context: ResponseContext, effect: Effect, done: bool, note: str) -> None:
    """Put on record what is known of an effect by another's word than its doer's."""
    if effect.does is Does.undo:
        words = "undone" if done else "not undone yet"
        result: BaseModel = TakenBack(undone=done, note=f"{words}: {note}")
    else:
        receipt: dict[str, JsonValue] = {"changed": True, "note": note} if done else {}
        result = Performed(receipt=receipt, note=note)
    context.store.ledger.finish(effect.key, result.model_dump(), void=not done)


def take_back(
    context: ResponseContext, document: Incident, plan: ActionPlan, effect: Effect
) -> None:
    """Undo it, and report what came of it."""
    KEY.set(effect.key)
    context.store.ledger.finish(effect.key, _undo(context, document, plan).model_dump())


def _undo(context: ResponseContext, document: Incident, plan: ActionPlan) -> TakenBack:
    """Only what the system says it changed counts as undone."""
    execution = document.execution(plan.hash)
    if execution is None or not execution.receipt:
        return TakenBack(undone=False, note=UNKNOWN)
    if context.operations is None:
        return TakenBack(undone=False, note=f"could not be undone: {WHY_GONE}")
    decision = context.store.ledger.decision(document.id, plan.hash)
    try:
        done, stage = execution.receipt, execution.stage
        receipt = catalogue.undo(context.operations, plan, done, decision, stage)
    except ToolError as error:
        return TakenBack(undone=False, note=f"could not be undone: {error}")
    if not receipt.changed:
        return TakenBack(undone=False, note=f"nothing was undone: {receipt.note}")
    kept = receipt.model_dump(mode="json")
    return TakenBack(undone=True, note=f"undone: {plan.undo}", receipt=kept)
