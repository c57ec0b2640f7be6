"""Two witnesses of one incident: what each says of its causes, and what follows from both.

A witness's word is a distribution over the causes that were named and "none of these". It is
discounted by how often such words were right, as Shafer discounts testimony (A Mathematical Theory
of Evidence, 1976, chapter 11): that share of it stands, and the rest says nothing, alike of every
cause. Then both are multiplied, as Bayes has it for witnesses that do not copy from each other.

The first witness has a probability for every cause. The second names causes, in order, and proves
them more or less; what it does not prove weighs nothing, so that it can neither win nor unsettle
anything by being sure. Where it proves nothing, the first one's word stands as it was.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Cause = TypeVar("Cause", bound=Hashable)

FEWEST = 4
"""Alternatives that are reckoned with at the least, however few were named."""


@dataclass(frozen=True)
class Word:
    """What the second witness says of one cause: how far its proof goes, 0..1 each."""

    proven: float = 0.0
    """Of it being so."""
    disproven: float = 0.0
    """Of it not being so."""
    first: bool = False
    """Whether it is the one that this witness blames."""


@dataclass(frozen=True)
class Trust:
    """How often each witness was right where the answer was known, 0..1."""

    playbook: Mapping[Hashable, float] = field(default_factory=dict)
    """By cause; one that is not listed: fully."""
    model: float = 0.5
    """Its first cause."""
    refuting: float = 0.5
    """What it says is not so."""


def pooled(
    prior: Mapping[Cause, float], words: Mapping[Cause, Word], trust: Trust
) -> dict[Cause, float]:
    """The probability of every cause by both witnesses; what is missing to 1 is "none of these".

    Args:
        prior: the first witness's probabilities, which sum to 1 at the most. A cause that only the
            second one names has to be in it, with what "none of these" leaves it.
        words: what the second one says; causes of `prior`.
        trust: how often each was right.
    """
    alternatives = max(FEWEST, len(prior))
    even = 1.0 / (alternatives + 1)
    weight = max((word.proven for word in words.values() if word.first), default=0.0)
    before = _discounted(prior, trust, even, weight)
    likely = {cause: _factor(words.get(cause, Word()), words, trust, even) for cause in prior}
    none = max(0.0, 1.0 - sum(before.values())) * _factor(Word(), words, trust, even)
    joint = {cause: before[cause] * likely[cause] for cause in prior}
    whole = none + sum(joint.values())
    return {cause: value / whole for cause, value in joint.items()} if whole > 0 else dict(prior)


def _discounted(
    prior: Mapping[Cause, float], trust: Trust, even: float, weight: float
) -> dict[Cause, float]:
    """The first witness's word as far as it is to be trusted beside a second one whose proof goes
    as far as `weight`: alone it stands as it is."""
    kept = {c: 1.0 - weight * (1.0 - trust.playbook.get(c, 1.0)) for c in prior}
    spread = sum(p * (1.0 - kept[c]) for c, p in prior.items())
    return {cause: p * kept[cause] + spread * even for cause, p in prior.items()}


def _factor(word: Word, words: Mapping[Cause, Word], trust: Trust, even: float) -> float:
    """How much better the second witness's word fits this cause than no word at all: 1 is alike."""
    lead = max((one.proven for one in words.values() if one.first), default=0.0)
    named = even + lead * (max(trust.model, even) - even)
    others = (1.0 - named) * even / (1.0 - even)
    share = named if word.first else others
    return share / even * (1.0 - trust.refuting * word.disproven)
