"""Probabilities by both witnesses: of one whole, or of each part that another fault explains."""

from collections.abc import Mapping

from ...analysis.fusion import CONCLUSIVE
from ...analysis.witnesses import FEWEST, Word, pooled
from ...incident.finding import CauseKey, FaultKind, Hypothesis
from ..causes.together import parts, split
from .reliability import Reliability

VAGUE = (FaultKind.unknown, FaultKind.application)
"""Kinds that name a place and not what is wrong there."""


def by_part(
    floor: list[Hypothesis],
    found: list[Hypothesis],
    words: Mapping[CauseKey, Word],
    reliability: Reliability,
) -> list[Hypothesis]:
    """As one whole, or where several faults are true at once, each part by itself."""
    separate = parts(found)
    if len(separate) < 2:
        return repooled(found, words, reliability)
    if len(separate) > len(parts(floor)):
        keys = [[h.key for h in part] for part in separate]
        shares = split({h.key: h.confidence for h in found}, keys)
        found = [h.model_copy(update={"confidence": shares[h.key]}) for h in found]
    apart = {h.key for part in separate for h in part}
    left = [h for h in found if h.key not in apart]
    groups = [[h for h in found if h.key in {one.key for one in part}] for part in separate]
    groups[0] = [*groups[0], *left]
    again = [h for group in groups for h in repooled(group, words, reliability)]
    return sorted(again, key=lambda h: (bool(h.ruled_out), -h.confidence))


def repooled(
    hypotheses: list[Hypothesis], words: Mapping[CauseKey, Word], reliability: Reliability
) -> list[Hypothesis]:
    """The hypotheses with probabilities by both witnesses, most likely first."""
    prior = _prior(hypotheses, words)
    words = {key: word for key, word in words.items() if key in prior}
    after = pooled(prior, words, reliability.trust(h.key for h in hypotheses))
    scored = [_with(h, after[h.key]) for h in hypotheses]
    return sorted(scored, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _with(hypothesis: Hypothesis, share: float) -> Hypothesis:
    """With its probability; what it still takes to name it is asked of who is not sure of it."""
    reserved = hypothesis.reserved if share < CONCLUSIVE else ""
    return hypothesis.model_copy(update={"confidence": round(share, 3), "reserved": reserved})


def _prior(hypotheses: list[Hypothesis], words: Mapping[CauseKey, Word]) -> dict[CauseKey, float]:
    """The playbook's probabilities. A cause that it did not name has a share of "none of these";
    and of a place that it named without saying what is wrong there, half."""
    prior = {h.key: h.confidence for h in hypotheses}
    none = max(0.0, 1.0 - sum(prior.values()))
    said = {key for key, word in words.items() if word.proven > 0}
    new = [h for h in hypotheses if h.key in said and not h.confidence]
    for one in new:
        prior[one.key] += none / (FEWEST + 1)
        place = next((h for h in hypotheses if h.service == one.service and h.kind in VAGUE), None)
        if place and place is not one:
            half = prior[place.key] / 2
            prior[place.key] -= half
            prior[one.key] += half
    return prior
