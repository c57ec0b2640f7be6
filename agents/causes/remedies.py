"""From a cause to the actions that may cure it, best first: every plan typed and checked.

Which action fits which kind of fault is the practice's; target and parameters come from evidence
and the inventory. A plan that does not fit the system is left out, and the reason is kept.
"""

from ...actions.catalogue import plan
from ...actions.database import RepairRows
from ...actions.edge import BlockSource, Throttle
from ...actions.services import Restart
from ...actions.state import RestoreProcess
from ...errors import ToolRetry
from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.report import Gap
from .demand import surging
from .moves import ActionDraft, moves
from .observations import Observations
from .restarting import why_no_restart

WORTH_A_PLAN = 0.3
"""Hypotheses below this confidence propose nothing: a wrong action costs more than a question."""
LIKELY = 0.5
"""Below this confidence an action is an experiment: it has to have an undo and to hurt nobody."""
HURTING = (
    *(Restart.kind, RepairRows.kind, Throttle.kind, BlockSource.kind),
    RestoreProcess.kind,
)
"""Requests fail or are refused by them, or rows are written over: never an experiment."""


def propose(seen: Observations, hypotheses: list[Hypothesis]) -> tuple[list[ActionPlan], list[Gap]]:
    """Plans for the standing hypotheses, best first, and what could not be proposed.

    The first move of each cause comes before anybody's second: when the leading cause is wrong,
    another cause's first move is worth more than a second try at the wrong one.
    """
    plans: list[tuple[float, ActionPlan]] = []
    gaps: list[Gap] = []
    for hypothesis in hypotheses:
        if not hypothesis.standing or hypothesis.confidence < WORTH_A_PLAN:
            continue
        if by_hand := fault_of(hypothesis.kind).by_hand:
            gaps.append(Gap(what=f"an action against {hypothesis.kind.value}", why=by_hand))
        for order, move in enumerate(moves(seen, hypothesis)):
            try:
                made = _plan(seen, hypothesis, move)
                _fits(seen, hypothesis, made)
            except ToolRetry as error:
                gaps.append(Gap(what=f"{move.action.kind} {move.target}", why=str(error)))
                continue
            plans.append((hypothesis.confidence * 0.5**order, made))
    plans.sort(key=lambda pair: -pair[0])
    unique = {made.title: made for _, made in reversed(plans)}
    return [made for _, made in plans if unique.get(made.title) is made], gaps


def sure_of_first(plans: list[ActionPlan], hypotheses: list[Hypothesis]) -> float:
    """The confidence of the cause that the first plan is meant for; 0 without a plan."""
    meant = plans[0].hypothesis if plans else ""
    return max((h.confidence for h in hypotheses if h.id == meant), default=0.0)


def _fits(seen: Observations, cause: Hypothesis, made: ActionPlan) -> None:
    """Raises ToolRetry with the reason where asking is better than this action: it was tried, its
    cause is too unsure for what it costs, or nothing shows what it would cure."""
    tried = seen.case.document.tried(made)
    if tried:
        raise ToolRetry(f"tried already: it left things {tried.outcome.value}")
    if made.experiment and (not made.reversible or made.kind in HURTING):
        cost = "hurts customers" if made.kind in HURTING else "cannot be taken back"
        raise ToolRetry(
            f"its cause has {cause.confidence:.0%}, below one half, and it {cost}; "
            f"what would decide: {_deciding(cause)}"
        )
    if made.kind == Restart.kind and (why := why_no_restart(seen, made.target)):
        raise ToolRetry(why)
    if made.kind == Throttle.kind and not surging(seen, str(made.parameters["route"])):
        raise ToolRetry("the demand has not risen beyond chance; a limit would refuse customers")


def _deciding(cause: Hypothesis) -> str:
    """What nobody could look at; else what the cause would have to show."""
    telltale = fault_of(cause.kind).telltale
    shown = f"{telltale} of {cause.service}" if telltale else f"{cause.service} looked at by hand"
    return ", ".join(cause.missing[:2]) or shown


def _plan(seen: Observations, hypothesis: Hypothesis, move: ActionDraft) -> ActionPlan:
    sure = hypothesis.confidence >= LIKELY
    why = "" if sure else " Below one half: an experiment, undone unless telemetry verifies it."
    return plan(
        move.action.kind,
        move.target,
        move.parameters,
        f"{hypothesis.statement} ({hypothesis.confidence:.0%}).{why}",
        inventory=seen.case.inventory,
        hypothesis=hypothesis.id,
        quotes=[q for argument in hypothesis.support[:3] for q in argument.quotes[:2]],
        attempt=seen.case.attempt,
    ).model_copy(update={"experiment": not sure})
