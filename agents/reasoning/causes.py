"""The model's causes beside the playbook's: proven and pooled.

Two witnesses. The playbook has a probability for every cause; the model names causes in order, with
reasons whose values code has looked up. How often each was right is measured (witnesses.yaml), and
how far a cause is proven follows from the kinds of evidence its reasons quote, never from what they
say: each kind of tool counts once, a row as far as it departs from its own past, and what outsiders
can write counts little, so no log line can make a cause likely. `analysis/witnesses.py` does the
rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log, prod

from ...analysis.witnesses import Word
from ...incident.evidence import Quote
from ...incident.finding import Argument, CauseKey, Hypothesis, numbered, one_cause
from ...incident.model_use import Testimony
from ...yaml_tables import read_table
from .measures import names, owners
from .pooling import by_part
from .proof import Proof
from .reliability import Reliability
from .replies import NO_CHANGE, Cause, Claim

MENTIONED = 0.25
"""How far a text proves that anybody who can send a request may have written."""
NOT_WORTH = 0.1
"""A cause that was ruled out with proof and is less likely than this counts as ruled out."""


@cache
def strengths() -> dict[str, float]:
    """How far a full observation of each tool proves a cause, 0..1."""
    return read_table("agents/reasoning/strength.yaml", dict[str, float])


def proven(proof: Proof, quotes: Iterable[Quote], subject: CauseKey) -> float:
    """How far quoted values prove something of a cause, 0..1: independent kinds of evidence, each
    once, as far as it is about this service or this change."""
    best: dict[str, float] = {}
    for quote in quotes:
        tool = proof.evidence[quote.evidence].tool
        best[tool] = max(best.get(tool, 0.0), _share(proof, quote, subject))
    return 1.0 - prod(1.0 - share for share in best.values())


def _share(proof: Proof, quote: Quote, subject: CauseKey) -> float:
    """Of one value. A row that only mentions the service is a text about it, whoever's row it is:
    a path or a program's name holds what its sender wrote."""
    service, _, change = subject
    row = next(iter(proof.rows(quote)), {})
    strength = strengths().get(proof.evidence[quote.evidence].tool, MENTIONED)
    own = service in owners(row) or (change and row.get("id") == change)
    if not own:
        strength = min(strength, MENTIONED) if names(row, service) else 0.0
    return strength * proof.deviation(quote)


@dataclass
class Hearing:
    """What a model's causes are weighed with."""

    proof: Proof
    reliability: Reliability
    known: Sequence[Hypothesis] = ()
    """The document's hypotheses, for their ids."""
    heard: list[Testimony] = field(default_factory=list)
    """What the model said of each cause, for the record."""


@dataclass(frozen=True)
class Charge:
    """A cause of the model's whose reasons were looked up."""

    cause: Cause
    key: CauseKey
    support: list[Argument]
    against: list[Argument]
    word: Word
    explains: frozenset[str] = frozenset()
    """Routes on record; empty: all that hurts."""

    def meant(self, known: Sequence[Hypothesis], proof: Proof) -> Hypothesis | None:
        """The hypothesis that it is, the very same first. To say that no change of ours is guilty
        contradicts one that is; who rules out one kind of fault rules out no other."""
        alike = [h for h in known if one_cause(h.key, self.key)]
        if self.cause.change.strip().casefold() == NO_CHANGE:
            alike = [h for h in alike if not proof.of_ours(h.change)]
        if self.cause.ruled_out:
            alike = [h for h in alike if h.kind is self.cause.kind]
        nearest = sorted(alike, key=lambda h: (h.key != self.key, h.kind is not self.cause.kind))
        return nearest[0] if nearest else None

    @property
    def quotes(self) -> list[Quote]:
        """Of all its reasons."""
        return quotes_of([*self.support, *self.against])

    @property
    def stands(self) -> bool:
        """Whether something that is proven speaks for it."""
        return self.word.proven > 0

    @property
    def denies(self) -> bool:
        """Whether the model rules it out, with something proven against it."""
        return bool(self.cause.ruled_out) and self.word.disproven > 0


def combined(floor: list[Hypothesis], causes: list[Cause], hearing: Hearing) -> list[Hypothesis]:
    """Every cause of both witnesses with the reasons of both, most likely first.

    Args:
        floor: the playbook's hypotheses of this step.
        causes: what the model named; reasons that do not resolve are left out and listed.
    """
    found = list(floor)
    words: dict[CauseKey, Word] = {}
    denied: dict[CauseKey, Charge] = {}
    for charge in _charges(causes, hearing):
        base = charge.meant(found, hearing.proof)
        _heard(charge, base, hearing)
        if base is None and not (charge.stands or charge.denies):
            continue
        named = _beside(base, charge, hearing.proof) if base else _alone(charge, hearing.proof)
        found = [*(h for h in found if h is not base), named]
        words[named.key] = charge.word
        if charge.denies:
            denied[named.key] = charge
    weighed = by_part(floor, found, words, hearing.reliability)
    told = [_denied(h, denied.get(h.key), hearing.proof) for h in weighed]
    return numbered(list(hearing.known), told)


def _charges(causes: list[Cause], hearing: Hearing) -> list[Charge]:
    """Each cause once, in the model's order; the first that it does not rule out is its word."""
    found: list[Charge] = []
    for cause in causes:
        key = (cause.service, cause.kind, hearing.proof.change(cause.change))
        if any(_again(key, cause, other) for other in found):
            continue
        support = arguments_of(cause.support, hearing.proof, key)
        against = negative(arguments_of(cause.against, hearing.proof, key))
        routes = frozenset(hearing.proof.routes(cause.explains))
        rivals = (o for o in found if not routes or not o.explains or routes & o.explains)
        first = not cause.ruled_out and not any(other.word.first for other in rivals)
        refuting = [*support, *against] if cause.ruled_out else against
        word = Word(
            proven=0.0 if cause.ruled_out else proven(hearing.proof, quotes_of(support), key),
            disproven=proven(hearing.proof, quotes_of(refuting), key),
            first=first,
        )
        found.append(Charge(cause, key, support, against, word, routes))
    return found


def _again(key: CauseKey, cause: Cause, other: Charge) -> bool:
    """Whether it was named before; ruled out as one kind of fault, a change may be another."""
    return key == other.key or (one_cause(key, other.key) and not cause.ruled_out)


WORDS = 0.5
"""Proof from which a cause that both name is told in the words of who proved it."""


def _beside(base: Hypothesis, charge: Charge, proof: Proof) -> Hypothesis:
    """The playbook's hypothesis with the model's reasons as well, and its change, where the
    playbook knew of none. Where the model blames it first and proves it, in the model's words: the
    playbook may guess at how it came about, and of a change at what kind of fault it is."""
    own = charge.word.first and charge.word.proven >= WORDS
    told = proof.told(charge.cause.statement, charge.quotes) if own else ""
    return base.model_copy(
        update={
            "statement": told or base.statement,
            "kind": charge.cause.kind if own and base.change else base.kind,
            "change": base.change or ("" if charge.cause.ruled_out else charge.key[2]),
            "support": [*base.support, *([] if charge.cause.ruled_out else charge.support)],
            "contradiction": [*base.contradiction, *charge.against],
            "explains": base.explains or sorted(charge.explains),
        }
    )


def _alone(charge: Charge, proof: Proof) -> Hypothesis:
    """A cause that only the model sees."""
    cause = charge.cause
    plain = f"{cause.service}: {cause.kind.value}"
    return Hypothesis(
        id="",
        statement=proof.told(cause.statement, charge.quotes) or plain,
        service=cause.service,
        kind=cause.kind,
        change=charge.key[2],
        support=charge.support,
        contradiction=charge.against,
        confidence=0.0,
        explains=sorted(charge.explains),
    )


def _denied(hypothesis: Hypothesis, charge: Charge | None, proof: Proof) -> Hypothesis:
    """Ruled out as the model says, where both witnesses together leave nothing to act on."""
    if charge is None or hypothesis.confidence >= NOT_WORTH:
        return hypothesis
    why = proof.told(charge.cause.ruled_out, charge.quotes) or "evidence speaks against it"
    return hypothesis.model_copy(update={"ruled_out": why})


def _heard(charge: Charge, base: Hypothesis | None, hearing: Hearing) -> None:
    """Note what was said; a cause without one proven reason has no place and says so."""
    cause = charge.cause
    if base is None and not charge.stands and not cause.ruled_out:
        hearing.proof.unproven.append(f"{cause.statement} :: no reason given for it resolves")
    hearing.heard.append(
        Testimony(
            service=cause.service,
            kind=cause.kind,
            change=charge.key[2],
            statement=cause.statement,
            first=charge.word.first,
            basis=hearing.reliability.basis.value,
            ruled_out=cause.ruled_out,
            proven=round(charge.word.proven, 3),
            disproven=round(charge.word.disproven, 3),
        )
    )


def arguments_of(claims: list[Claim], proof: Proof, subject: CauseKey) -> list[Argument]:
    """The claims that resolve, each with the log-odds of its proof."""
    return [
        Argument(
            text=claim.statement,
            weight=round(-log(1.0 - proven(proof, finding.quotes, subject)), 2),
            quotes=finding.quotes,
        )
        for claim in claims
        if (finding := proof.finding(claim))
    ]


def quotes_of(arguments: Iterable[Argument]) -> list[Quote]:
    """Everything that they quote."""
    return [quote for argument in arguments for quote in argument.quotes]


def negative(arguments: list[Argument]) -> list[Argument]:
    """The same reasons, against."""
    return [a.model_copy(update={"weight": -a.weight}) for a in arguments]
