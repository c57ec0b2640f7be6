"""Competing hypotheses from many signals, as a probability that says what it rests on.

Model: naive-Bayes log-odds, as in Good's weights of evidence (Probability and the Weighing of
Evidence, 1950): each signal adds or takes weight x value. The probabilities share one whole with
"unknown", which holds a fixed log-odds of its own, so weak evidence stays weak and a tie stays
a tie. A hypothesis weighs exp(log-odds) - 1: one with nothing for it weighs nothing, and adding
it to the list changes no other's probability.

Weights by reasoning say who is ahead, not how often that is right. How surely (`Weighing`) is
fitted where answers are known: one exponent on all places, and the odds of none of them, which is
temperature scaling (Guo et al., On Calibration of Modern Neural Networks, ICML 2017) with a bias
for "unknown". Both are monotone: the order never changes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WRONG, OPEN = 2.0, 1.0
"""What answers cost: a wrong one sends people to the wrong place and back, twice what it costs to
say that it is open and what would decide it. A right one costs nothing."""
CONCLUSIVE = 1.0 - OPEN / WRONG
"""A leading hypothesis below this is not a conclusion: naming it would cost more than saying so."""
UNKNOWN = 1.5
"""Log-odds of "something else": a single hypothesis needs about 1.7 to be as likely as not."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How surely weights are read."""

    sharpness: float = 1.0
    """Exponent on the weight of every place: above 1 who leads is surer, below 1 less sure."""
    unknown: float = UNKNOWN
    """Log-odds of "something else"."""


REASONED = Weighing()
"""As the weights were reasoned out, where nothing was fitted."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation that bears on a hypothesis."""

    name: str
    weight: float
    """Log-odds of the full observation: 1 is a hint, 2 good, 4 close to proof."""
    value: float
    """How fully it was observed, 0..1."""
    supports: bool = True
    note: str = ""
    available: bool = True
    """False where nobody could look: listed, not counted."""

    @property
    def log_odds(self) -> float:
        """What it adds to its hypothesis."""
        if not self.usable:
            return 0.0
        size = abs(self.weight) * min(1.0, max(0.0, self.value))
        return size if self.supports else -size

    @property
    def usable(self) -> bool:
        """Observed, with a value that is a number."""
        return self.available and not math.isnan(self.value)


@dataclass(frozen=True, slots=True)
class RankedHypothesis:
    """One hypothesis with its probability."""

    hypothesis: str
    probability: float
    log_odds: float


def fuse(
    hypotheses: Mapping[str, Sequence[Observation]],
    weighing: Weighing = REASONED,
    places: Mapping[str, str] | None = None,
) -> list[RankedHypothesis]:
    """Weigh the hypotheses against each other and against "unknown", the most probable first.

    What their probabilities leave to 1 is that of none of them. Signals are added as if
    independent: give one signal for one observation, not two readings of the same. `places`: where
    each would be; none given, each is a place of its own.
    """
    names = list(hypotheses)
    odds = [sum((signal.log_odds for signal in hypotheses[name]), 0.0) for name in names]
    where = [places[name] if places else name for name in names]
    found = probabilities(odds, where, weighing)
    ranking = [RankedHypothesis(*one) for one in zip(names, found, odds, strict=True)]
    return sorted(ranking, key=lambda v: (-v.probability, -v.log_odds, v.hypothesis))


def probabilities(
    odds: Sequence[float], places: Sequence[str], weighing: Weighing = REASONED
) -> list[float]:
    """Of hypotheses with these log-odds at these places, in their order.

    The reading is that of places, whose truth is known where it was fitted; the kinds of fault at
    one place share its probability as their weights were reasoned.
    """
    sizes = [_size(one) for one in odds]
    together = {
        place: _sum([size for size, at in zip(sizes, places, strict=True) if at == place])
        for place in dict.fromkeys(places)
    }
    read = {place: weighing.sharpness * size for place, size in together.items()}
    whole = _sum([weighing.unknown, *read.values()])
    return [
        math.exp(read[place] - whole + size - together[place]) if size > -math.inf else 0.0
        for size, place in zip(sizes, places, strict=True)
    ]


def _size(odds: float) -> float:
    """Logarithm of exp(odds) - 1; of nothing where nothing speaks for it."""
    return odds + math.log(-math.expm1(-odds)) if odds > 0 else -math.inf


def _sum(sizes: Sequence[float]) -> float:
    """Logarithm of the sum of what these are logarithms of."""
    top = max(sizes, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(size - top) for size in sizes))
