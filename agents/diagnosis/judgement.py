"""From candidates to ranked hypotheses: one probability each, every reason kept."""

from ...analysis.fusion import Verdict, fuse
from ...incident.action import Outcome
from ...incident.document import Incident
from ...incident.finding import Argument, Hypothesis
from ...incident.hypotheses import numbered
from ..causes import RECOGNISERS
from ..causes.candidate import Candidate
from ..causes.location import somewhere
from ..clues import Clues

KEPT = 8
"""Hypotheses listed: more are noise to a reader."""
PLAUSIBLE = 1.5
"""Log-odds from which a named kind of fault explains what else shows at its service."""
NEGLIGIBLE = 0.005
"""Hypotheses less likely than this are not listed."""


def candidates(clues: Clues) -> list[Candidate]:
    """What every recogniser sees; of two for one service and kind the better backed one."""
    best: dict[tuple[str, str], Candidate] = {}
    for recogniser in RECOGNISERS:
        for candidate in recogniser(clues):
            key = (candidate.service, candidate.kind.value)
            if key not in best or _weight(candidate) > _weight(best[key]):
                best[key] = candidate
    named = list(best.values())
    return named + [place for place in somewhere(clues) if not _explained(place, named)]


def _explained(place: Candidate, named: list[Candidate]) -> bool:
    """Whether a kind of fault named for the service says why it shows what it shows.

    Then what shows there speaks for that cause, as far as the cause's own signs fall short of it:
    both come from the same requests, and are not counted twice.
    """
    here = [c for c in named if c.service == place.service and _weight(c) >= PLAUSIBLE]
    if not here:
        return False
    cause = max(here, key=_weight)
    missing = _weight(place) - _weight(cause)
    for reason in sorted(place.reasons, key=lambda reason: -reason.signal.log_odds):
        if missing > 0 and reason.signal.log_odds > 0:
            share = min(1.0, missing / reason.signal.log_odds)
            size = abs(reason.signal.weight) * reason.signal.value
            cause.backed(size, share, reason.signal.note, reason.quotes)
            missing -= reason.signal.log_odds
    return True


def judge(found: list[Candidate], document: Incident) -> list[Hypothesis]:
    """Hypotheses, most probable first. What was tried without help counts against its cause."""
    for candidate in found:
        _learn(candidate, document)
    by_name = {f"{c.service} {c.kind.value}": c for c in found}
    fusion = fuse({name: [r.signal for r in c.reasons] for name, c in by_name.items()})
    ranked = [_hypothesis(v, by_name[v.hypothesis]) for v in fusion.ranking]
    return numbered(
        document.hypotheses, [h for h in ranked if h.support and h.confidence >= NEGLIGIBLE][:KEPT]
    )


def _weight(candidate: Candidate) -> float:
    return sum(reason.signal.log_odds for reason in candidate.reasons)


def _learn(candidate: Candidate, document: Incident) -> None:
    """An action that followed from this hypothesis and changed nothing speaks against it."""
    for execution in document.executions:
        plan = document.plan(execution.plan)
        blamed = next((h for h in document.hypotheses if plan and h.id == plan.hypothesis), None)
        same = blamed and (blamed.service, blamed.kind) == (candidate.service, candidate.kind)
        if same and execution.outcome in (Outcome.unchanged, Outcome.worse):
            note = f"{execution.title} left things {execution.outcome.value}"
            candidate.doubted(2.0, 1.0, note)


def _hypothesis(verdict: Verdict, candidate: Candidate) -> Hypothesis:
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
