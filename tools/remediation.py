"""The one tool that changes the system: it carries out an approved plan, and undoes it.

Whether the plan was claimed before, and by whom, is kept by the caller in our own tables.
"""

from ..errors import ApprovalRequired
from ..incident.action import ActionPlan, Decision, Verdict
from ..targets.acting import Acting
from ..targets.configuration import Receipt
from .actions import check
from .base import Effect

EFFECT = Effect.write


def execute(
    operations: Acting, plan: ActionPlan, approval: Decision | None, since: float | None = None
) -> Receipt:
    """Carry out exactly this plan; the receipt says what was done and what undoes it.

    Args:
        operations: the system acted on.
        plan: from `actions.plan`; checked once more against the system as it is now.
        approval: a decision "approved" whose subject is this plan's hash.
        since: on a repetition after a crash, when the first try began (unix seconds): what was
            done since is not done again, and a target that has changed since is no error.

    Raises:
        ApprovalRequired: no approval, or one for another plan. Nothing was touched.
        ToolRetry: the system has changed so that the plan no longer fits.
        ToolFailed: tried and failed; the message says how far it got.
    """
    _require(plan, approval)
    if since is None:
        check(plan.kind, plan.target, plan.parameters, operations.inventory())
    return operations.act(plan.kind, plan.target, plan.parameters, since)


def undo(
    operations: Acting, plan: ActionPlan, receipt: Receipt, approval: Decision | None
) -> Receipt:
    """Put back what the receipt says was there. The plan's approval covers its undo, which it
    names. Raises ApprovalRequired as `execute`, ToolFailed where there is no undo."""
    _require(plan, approval)
    return operations.undo(plan.kind, plan.target, plan.parameters, receipt)


def _require(plan: ActionPlan, approval: Decision | None) -> None:
    if approval is None or approval.verdict is not Verdict.approved:
        raise ApprovalRequired(f"{plan.title}: a person has to approve plan {plan.hash} first")
    if approval.subject != plan.hash:
        raise ApprovalRequired(
            f"{plan.title}: the approval is for plan {approval.subject}, this one is {plan.hash}; "
            "ask again"
        )
