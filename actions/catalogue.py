"""The catalogue of actions: plans are made from it, exact and checked.
And the one way in which the system is changed: an approved plan is carried out, or undone.
"""

import json
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from inspect import isabstract
from typing import Any, NamedTuple

from pydantic import JsonValue

from ..errors import ApprovalRequired, ToolRetry
from ..incident.action import ActionKind, ActionPlan, Decision, Verdict
from ..incident.evidence import Quote, short
from ..text_safety.lines import one_line
from .base import LEFT_TO, Acting, Action, Probe, told_of, waits
from .capabilities import FOUND, Receipt, Stored
from .inventory import Inventory


def _all() -> dict[ActionKind, type[Action]]:
    """The actions of the files beside this one, in the order of their names."""
    package = __name__.rpartition(".")[0]
    names = [found.name for found in pkgutil.iter_modules(import_module(package).__path__)]
    items = [item for name in names for item in vars(import_module(f"{package}.{name}")).values()]
    actions = {item for item in items if isinstance(item, type) and issubclass(item, Action)}
    whole = [action for action in actions if not isabstract(action) and hasattr(action, "kind")]
    return {action.kind: action for action in sorted(whole, key=lambda action: action.kind)}


CATALOGUE = _all()
"""Every action by its kind. What is not here cannot be planned, approved or carried out."""
MANY, LONG = 4, 60
"""Things of a list, and characters of a value, that are said in passing."""


def find(kind: str) -> type[Action]:
    """The action of this kind. Raises ToolRetry that names the known ones."""
    action = CATALOGUE.get(ActionKind(kind))
    if action is None:
        raise ToolRetry(f"no action {kind!r}; the catalogue has: {', '.join(CATALOGUE)}")
    return action


def checked(
    kind: str, target: str, parameters: Mapping[str, Any], inventory: Inventory, stage: int = 0
) -> Action:
    """The exact action, held against what there is to act on as its stage before left it.

    Raises ToolRetry for a kind that is not offered, a wrong target or parameter.
    """
    action = find(kind).parse(target, parameters)
    if inventory.offered is not None and action.kind not in inventory.offered:
        offered = "; ".join([", ".join(inventory.offered) or "nothing", *inventory.shut])
        raise ToolRetry(f"{action.kind} is not offered here, only: {offered}")
    part = action.stage(stage)
    if part is None:
        raise ToolRetry(f"{action.kind} {target} has no stage {stage + 1}")
    part.check(inventory)
    return action


def plan(
    kind: str,
    target: str,
    parameters: Mapping[str, Any],
    rationale: str,
    *,
    inventory: Inventory,
    hypothesis: str = "",
    quotes: Sequence[Quote] = (),
    attempt: int = 1,
) -> ActionPlan:
    """An exact, checked plan. Raises ToolRetry with the correction for anything that is off."""
    action = checked(kind, target, parameters, inventory)
    found = _found(action, inventory)
    words, profile = action.words, told_of(action.profile, found)
    return ActionPlan(
        kind=action.kind,
        target=target,
        parameters=action.parameters,
        found=found,
        hypothesis=hypothesis,
        rationale=rationale,
        quotes=list(quotes),
        risk=action.level,
        blast_radius=profile.blast_radius.format(**words),
        reversible=action.reversible(),
        expected_effect=profile.expected_effect.format(**words),
        verification=profile.verification.format(**words),
        undo=profile.undone_by.format(**words),
        attempt=attempt,
    )


def sentence_of(plan: ActionPlan) -> str:
    """What the plan does, fit to be read aloud; its title where that cannot be said."""
    return _said(plan, told)


def in_passing(plan: ActionPlan) -> str:
    """The same as a line names it among others: no long value whole, and it ends no sentence."""
    said = _said(plan, _shortly).rstrip(".")
    return said[:1].lower() + said[1:]


def _shortly(value: JsonValue) -> str:
    if isinstance(value, list) and len(value) > MANY:
        return f"{told(value[: MANY - 1])} and {len(value) - MANY + 1} more"
    text = one_line(told(value))
    return text if len(text) <= LONG else f"{text[:LONG].rstrip()} …"


def _said(plan: ActionPlan, tell: Callable[[JsonValue], str]) -> str:
    action = CATALOGUE.get(plan.kind)
    words = {"target": plan.target, **plan.found, **plan.parameters}
    words |= {"left_to": plan.found.get(LEFT_TO)}
    read = {name: tell(v) if isinstance(v, str | list | dict) else v for name, v in words.items()}
    try:
        said = plan.title
        if action:
            said = told_of(action.profile, plan.found).sentence.format(**read)
    except KeyError:  # an older plan, of other parameters
        said = plan.title
    return f"Experiment: {said}" if plan.experiment else said


BECOMES = {"version": "to_version", "instances": "instances", "provider": "to", "now": "to"}
"""What a plan found, and the parameter that says what becomes of it."""


WAY = ("instead", LEFT_TO, "repository", "branch", "head", "title", "diff")
"""What a plan found of a request that is what it does."""
ONLY = "only while"
"""How a change is called that is none: what must still be so."""


class Change(NamedTuple):
    """What something is now, and what it will be; `now` is empty where only that is known."""

    name: str
    now: str
    after: str


def changes(plan: ActionPlan) -> Iterator[Change]:
    """All that a plan was made of, every character: in pairs where it says what was so."""
    paired = {name: BECOMES[name] for name in plan.found if BECOMES.get(name) in plan.parameters}
    for name, parameter in paired.items():
        yield Change(name, told(plan.found[name]), told(plan.parameters[parameter]))
    for name, value in plan.parameters.items():
        if name not in paired.values():
            yield Change(name, "", told(value))
    way = [name for name in WAY if name in plan.found and waits(plan.found)]
    yield from (Change(name, "", told(plan.found[name])) for name in way)
    for name, value in plan.found.items():
        if name not in (*paired, *way):
            about = "the system acted on" if name == "system" else name
            yield Change(f"{ONLY} {about} is", "", told(value))


def told(value: JsonValue) -> str:
    """A value as a person reads it."""
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# The one way in which the system is changed: an approved plan is carried out, or undone.
#
# Whether the plan was claimed before, and by whom, is kept by the caller in our own tables.


def execute(system: Acting, plan: ActionPlan, approval: Decision | None, stage: int = 0) -> Receipt:
    """Carry out exactly this plan, of one in stages this one; the receipt says what was done and
    what undoes it.

    Args:
        system: what is acted on.
        plan: from `catalogue.plan`; checked once more against the system as it is now.
        approval: a decision "approved" whose subject is this plan's hash.

    Raises:
        ApprovalRequired: no approval, or one for another plan. Nothing was touched.
        ToolRetry: the system has changed so that the plan no longer fits.
        ToolFailed: tried and failed; the message says how far it got.
    """
    _require(plan, approval)
    action = fitting(system, plan, stage)
    FOUND.set(plan.found)
    return system.perform(action)


def staged(plan: ActionPlan, stage: int) -> Action | None:
    """What the plan does up to and with this stage, from 0; None: it has no such stage."""
    return find(plan.kind).parse(plan.target, plan.parameters).stage(stage)


def fitting(system: Acting, plan: ActionPlan, stage: int = 0) -> Action:
    """The plan's action, where the system is still as it was planned for, or as its stage before
    left it.

    Raises ToolRetry where it is another one, or in another state, ToolFailed where it does not say.
    """
    inventory = system.inventory()
    action = checked(plan.kind, plan.target, plan.parameters, inventory, stage)
    now = _found(action, inventory)
    for name in dict.fromkeys([*plan.found, *now]):
        if name in plan.found or name == SYSTEM:
            was, found = plan.found.get(name, "none"), now.get(name, "none")
            if found != was:
                raise ToolRetry(
                    f"{plan.title} was decided for {name} {was}; it is {found} by now: "
                    "nothing was done"
                )
    return action.stage(stage) or action


def probe(system: Acting, plan: ActionPlan, key: str, stage: int = 0) -> Probe:
    """Whether this plan was carried out by somebody who never said so: by the key that the target
    kept, else by what is so now. Raises ToolError where the system does not say."""
    return Probe.done if system.knows(key) else _shown(system, plan, stage)


def probe_undo(system: Acting, plan: ActionPlan, key: str, stage: int = 0) -> Probe:
    """The same of its undo, which is done where all is as it was before the action."""
    turned = {Probe.done: Probe.not_done, Probe.not_done: Probe.done}
    if system.knows(key):
        return Probe.done
    shown = _shown(system, plan, stage)
    return turned.get(shown, shown)


def _shown(system: Acting, plan: ActionPlan, stage: int) -> Probe:
    part = staged(plan, stage)
    return part.probe(plan.found, system.inventory()) if part else Probe.cannot_tell


SYSTEM = "system"
"""What every plan is bound to besides what its action finds."""


def _found(action: Action, inventory: Inventory) -> dict[str, JsonValue]:
    named: dict[str, JsonValue] = {SYSTEM: inventory.system} if inventory.system else {}
    return {**action.found(inventory), **named}


def undo(
    system: Acting, plan: ActionPlan, receipt: Stored, approval: Decision | None, stage: int = 0
) -> Receipt:
    """Put back what the receipt says was there, of one in stages before this one. The plan's
    approval covers its undo, which it names. Raises ApprovalRequired as `execute`, ToolFailed where
    there is no undo."""
    _require(plan, approval)
    action = find(plan.kind).parse(plan.target, plan.parameters)
    return system.undo(action.stage(stage) or action, receipt)


def _require(plan: ActionPlan, approval: Decision | None) -> None:
    if approval is None or approval.verdict is not Verdict.approved:
        raise ApprovalRequired(
            f"{plan.title}: a person has to approve plan {plan.short_hash} first"
        )
    if approval.subject != plan.hash:
        raise ApprovalRequired(
            f"{plan.title}: the approval is for plan {short(approval.subject)}, "
            f"this one is {plan.short_hash}; ask again"
        )
