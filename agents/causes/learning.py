"""What the actions of this incident taught: which causes they cured, and which they did not.

An action speaks about every cause that it would have cured, not only about the one that it was
meant for, and only as surely as it would have cured it. What telemetry verified stays proven. What
ended only a part leaves its cause out of the account of what is left.
"""

import math

from ...actions.edge import BlockSource, Throttle
from ...faults import fault_of
from ...incident.action import ActionPlan, Execution, Outcome
from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.finding import FaultKind, Hypothesis, one_cause
from .candidate import Candidate
from .moves import MOVES

CURES = (0.8, 0.5, 0.3)
"""How likely the first, second and any later remedy of a fault cures it: by reasoning."""
SELDOM = 0.2
"""How likely the only move for a cause that nobody knows does."""
COINCIDENCE = 0.002
"""How likely all that hurts ends, beyond chance, with an action that has nothing to do with it."""
REFUSING, ANY = (BlockSource.kind, Throttle.kind), (FaultKind.application, FaultKind.unknown)
ON_PURPOSE = 4.0
"""Log-odds against a fault without a name where we refuse requests ourselves."""
NO_HELP = (Outcome.unchanged, Outcome.worse)


def learn(candidate: Candidate, document: Incident) -> None:
    """What each action did speaks for this cause or against it."""
    for execution in document.executions:
        plan = document.plan(execution.plan)
        chance = cures(candidate, plan, document) if plan else 0.0
        if plan and not chance and plan.kind in REFUSING and candidate.kind in ANY:
            ours = plan.target == candidate.service and not execution.undone
            note = f"{execution.title}: since then requests are refused there on purpose"
            candidate.doubted(ON_PURPOSE, float(ours), note)
        if chance and execution.outcome in NO_HELP:
            note = f"{execution.title} left things {execution.outcome.value}"
            if note not in candidate.notes:
                candidate.doubted(-math.log(1 - chance), 1.0, note)
        if chance and execution.outcome is Outcome.better and not execution.undone:
            candidate.tied = True  # taking it back is the best proof of all
            note = f"{execution.title} ended it, as measured"
            if note not in candidate.notes:  # what the record has of a proven cause has it already
                weight = math.log(chance / COINCIDENCE)
                candidate.backed(weight, 1.0, note, _measured(execution))


def cures(candidate: Candidate, plan: ActionPlan, document: Incident) -> float:
    """How likely this action ends what hurts if this is its cause, 0..1; 0: it is none for it."""
    meant = _meant(document, plan)
    own = meant is not None and one_cause(meant.key, candidate.key)
    if not own and plan.target not in (candidate.service, candidate.resource):
        return 0.0
    fault = fault_of(candidate.kind)
    kinds = [[action.kind for action in MOVES[remedy].actions] for remedy in fault.remedies]
    places = [place for place, names in enumerate(kinds) if plan.kind in names]
    if not places:
        return SELDOM if own else 0.0
    vague = candidate.kind is FaultKind.unknown
    return SELDOM if vague else CURES[min(places[0], len(CURES) - 1)]


def ended(candidate: Candidate, document: Incident) -> str:
    """The action that ended the part that this cause had in what hurt; empty: none did."""
    for execution in document.executions:
        plan = document.plan(execution.plan)
        meant = _meant(document, plan) if plan else None
        helped = execution.outcome is Outcome.partly and not execution.undone
        if helped and meant and one_cause(meant.key, candidate.key):
            return execution.title
    return ""


def proven(document: Incident) -> list[Candidate]:
    """The causes whose action was verified, as the record has them: whatever newer evidence, which
    the recovery took away, says of them."""
    found = []
    for cause in document.hypotheses:
        if cause.id in document.proven:
            known = Candidate(
                cause.service, cause.kind, cause.statement, cause.change, cause.resource
            )
            for reason in (*cause.support, *cause.contradiction):
                give = known.backed if reason.weight > 0 else known.doubted
                give(abs(reason.weight), 1.0, reason.text, reason.quotes)
            found.append(known)
    return found


def _meant(document: Incident, plan: ActionPlan) -> Hypothesis | None:
    return next((h for h in document.hypotheses if h.id == plan.hypothesis), None)


def _measured(execution: Execution) -> list[Quote]:
    """The levels after the action that decided; measures stand as the evidence's rows do."""
    return [
        Quote(evidence=m.evidence, pointer=f"/rows/{row}/after", value=m.after)
        for row, m in enumerate(execution.measures)
        if m.decisive and m.healthy
    ]
