"""The model's causes beside the playbook's: one list, one probability each, by code."""

from ...incident.evidence import Quote
from ...incident.finding import Argument, Hypothesis, numbered
from .proof import Proof
from .replies import Cause, Claim
from .weighing import MOST, MOST_BESIDE, counted, fused_again


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
    return numbered(known, fused_again(list(merged.values())))


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
