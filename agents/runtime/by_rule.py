"""Where a rule of the policy answers in a person's stead: the same question, hash, expiry, claim,
measurement and undo. It answers at once or not at all: what people were left with is theirs.
"""

from contextlib import suppress

from ...actions.policy import Policy
from ...actions.rules import Rule, in_order
from ...errors import ApprovalError, InputError
from ...incident.action import ActionPlan
from ...incident.document import Incident
from ...incident.timeline import Event, EventKind, from_ts
from ...record.claims import Bounds, ClaimedEffect, Effect
from ...record.leases import writing
from ...record.rules import WOULD, Ruling, decide, ruling_on, stopped, take_back
from ..reasoning.ruling import cause_of, why_not, witnesses
from .context import ResponseContext


def answer(context: ResponseContext, document: Incident, plan: ActionPlan) -> None:
    """By the first rule that fits and may, in their order; those that simulate note that they would
    have. Of a recording none does."""
    now = from_ts(context.store.ledger.clock())
    for rule in [] if context.recorded else in_order(context.policy.rules):
        fits = rule.mode != "off" and not why_not(rule, document, plan, now)
        if fits and _answered(context, document, rule, plan):
            return


def _answered(context: ResponseContext, document: Incident, rule: Rule, plan: ActionPlan) -> bool:
    """Whether this rule has approved it; why it could not stands on the timeline."""
    cause, ledger, policy = cause_of(document, plan), context.store.ledger, context.policy
    acts = rule.mode == "act" and not policy.dry_run
    frozen = acts and policy.frozen_until(from_ts(ledger.clock()))
    if cause is None:
        return False
    mine = (rule.name, rule.version, rule.hash, document.id, plan.hash, cause.service)
    shown = ", ".join(witnesses(document, cause))
    why = f"{cause.kind.value} in {cause.service} ({cause.confidence:.0%}), seen in {shown}"
    limits, no = (rule.per_hour, rule.per_incident), "changes are frozen" if frozen else ""
    with suppress(ApprovalError):  # a person was quicker
        ruling = Ruling(*mine, outcome=None if acts else WOULD)
        no = no or decide(ledger, ruling, rule.by, limits, plan.target, f"{why} [{rule.hash[:12]}]")
    if no and acts:
        text = f"rule {rule.name} fits and does not act: {no}"
        line = Event(at=context.now(document), actor="policy", kind=EventKind.note, text=text)
        context.store.update(document.id, lambda doc: doc.record(line))
    return acts and not no


def claim(
    context: ResponseContext, document: Incident, plan: ActionPlan, effect: Effect, bounds: Bounds
) -> ClaimedEffect | None:
    """As `Ledger.claim`, where what a rule approved counts only while that stands as it was then;
    else a person is asked. Raises ApprovalError, HeldBack."""
    ledger = context.store.ledger
    with writing(ledger.engine, ledger.lease) as connection:
        ruling = ruling_on(connection, document.id, plan.hash)
        why = stopped(connection, ruling.rule) or _fallen(context, ruling) if ruling else ""
        if ruling is None or not why:
            return ledger.claimed(connection, effect, bounds)
    take_back(ledger, ruling, why)
    raise ApprovalError(f"approved by rule {ruling.rule}, and {why}: a person is asked")


def _fallen(context: ResponseContext, ruling: Ruling) -> str:
    """Why the rule is not what it was when it decided; empty: it is."""
    try:
        policy: Policy = context.reread() if context.reread else context.policy
    except InputError as error:
        return f"the policy cannot be read: {error}"
    rule = next((r for r in policy.rules if r.name == ruling.rule and r.mode == "act"), None)
    if rule is None or rule.hash != ruling.hash:
        return "it says something else by now"
    open_ = rule.open_at(from_ts(context.store.ledger.clock()))
    return "" if open_ else "its hours are over"
