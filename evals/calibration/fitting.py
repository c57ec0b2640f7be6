"""How surely weights are best read: fitted by Brier score, and tried on the set that had no say.

Two constants for each kind of evidence, on a grid: few answers are known, so a prior holds them to
what was reasoned, and nothing is fitted that a handful of cases decide. Brier score: Brier 1950.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ...agents.causes.calibration import Basis
from ...analysis.fusion import REASONED, Weighing, probabilities
from .records import WeighedCase

SHARPNESS = tuple(np.round(np.geomspace(0.5, 3.0, 15), 2).tolist())
UNKNOWN = tuple(np.round(np.linspace(-1.5, 3.0, 19), 2).tolist())
PRIOR = 0.5
"""What it costs to stand one unit from what was reasoned: half a wrong answer."""
FEWEST = 20
"""Answers below which nothing is fitted."""
Readings = Mapping[Basis, Weighing]


@dataclass(frozen=True)
class Stated:
    """The first place of one case, what was stated of it, and whether it is right."""

    record: WeighedCase
    probability: float
    right: bool


def first_place(record: WeighedCase, weighing: Weighing, guilty: str) -> Stated | None:
    """None where nobody is blamed."""
    places: dict[str, float] = defaultdict(float)
    services, odds = [at for at, _ in record.odds], [weight for _, weight in record.odds]
    for service, probability in zip(services, probabilities(odds, services, weighing), strict=True):
        places[service] += probability
    most = max(places.values(), default=0.0)
    named = [service for service, probability in places.items() if probability == most]
    return Stated(record, most, named == [guilty]) if most > 0 else None


def stated(
    records: Sequence[WeighedCase], readings: Readings, guilty: Mapping[str, str]
) -> list[Stated]:
    """What is stated of every case that blames somebody."""
    each = (
        first_place(one, readings.get(one.basis, REASONED), guilty[one.name]) for one in records
    )
    return [one for one in each if one]


def fitted(
    records: Sequence[WeighedCase], guilty: Mapping[str, str], bases: Sequence[Basis]
) -> dict[Basis, Weighing]:
    """The best reading for each of these kinds of evidence; the first minutes are nobody's to
    fit."""
    found = {}
    for basis in bases:
        own = [one for one in records if one.basis is basis]
        if basis is not Basis.moments and len(own) >= FEWEST:
            grid = [Weighing(*pair) for pair in product(SHARPNESS, UNKNOWN)]
            found[basis] = min(grid, key=lambda w, own=own: _loss(own, w, guilty))
    return found


def _loss(records: Sequence[WeighedCase], weighing: Weighing, guilty: Mapping[str, str]) -> float:
    """Sum of squared errors, and the prior."""
    away = math.log(weighing.sharpness) ** 2 + ((weighing.unknown - REASONED.unknown) / 2) ** 2
    given = (first_place(one, weighing, guilty[one.name]) for one in records)
    return sum((one.probability - one.right) ** 2 for one in given if one) + PRIOR * away


def left_out(
    records: Sequence[WeighedCase], guilty: Mapping[str, str], bases: Sequence[Basis]
) -> list[Stated]:
    """What is stated of each set by readings that were fitted on the others."""
    found = []
    for name in dict.fromkeys(one.set for one in records):
        readings = fitted([one for one in records if one.set != name], guilty, bases)
        found += stated([one for one in records if one.set == name], readings, guilty)
    return found
