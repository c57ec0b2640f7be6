"""The skeptic's turn, and what stands after it.

Another view tries to refute the leading cause before it may be called confirmed, or looks for one
where none leads. Concluded or not, by code.
"""

from collections.abc import Callable

from ...analysis.fusion import CONCLUSIVE
from ...analysis.witnesses import Word
from ...errors import ModelError
from ...incident.finding import Hypothesis, one_cause
from ...incident.lifecycle import Specialist
from ...incident.model_use import Disagreement
from ...incident.report import AnyReport, InvestigationReport
from ..causes.observations import Observations
from ..debugger import lead_events
from .brief import cause
from .causes import Hearing, arguments_of, combined, negative, proven, quotes_of
from .pooling import by_part
from .replies import SkepticReply

OTHER_VIEW = Specialist("performance")
"""Whose view challenges the debugger's."""
Challenge = Callable[[Hypothesis | None], SkepticReply]
"""Asks for a refutation of one hypothesis, or for a cause where none leads. Raises ModelError."""


def challenged(
    hypotheses: list[Hypothesis], challenge: Challenge, hearing: Hearing
) -> list[Hypothesis]:
    """The hypotheses after the try; the leading one says what came of it.

    Objections that resolve count against it as far as they prove. It is confirmed when the skeptic
    gives up and it still stands out; a doubt without proof leaves it what it was. Where none leads,
    what the skeptic proves is heard as the model's word is.
    """
    leading = leader(hypotheses)
    try:
        reply = challenge(leading)
    except ModelError as error:
        note = f"not challenged: {error}"
        return [_noted(h, note) if h is leading else h for h in hypotheses]
    if leading is None:
        return combined(hypotheses, reply.causes, hearing)
    against = negative(arguments_of(reply.against, hearing.proof, leading.key))
    tried = leading.model_copy(
        update={
            "contradiction": [*leading.contradiction, *against],
            "challenged": _verdict(reply, len(against)),
        }
    )
    word = Word(disproven=proven(hearing.proof, quotes_of(against), leading.key))
    again = [tried if h is leading else h for h in hypotheses]
    again = by_part(hypotheses, again, {leading.key: word}, hearing.reliability)
    best = leader(again)
    doubted = bool(against or reply.refuted or reply.against)
    sure = best is not None and best.id == leading.id and not doubted
    return [h.model_copy(update={"confirmed": True}) if sure and h is best else h for h in again]


def leader(hypotheses: list[Hypothesis]) -> Hypothesis | None:
    """The leading cause, if it is more likely than all others together."""
    standing = [h for h in hypotheses if h.standing and h.confidence >= CONCLUSIVE]
    return max(standing, key=lambda h: h.confidence, default=None)


def _noted(hypothesis: Hypothesis, note: str) -> Hypothesis:
    return hypothesis.model_copy(update={"challenged": note})


def _verdict(reply: SkepticReply, proven: int) -> str:
    if proven:
        return f"{proven} objection{'s' * (proven > 1)} proven: {reply.why}"
    if reply.refuted or reply.against:
        return f"doubted, and no objection could be proven: {reply.why}"
    return f"tried to refute, nothing speaks against it: {reply.why}"


def settled(
    report: InvestigationReport,
    floor: AnyReport,
    challenge: Challenge,
    hearing: Hearing,
    seen: Observations,
) -> InvestigationReport:
    """The report once its leading cause was challenged, with what follows from it.

    Args:
        report: the playbook's with the model's causes.
        floor: the playbook's own.
        seen: what the timeline tells the blamed change from.
    """
    found = challenged(report.hypotheses, challenge, hearing)
    leading, before = leader(found), leader(floor.hypotheses)
    changes = {
        "hypotheses": found,
        "root_cause": leading.id if leading else "",
        "conclusion": "concluded" if leading else "inconclusive",
        "summary": cause(leading) if leading else f"no cause stands out; {report.summary}",
        "events": lead_events(seen, leading),
        "disagreements": [*report.disagreements, *_other_cause(floor, found, hearing)],
        "testimony": hearing.heard,
    }
    if not (leading and before and leading.key == before.key):
        changes |= {"five_whys": [], "contributing": []}
    return report.model_copy(update=changes)


def _other_cause(floor: AnyReport, found: list[Hypothesis], hearing: Hearing) -> list[Disagreement]:
    """Where both witnesses blame different causes: which one stands, and by what."""
    said = next((word for word in hearing.heard if word.first), None)
    ours, best = leader(floor.hypotheses), leader(found)
    if said is None or ours is None or one_cause(ours.key, said.key):
        return []
    theirs = next((h for h in found if one_cause(h.key, said.key)), None)
    trust = hearing.reliability.trust([ours.key])
    why = (
        f"the model's reasons prove {said.proven:.0%}, and its first cause is right in "
        f"{trust.model:.0%}; the playbook's {ours.confidence:.0%} holds in "
        f"{trust.playbook[ours.key]:.0%}"
    )
    told = cause(theirs) if theirs else f"{said.service}, {said.kind.value}: {said.statement}"
    standing = "model" if best and theirs is best else "floor"
    return [floor.differ("root cause", cause(ours), told, why, standing=standing)]
