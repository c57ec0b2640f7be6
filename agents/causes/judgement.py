"""From candidates to ranked hypotheses: one probability each, every reason kept."""

import math

from ...analysis.fusion import RankedHypothesis, fuse
from ...incident.action import Execution, Outcome
from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.finding import Argument, Hypothesis, numbered
from . import RECOGNISERS
from .account_candidates import with_accounts
from .candidate import Candidate
from .denials import heard
from .location import somewhere
from .observations import Observations
from .structure import reserved

KEPT = 8
"""Hypotheses listed: more are noise to a reader."""
OTHER_KIND = 1.5
"""Log-odds of a kind of fault that nobody named, at a service where it begins."""
ENDED_IT = 6.0
"""Log-odds of an action against this cause after which what hurt was measured to be over: by
reasoning close to proof, and the evidence from before it ends with the action."""
NEGLIGIBLE = 0.005
"""Hypotheses less likely than this are not listed."""


def candidates(seen: Observations) -> list[Candidate]:
    """What every recogniser sees; of two for one service and kind the better backed one."""
    best: dict[tuple[str, str], Candidate] = {}
    for recogniser in RECOGNISERS:
        for candidate in recogniser(seen):
            key = (candidate.service, candidate.kind.value)
            if key not in best or candidate.weight > best[key].weight:
                best[key] = candidate
    named, places = with_accounts(seen, list(best.values()), list(somewhere(seen)))
    for place in places:
        here = [c for c in named if c.service == place.service]
        if place.kind in {candidate.kind for candidate in here}:
            place.unnamed()  # that kind has a hypothesis of its own: the place is for all others
        _share(place, [candidate for candidate in here if candidate.weight > 0])
    return named + places


def _share(place: Candidate, named: list[Candidate]) -> None:
    """Share a service's odds among the kinds of fault named for it and "some other kind".

    That a service is where it begins speaks for each kind of fault there, and for none of them
    above the others: their own signs decide, held against those of an unknown kind. So both come
    from the same requests without being counted twice.
    """
    top = max([place.weight, *(c.weight for c in named)])
    sizes = [math.expm1(candidate.weight) for candidate in named]
    total = sum(sizes) + math.exp(OTHER_KIND)
    reason = max(place.reasons, key=lambda r: r.signal.log_odds, default=None)
    for candidate, size in zip(named, sizes, strict=True):
        lift = top + math.log(size / total) - candidate.weight
        if lift > 0 and reason:
            candidate.backed(lift, 1.0, f"it begins there: {reason.signal.note}", reason.quotes)
    excess = place.weight - (top + OTHER_KIND - math.log(total))
    if named and excess > 0:
        place.doubted(excess, 1.0, "a kind of fault named for it explains it as well")


def judge(found: list[Candidate], document: Incident) -> list[Hypothesis]:
    """Hypotheses, most probable first. What was tried without help counts against its cause."""
    for candidate in found:
        _learn(candidate, document)
    by_name = {f"{c.service} {c.kind.value}": c for c in found}
    verdicts = fuse({name: [r.signal for r in c.reasons] for name, c in by_name.items()})
    verdicts = reserved(verdicts, by_name)
    ranked = heard([_hypothesis(v, by_name[v.hypothesis]) for v in verdicts], document)
    return numbered(
        document.hypotheses, [h for h in ranked if h.support and h.confidence >= NEGLIGIBLE][:KEPT]
    )


def _learn(candidate: Candidate, document: Incident) -> None:
    """An action that followed from this hypothesis: what it did speaks for it or against it."""
    for execution in document.executions:
        plan = document.plan(execution.plan)
        blamed = next((h for h in document.hypotheses if plan and h.id == plan.hypothesis), None)
        same = blamed and (blamed.service, blamed.kind) == (candidate.service, candidate.kind)
        if same and execution.outcome in (Outcome.unchanged, Outcome.worse):
            note = f"{execution.title} left things {execution.outcome.value}"
            candidate.doubted(2.0, 1.0, note)
        if same and execution.outcome is Outcome.better and not execution.undone:
            note = f"{execution.title} ended it, as measured"
            candidate.backed(ENDED_IT, 1.0, note, _measured(execution))
            candidate.tied = True  # taking it back is the best proof of all


def _measured(execution: Execution) -> list[Quote]:
    """The levels after the action that decided; measures stand as the evidence's rows do."""
    return [
        Quote(evidence=m.evidence, pointer=f"/rows/{row}/after", value=m.after)
        for row, m in enumerate(execution.measures)
        if m.decisive and m.healthy
    ]


def _hypothesis(verdict: RankedHypothesis, candidate: Candidate) -> Hypothesis:
    arguments = [
        Argument(
            text=reason.signal.note,
            weight=round(reason.signal.log_odds, 2),
            quotes=list(reason.quotes),
        )
        for reason in candidate.reasons
        if reason.signal.usable
    ]
    arguments.sort(key=lambda argument: -abs(argument.weight))
    return Hypothesis(
        id="",
        statement=candidate.statement,
        service=candidate.service,
        kind=candidate.kind,
        support=[a for a in arguments if a.weight > 0],
        contradiction=[a for a in arguments if a.weight < 0],
        missing=[r.signal.note for r in candidate.reasons if not r.signal.usable],
        confidence=round(verdict.probability, 3),
        change=candidate.change,
        resource=candidate.resource,
    )
