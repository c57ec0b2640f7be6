"""A move that a model asks for and no option lists: held to the same gate as the playbook's own.

Kind, target and parameters are the model's. It is bound to a standing cause; risk, blast radius and
undo are facts of the catalogue. What does not fit is told in the report, with the reason.
"""

from collections.abc import Iterable, Iterator
from typing import Any, get_origin

from ...actions.base import Action, ActionDraft
from ...actions.catalogue import CATALOGUE, find
from ...actions.inventory import Inventory
from ...errors import ToolRetry
from ...incident.action import ActionPlan
from ...incident.finding import Gap, Hypothesis
from ..causes.observations import Observations
from ..causes.remedies import WORTH_A_PLAN, fitting
from .replies import Move, Setting


def asked_for(
    seen: Observations, moves: Iterable[Move], hypotheses: list[Hypothesis]
) -> tuple[list[ActionPlan], list[Gap]]:
    """The plans that came of the moves asked for, and why others are not offered."""
    plans: list[ActionPlan] = []
    gaps: list[Gap] = []
    for move in moves:
        try:
            cause = _cause(move, hypotheses)
            draft = ActionDraft(find(move.kind), move.target, _parameters(move))
            plans.append(fitting(seen, cause, draft, hypotheses))
        except ToolRetry as error:
            asked = f"{move.kind} {move.target}, which the model asks for"
            gaps.append(Gap(what=asked, why=str(error)))
    return plans, gaps


def reach(inventory: Inventory) -> Iterator[str]:
    """What there is to aim a move at, a line each, and what each action takes."""
    yield f"actions, and the parameters of each: {forms(inventory)}"
    for name, part in inventory.services.items():
        runs = f"runs {part.version or 'no release'} on {len(part.instances)} of {part.most}"
        back = f", before {part.previous}" if part.previous else ""
        yield f"service {name}: {runs} instances{back}{', the edge' if part.edge else ''}"
    flags = [f"{name} {'on' if on else 'off'}" for name, on in inventory.flags.items()]
    others = (("flags", flags), ("tables", inventory.tables), ("providers", inventory.providers))
    prepared = [f"{name} ({p.does} {p.target})" for name, p in inventory.procedures.items()]
    others += (("databases", inventory.databases), ("procedures", prepared))
    for what, names in others:
        if names:
            yield f"{what}: {', '.join(names)}"


def forms(inventory: Inventory) -> str:
    """Every action that is offered here, with what it has to be given."""
    offered = CATALOGUE if inventory.offered is None else inventory.offered
    aimed = [a for kind in offered if (a := find(kind)).cures and a.aimed(inventory)]
    return ", ".join(f"{action.kind} ({_needs(action)})" for action in aimed)


def _needs(action: type[Action]) -> str:
    names = [name for name in action.model_fields if name not in Action.model_fields]
    return ", ".join(names) or "nothing more"


def _cause(move: Move, hypotheses: list[Hypothesis]) -> Hypothesis:
    """The standing cause that it is meant to cure. Raises ToolRetry where none is likely enough."""
    meant = [
        h for h in hypotheses if h.standing and (h.service, h.kind) == (move.service, move.fault)
    ]
    best = max(meant, key=lambda h: h.confidence, default=None)
    if best is None:
        raise ToolRetry(f"no standing cause is {move.service}, {move.fault.value}")
    if best.confidence < WORTH_A_PLAN:
        sure = f"{best.confidence:.0%}, below {WORTH_A_PLAN:.0%}"
        raise ToolRetry(f"the cause it is meant for has {sure}: a wrong action costs more")
    return best


def _parameters(move: Move) -> dict[str, Any]:
    """As the action takes them: a list is written with commas."""
    fields = find(move.kind).model_fields
    return {given.name: _value(given, fields) for given in move.parameters}


def _value(given: Setting, fields: dict[str, Any]) -> Any:
    field = fields.get(given.name)
    listed = field is not None and get_origin(field.annotation) in (list, tuple)
    return [part.strip() for part in given.value.split(",")] if listed else given.value.strip()
