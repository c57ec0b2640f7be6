"""Competing hypotheses from many signals, as a probability that says what it rests on.

Model: naive-Bayes log-odds, as in Good's weights of evidence (Probability and the Weighing of
Evidence, 1950): each signal adds or takes weight x value. The probabilities share one whole with
"unknown", which holds a fixed log-odds of its own, so weak evidence stays weak and a tie stays
a tie. A hypothesis weighs exp(log-odds) - 1: one with nothing for it weighs nothing, and adding
it to the list changes no other's probability.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONCLUSIVE = 0.5
"""A leading hypothesis below this is not a conclusion."""
UNKNOWN = 1.5
"""Log-odds of "something else": a single hypothesis needs about 1.7 to be as likely as not."""


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


def fuse(hypotheses: Mapping[str, Sequence[Observation]]) -> list[RankedHypothesis]:
    """Weigh the hypotheses against each other and against "unknown", the most probable first.

    What their probabilities leave to 1 is that of none of them. Signals are added as if
    independent: give one signal for one observation, not two readings of the same.
    """
    odds = {
        name: sum((signal.log_odds for signal in signals), 0.0)
        for name, signals in hypotheses.items()
    }
    top = max([UNKNOWN, *odds.values()])  # taken out of every exponent against overflow
    weight = {name: max(0.0, math.exp(o - top) - math.exp(-top)) for name, o in odds.items()}
    rest = math.exp(UNKNOWN - top)
    total = rest + sum(weight.values())
    ranking = [RankedHypothesis(name, weight[name] / total, odds[name]) for name in hypotheses]
    return sorted(ranking, key=lambda v: (-v.probability, -v.log_odds, v.hypothesis))
