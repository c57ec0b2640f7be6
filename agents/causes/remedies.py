"""From a cause to the actions that may cure it, best first: every plan typed and checked.

Which action fits which kind of fault is the practice's; target and parameters come from evidence
and the inventory. A plan that does not fit the system is left out, and the reason is kept.
"""

from collections.abc import Sequence

from ...actions.base import ActionDraft, waits
from ...actions.catalogue import plan
from ...actions.database import RepairRows
from ...actions.edge import BlockSource, Throttle
from ...actions.services import Restart, RollBack
from ...actions.state import RestoreProcess
from ...errors import ToolRetry
from ...faults import fault_of
from ...incident.action import ActionPlan
from ...incident.finding import Hypothesis
from ...incident.report import Gap
from ...telemetry.signal_catalogue import SignalName
from .agreement import agrees
from .clusters import cure_of
from .demand import surging
from .history import warned
from .moves import brought_by, moves
from .observations import Observations, where
from .processes import growing, silent, working

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
        before = len(plans)
        for order, move in enumerate(moves(seen, hypothesis)):
            try:
                made = fitting(seen, hypothesis, move, hypotheses)
            except ToolRetry as error:
                gaps.append(Gap(what=f"{move.action.kind} {move.target}", why=str(error)))
                continue
            made, worth = warned(seen, made)
            plans.append((hypothesis.confidence * 0.5**order * worth, made))
        if len(plans) == before and (cure := cure_of(seen, hypothesis)):
            gaps.append(Gap(what=f"{hypothesis.resource}, by hand", why=cure))
        elif len(plans) == before and (by_hand := fault_of(hypothesis.kind).by_hand):
            gaps.append(Gap(what=f"an action against {hypothesis.kind.value}", why=by_hand))
    plans.sort(key=lambda pair: -pair[0])
    unique = {made.title: made for _, made in reversed(plans)}
    return [made for _, made in plans if unique.get(made.title) is made], gaps


def sure_of_first(plans: list[ActionPlan], hypotheses: list[Hypothesis]) -> float:
    """The confidence of the cause that the first plan is meant for; 0 without a plan."""
    meant = plans[0].hypothesis if plans else ""
    return max((h.confidence for h in hypotheses if h.id == meant), default=0.0)


def fitting(
    seen: Observations, cause: Hypothesis, draft: ActionDraft, hypotheses: Sequence[Hypothesis]
) -> ActionPlan:
    """The exact plan, whoever drafted it. Raises ToolRetry with what speaks against it.

    Args:
        cause: the hypothesis that it is meant to cure.
        hypotheses: all of them: a version that one of them blames is no way back.
    """
    made = _plan(seen, cause, draft)
    _fits(seen, cause, made)
    if made.kind == RollBack.kind and (why := _why_not_back(seen, made, hypotheses)):
        raise ToolRetry(why)
    return made


SUSPECT = 0.1
"""Confidence from which a standing hypothesis makes the version that it blames no way back."""


def _why_not_back(seen: Observations, made: ActionPlan, hypotheses: Sequence[Hypothesis]) -> str:
    """Why this version is none to go back to; empty where it is."""
    version = str(made.parameters["to_version"])
    brought = brought_by(seen, made.target, version)
    for h in hypotheses:
        if h.standing and h.confidence >= SUSPECT and h.change in brought:
            return f"{version} is suspected itself: {h.change[:10]}, which {h.id} blames with " \
                f"{h.confidence:.0%}, came with it"  # fmt: skip
    return ""


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
    if made.experiment and waits(made.found):
        raise ToolRetry("its cause is below one half, and a request that waits teaches nothing")
    if made.kind == Restart.kind and (why := why_no_restart(seen, made.target)):
        raise ToolRetry(why)
    if made.kind == Throttle.kind and not surging(seen, str(made.parameters["route"])):
        raise ToolRetry("the demand has not risen beyond chance; a limit would refuse customers")
    if not agrees(seen, cause):
        raise ToolRetry(f"nothing that was measured at {cause.service} agrees with its cause")


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


# Whether a new process would be rid of what hurts, or would run into the same again.

HELD = ("memory", "db pool", "db connections")
"""Resources that a process holds until it ends."""
NEARLY_ALL = 0.9
"""Share of a database's connections in use from which a new process gets none."""
OWN = ("process", "restart")
"""Kinds of changed state that a new process is rid of."""


def why_no_restart(seen: Observations, service: str) -> str:
    """Why a restart of this service cures nothing; empty where it fits."""
    return _keeps_nothing(seen, service) or _held_elsewhere(seen, service)


def _keeps_nothing(seen: Observations, service: str) -> str:
    """It neither hangs, is gone, leaks nor holds on to something: it answers, if with errors."""
    full = any(
        row.resource in HELD and (row.utilisation or 0) >= 0.8
        for row in where(seen.saturation, service=service)
    )
    if full and working(seen, service):
        return f"{service} waits for statements that take longer than before"
    files = seen.signal(service, SignalName.open_fds)
    kept = full or bool(files and files.worse and (files.ratio or 0) >= 1.5)
    if kept or service in silent(seen) or service in growing(seen):
        return ""
    return (
        f"nothing says that {service} hangs, leaks or holds on to something; a restart cures "
        "nothing else"
    )


def _held_elsewhere(seen: Observations, service: str) -> str:
    """What it lacks is kept from it by others, or by how it is set up: that outlasts a process."""
    for wait in seen.sessions.rows:
        waits = _is_of(wait.waiting_application, wait.waiting_role, service)
        own = _is_of(wait.blocker_application, wait.blocker_role, service)
        if waits and not own and not wait.ended:
            holder = wait.blocker_application or wait.blocker_role
            return f"{service} waits for a lock that {holder} holds"
    for row in seen.connections.rows:
        if row.role in ("", service) and (row.share or 0.0) >= NEARLY_ALL:
            return f"{row.service} has {row.used} of {row.limit} connections in use"
    for row in where(seen.state, lasts=True):
        lately = row.seconds_before <= seen.case.frame.baseline.seconds
        if service in (row.service, row.role) and row.kind not in OWN and lately and not row.eases:
            return f"{row.summary}: a restart leaves that as it is"
    return ""


def _is_of(application: str, role: str, service: str) -> bool:
    """Whether a session is this service's own: by its program, else by its role."""
    return application.startswith(service) if application else role == service
