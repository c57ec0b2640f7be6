"""Figures over many answers: calibration, means with their intervals, pairs of the same cases.

Brier score: mean of (confidence - right)², 0 is best, 0.25 is a coin's (Brier 1950, Verification of
forecasts expressed in terms of probability). Intervals: percentile bootstrap over cases (Efron
1979), 2,000 resamples; of two runs over the cases' differences, so that what is hard for both does
not count as noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

import numpy as np

BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Edges of the reliability table."""
RESAMPLES, SEED = 2_000, 20
SURE = 0.5
"""A mark that moves by so much is a case won or lost; means over chances move by less."""


@dataclass(frozen=True)
class Bin:
    """Answers of similar confidence, and how many of them were right."""

    low: float
    high: float
    n: int
    confidence: float | None
    right: float | None


def binned(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    """(confidence, right) pairs per bin; a confidence of 1 belongs to the last."""
    found: list[Bin] = []
    for low, high in pairwise(BINS):
        inside = [p for p in pairs if low <= p[0] < high or (high == BINS[-1] and p[0] == high)]
        sure = mean(p[0] for p in inside) if inside else None
        right = mean(p[1] for p in inside) if inside else None
        found.append(Bin(low, high, len(inside), sure, right))
    return found


def brier(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Brier score of (confidence, right) pairs; None for no pair."""
    return mean((sure - right) ** 2 for sure, right in pairs) if pairs else None


@dataclass(frozen=True)
class MeanShare:
    """A mean over cases with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def share(values: Sequence[float]) -> MeanShare | None:
    """Mean and 95 % interval; None for no value. The same values give the same interval."""
    if not values:
        return None
    data, rng = np.asarray(values, float), np.random.default_rng(SEED)
    drawn = data[rng.integers(0, data.size, (RESAMPLES, data.size))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return MeanShare(float(data.mean()), float(low), float(high), data.size)


@dataclass(frozen=True)
class Paired:
    """Marks of the cases that both sides scored, in the order of the later side."""

    names: list[str]
    before: list[float]
    now: list[float]

    @property
    def difference(self) -> MeanShare | None:
        """Mean of now - before, with its interval; None for no case."""
        return share([now - was for was, now in zip(self.before, self.now, strict=True)])

    def moved(self, up: bool) -> list[str]:
        """Cases that were won, or lost."""
        sign = 1 if up else -1
        cases = zip(self.names, self.before, self.now, strict=True)
        return [name for name, was, now in cases if sign * (now - was) >= SURE]
