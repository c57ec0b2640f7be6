"""The one way in which the system is changed: an approved plan is carried out, or undone.

Whether the plan was claimed before, and by whom, is kept by the caller in our own tables.
"""

from ..errors import ApprovalRequired
from ..incident.action import ActionPlan, Decision, Verdict
from ..incident.evidence import short
from .base import Acting
from .capabilities import Receipt, Stored
from .catalogue import checked, find


def execute(system: Acting, plan: ActionPlan, approval: Decision | None) -> Receipt:
    """Carry out exactly this plan; the receipt says what was done and what undoes it.

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
    return system.perform(checked(plan.kind, plan.target, plan.parameters, system.inventory()))


def undo(system: Acting, plan: ActionPlan, receipt: Stored, approval: Decision | None) -> Receipt:
    """Put back what the receipt says was there. The plan's approval covers its undo, which it
    names. Raises ApprovalRequired as `execute`, ToolFailed where there is no undo."""
    _require(plan, approval)
    return system.undo(find(plan.kind).parse(plan.target, plan.parameters), receipt)


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
