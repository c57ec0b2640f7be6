"""The skeptic: another view tries to refute the leading cause before it may be called confirmed."""

from collections.abc import Callable

from ...analysis.fusion import CONCLUSIVE
from ...errors import ModelError
from ...incident.finding import Hypothesis
from ...incident.practice import Specialist
from .causes import objected
from .proof import Proof
from .replies import SkepticReply
from .weighing import fused_again

OTHER_VIEW = Specialist("performance")
"""Whose view tries to refute the debugger's leading cause."""
Challenge = Callable[[Hypothesis], SkepticReply]
"""Asks for a refutation of one hypothesis. Raises ModelError."""


def challenged(
    hypotheses: list[Hypothesis], challenge: Challenge, proof: Proof
) -> list[Hypothesis]:
    """The hypotheses after the try; the leading one says what came of it.

    Objections that resolve count against it like any reason. It is confirmed when the skeptic
    gives up and it still stands out; a doubt without proof leaves it what it was.
    """
    leading = leader(hypotheses)
    if leading is None:
        return hypotheses
    try:
        reply = challenge(leading)
    except ModelError as error:
        note = f"not challenged: {error}"
        return [_noted(h, note) if h is leading else h for h in hypotheses]
    tried = objected(leading, reply.against, proof)
    extra = len(tried.contradiction) - len(leading.contradiction)
    tried = _noted(tried, _verdict(reply, extra))
    again = fused_again([tried if h is leading else h for h in hypotheses])
    best = leader(again)
    doubted = bool(extra or reply.refuted or reply.against)
    sure = best is not None and best.id == leading.id and not doubted
    return [h.model_copy(update={"confirmed": True}) if sure and h is best else h for h in again]


def leader(hypotheses: list[Hypothesis]) -> Hypothesis | None:
    """The leading cause, if it is more likely than all others together."""
    standing = [h for h in hypotheses if not h.ruled_out and h.confidence >= CONCLUSIVE]
    return max(standing, key=lambda h: h.confidence, default=None)


def _noted(hypothesis: Hypothesis, note: str) -> Hypothesis:
    return hypothesis.model_copy(update={"challenged": note})


def _verdict(reply: SkepticReply, proven: int) -> str:
    if proven:
        return f"{proven} objection{'s' * (proven > 1)} proven: {reply.why}"
    if reply.refuted or reply.against:
        return f"doubted, and no objection could be proven: {reply.why}"
    return f"tried to refute, nothing speaks against it: {reply.why}"
