"""From candidates to ranked hypotheses: one probability each, every reason kept."""

import math

from ...analysis.fusion import REASONED, RankedHypothesis, Weighing, fuse
from ...incident.document import Incident
from ...incident.filing import with_proven
from ...incident.finding import (
    Argument,
    CauseKey,
    FaultKind,
    Hypothesis,
    numbered,
    one_cause,
)
from ...incident.report import PerformanceReport, SecurityReport
from . import RECOGNISERS
from .candidate import Candidate
from .learning import ended, learn, proven
from .location import somewhere
from .observations import Observations
from .refinement import with_accounts
from .structure import reserved, told_by_requests

KEPT = 8
"""Hypotheses listed: more are noise to a reader."""
OTHER_KIND = 1.5
"""Log-odds of a kind of fault that nobody named, at a service where it begins."""
NEGLIGIBLE = 0.005
"""Hypotheses less likely than this are not listed."""
DENIED = 2.5
"""Log-odds against a kind of fault whose own specialist looked for it and saw no sign of it."""


def candidates(seen: Observations) -> list[Candidate]:
    """What every recogniser sees; of two for one cause the better backed one."""
    best: dict[CauseKey, Candidate] = {}
    for recogniser in RECOGNISERS:
        for candidate in recogniser(seen):
            told_by_requests(seen, candidate)
            other = best.get(candidate.key, candidate)
            candidate.tied = other.tied = candidate.tied or other.tied  # two ways to see one
            best[candidate.key] = max(other, candidate, key=lambda c: c.weight)
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


def judge(
    found: list[Candidate], document: Incident, weighing: Weighing = REASONED
) -> list[Hypothesis]:
    """Hypotheses, most probable first. What was tried counts; a cause whose part has ended keeps
    its place in the record and takes nothing from the causes of what is left. `weighing`: how
    surely the weights are read."""
    best = {c.key: c for c in found}
    for cause in proven(document):  # its evidence went with what hurt
        best[cause.key] = max(cause, best.get(cause.key, cause), key=lambda c: c.weight)
    found = list(best.values())
    over = {c.key: title for c in found if (title := ended(c, document))}
    for candidate in found:
        learn(candidate, document)
    by_name = {_name(c.key): c for c in found if c.key not in over}
    signals = {name: [r.signal for r in c.reasons] for name, c in by_name.items()}
    verdicts = fuse(signals, weighing, {name: c.service for name, c in by_name.items()})
    verdicts = reserved(verdicts, by_name)
    ranked = heard([_hypothesis(v, by_name[v.hypothesis]) for v in verdicts], document)
    listed = [h for h in ranked if h.support and h.confidence >= NEGLIGIBLE][:KEPT]
    for known in document.hypotheses:
        title = next((t for key, t in over.items() if one_cause(key, known.key)), "")
        if title:
            listed.append(known.model_copy(update={"ended_by": title, "ruled_out": ""}))
    return with_proven(document, numbered(document.hypotheses, listed))


def _name(key: CauseKey) -> str:
    return " ".join(filter(None, key))


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
        reserved=candidate.reserved,
    )


def heard(hypotheses: list[Hypothesis], document: Incident) -> list[Hypothesis]:
    """The hypotheses, most likely first, once each denial counts against its kinds of fault.

    By Bayes: what these lose goes to all others and to none of them alike. One that was heard
    before does not count again. Beside a proven cause shares are more than one whole: none of them
    is surer than certain.
    """
    against = _denials(document)
    new = [_unheard(hypothesis, against.get(hypothesis.kind, "")) for hypothesis in hypotheses]
    if not any(new):
        return hypotheses
    pairs = list(zip(hypotheses, new, strict=True))
    left = [h.confidence * (math.exp(-DENIED) if text else 1.0) for h, text in pairs]
    lost = [h.confidence - share for h, share in zip(hypotheses, left, strict=True)]
    after = [
        _doubted(h, text, share / (max(share, 1.0 - _among_rivals(h, hypotheses, lost)) or 1.0))
        for (h, text), share in zip(pairs, left, strict=True)
    ]
    return sorted(after, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _among_rivals(hypothesis: Hypothesis, hypotheses: list[Hypothesis], lost: list[float]) -> float:
    """What was lost by all that could explain the same, itself included."""
    own = set(hypothesis.explains)
    return sum(
        one
        for other, one in zip(hypotheses, lost, strict=True)
        if not own or not other.explains or own & set(other.explains)
    )


def _denials(document: Incident) -> dict[FaultKind, str]:
    """By kind of fault who saw no sign of it, in that specialist's words."""
    reports = (document.report(SecurityReport), document.report(PerformanceReport))
    return {
        kind: f"{report.specialist}: {report.summary}"
        for report in reports
        if report
        for kind in report.denies
    }


def _unheard(hypothesis: Hypothesis, text: str) -> str:
    return "" if any(a.text == text for a in hypothesis.contradiction) else text


def _doubted(hypothesis: Hypothesis, text: str, confidence: float) -> Hypothesis:
    changes: dict[str, object] = {"confidence": round(confidence, 3)}
    if text:
        argument = Argument(text=text, weight=-DENIED)
        changes["contradiction"] = [*hypothesis.contradiction, argument]
    return hypothesis.model_copy(update=changes)
