"""The model's causes beside the playbook's: weighed, combined, and the leading one challenged.

How much a reason counts follows from the kind of evidence it quotes, never from what it says.
Weights are log-odds, as in analysis/fusion.py, chosen by reasoning: a measured share counts in
proportion; text that outsiders can write counts little, so no log line can make a cause likely.
One observation counts once: the strongest reason per tool, and none for a tool whose rows the
playbook has weighed already.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from ...analysis.fusion import CONCLUSIVE, REASONED, Observation, Weighing, fuse
from ...errors import ModelError
from ...incident.evidence import Quote
from ...incident.finding import Argument, Hypothesis, numbered
from ...incident.lifecycle import Specialist
from ...yaml_tables import read_table
from ..causes.structure import most
from .proof import Proof, names
from .replies import Cause, Claim, SkepticReply

OTHERWISE = 0.3
"""Evidence that anybody who can send a request may have written, or that says little."""
MOST = 2.5
"""All a model's reasons together: alone they make a cause likely, never certain."""
MOST_BESIDE = 1.0
"""What they may add to, or take from, a cause that the playbook has weighed already."""


@cache
def strengths() -> dict[str, tuple[float, str]]:
    """Log-odds of a tool's full observation, and the field (0..1) that says how full it was."""
    return read_table("agents/reasoning/strength.yaml", dict[str, tuple[float, str]])


def weigh(proof: Proof, argument: Argument, service: str) -> float:
    """Log-odds of one reason, above zero, from the strongest value it quotes."""
    return max((_strength(proof, quote, service) for quote in argument.quotes), default=0.0)


def _strength(proof: Proof, quote: Any, service: str) -> float:
    record = proof.evidence[quote.evidence]
    rows = proof.rows(quote)
    if not rows or not names(rows[0], service):
        return 0.0  # true, and about somebody else
    strength, field = strengths().get(record.tool, (OTHERWISE, ""))
    share = rows[0].get(field) if field else 1.0
    value = float(share) if isinstance(share, (int, float)) else 0.0
    return strength * min(1.0, max(0.0, value))


def counted(
    proof: Proof, arguments: Iterable[Argument], service: str, known: set[str], most: float
) -> list[Argument]:
    """The arguments with their weights: once per tool, nothing twice, capped in all.

    Args:
        known: tools that the playbook's own reasons for this cause rest on.
        most: the cap on their sum.
    """
    seen, left, kept = set(known), most, []
    for argument in sorted(arguments, key=lambda a: -weigh(proof, a, service)):
        tools = {proof.evidence[q.evidence].tool for q in argument.quotes}
        weight = 0.0 if tools & seen else min(left, weigh(proof, argument, service))
        seen |= tools
        left -= weight
        kept.append(argument.model_copy(update={"weight": round(weight, 2)}))
    return kept


def fused_again(hypotheses: list[Hypothesis], weighing: Weighing = REASONED) -> list[Hypothesis]:
    """The hypotheses with confidences from all their arguments, most likely first; one that is
    reserved stays below one half."""
    signals = {
        _name(h): [
            Observation(a.text, abs(a.weight), 1.0, supports=a.weight > 0)
            for a in (*h.support, *h.contradiction)
        ]
        for h in hypotheses
    }
    found = {
        v.hypothesis: v.probability
        for v in fuse(signals, weighing, {_name(h): h.service for h in hypotheses})
    }
    scored = [
        h.model_copy(update={"confidence": round(min(found[_name(h)], most(h)), 3)})
        for h in hypotheses
    ]
    return sorted(scored, key=lambda h: (bool(h.ruled_out), -h.confidence))


def _name(hypothesis: Hypothesis) -> str:
    return f"{hypothesis.service} {hypothesis.kind.value}"


def combined(
    floor: list[Hypothesis], causes: list[Cause], known: list[Hypothesis], proof: Proof
) -> list[Hypothesis]:
    """Every cause of both, with the grounded reasons of both.

    Args:
        floor: the playbook's hypotheses of this step.
        causes: what the model named; reasons that do not resolve are left out and listed.
        known: the document's hypotheses, for their ids.
    """
    merged = {(h.service, h.kind): h for h in floor}
    named = {(cause.service, cause.kind): cause for cause in reversed(causes)}  # each once
    for key, cause in named.items():
        base = merged.get(key)
        grown = _beside(base, cause, proof) if base else _alone(cause, proof)
        if grown:
            merged[key] = grown
    return numbered(known, fused_again(list(merged.values()), proof.weighing))


def objected(hypothesis: Hypothesis, claims: list[Claim], proof: Proof) -> Hypothesis:
    """The hypothesis with the objections that resolve."""
    known = _tools(proof, hypothesis.contradiction)
    against = _arguments(claims, proof)
    extra = _negative(counted(proof, against, hypothesis.service, known, MOST))
    return hypothesis.model_copy(update={"contradiction": [*hypothesis.contradiction, *extra]})


def _beside(base: Hypothesis, cause: Cause, proof: Proof) -> Hypothesis:
    service, weighed = base.service, _tools(proof, [*base.support, *base.contradiction])
    support = counted(proof, _arguments(cause.support, proof), service, weighed, MOST_BESIDE)
    against = counted(proof, _arguments(cause.against, proof), service, weighed, MOST_BESIDE)
    changes = {
        "support": [*base.support, *support],
        "contradiction": [*base.contradiction, *_negative(against)],
    }
    return base.model_copy(update=changes)


def _alone(cause: Cause, proof: Proof) -> Hypothesis | None:
    """A cause that only the model sees; None without one reason that resolves and is about it."""
    support = counted(proof, _arguments(cause.support, proof), cause.service, set(), MOST)
    if not any(argument.weight > 0 for argument in support):
        proof.unproven.append(f"{cause.statement} :: no reason given for it resolves")
        return None
    against = counted(proof, _arguments(cause.against, proof), cause.service, set(), MOST)
    quotes = [quote for argument in (*support, *against) for quote in argument.quotes]
    plain = f"{cause.service}: {cause.kind.value}"
    return Hypothesis(
        id="",
        statement=proof.told(cause.statement, quotes) or plain,
        service=cause.service,
        kind=cause.kind,
        support=support,
        contradiction=_negative(against),
        confidence=0.0,
        ruled_out=_ruled_out(cause, proof, quotes) if against else "",
    )


def _ruled_out(cause: Cause, proof: Proof, quotes: list[Quote]) -> str:
    if not cause.ruled_out:
        return ""
    return proof.told(cause.ruled_out, quotes) or "evidence speaks against it"


def _arguments(claims: list[Claim], proof: Proof) -> list[Argument]:
    found = [(claim, proof.finding(claim)) for claim in claims]
    return [
        Argument(text=claim.statement, weight=0.0, quotes=finding.quotes)
        for claim, finding in found
        if finding
    ]


def _negative(arguments: list[Argument]) -> list[Argument]:
    return [a.model_copy(update={"weight": -a.weight}) for a in arguments]


def _tools(proof: Proof, arguments: list[Argument]) -> set[str]:
    quotes: list[Quote] = [quote for argument in arguments for quote in argument.quotes]
    return {proof.evidence[q.evidence].tool for q in quotes if q.evidence in proof.evidence}


# The skeptic: another view tries to refute the leading cause before it may be called confirmed.

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
    again = fused_again([tried if h is leading else h for h in hypotheses], proof.weighing)
    best = leader(again)
    doubted = bool(extra or reply.refuted or reply.against)
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
