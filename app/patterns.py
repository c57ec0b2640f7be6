"""What comes back over many incidents: the same cause, the same place, the same hour; each with how
strong that is, and why. As for two (related.py): signs of one kind are taken as independent.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..analysis.quantities import percent
from ..analysis.rates import binomial_tail
from .figures import Taken
from .related import LEAST, SAME_CAUSE, SAME_SERVICE

HOURS, MOST = 24, 12
CERTAIN, SUREST = 0.9, 0.99
"""From which one hour is said to be no chance; nothing is told as surer than that."""


@dataclass(frozen=True)
class Pattern:
    """Some incidents that have one thing in common."""

    says: str
    strength: float  # 0 to 1
    why: str
    incidents: Sequence[str]


def patterns(found: Sequence[Taken]) -> list[Pattern]:
    """The strongest first."""
    every = [*_same(found, "cause", SAME_CAUSE), *_same(found, "service", SAME_SERVICE)]
    every += _hours(found)
    worth = [one for one in every if one.strength >= LEAST]
    return sorted(worth, key=lambda one: (-one.strength, -len(one.incidents), one.says))[:MOST]


def _same(found: Sequence[Taken], what: str, share: float) -> Iterator[Pattern]:
    groups = defaultdict[str, list[Taken]](list)
    for one in found:
        groups[getattr(one, what)].append(one)
    for name, of in groups.items():
        if name and len(of) > 1:
            strength = min(SUREST, 1 - (1 - share) ** (len(of) - 1))
            why = f"{share:.0%} for each that shares the {what} with another"
            says = f"{len(of)} times {name}" if what == "cause" else f"{len(of)} alerts of {name}"
            yield Pattern(says, strength, why, [one.id for one in of])


def _hours(found: Sequence[Taken]) -> Iterator[Pattern]:
    """Hours of the day, UTC, that have more than chance gives to one of 24."""
    groups = defaultdict[int, list[Taken]](list)
    for one in found:
        groups[datetime.fromtimestamp(one.opened, UTC).hour].append(one)
    for hour, of in groups.items():
        chance = min(1.0, HOURS * binomial_tail(len(of), len(found), 1 / HOURS))
        if 1 - chance >= CERTAIN:
            says = f"{len(of)} of {len(found)} began between {hour:02}:00 and {hour:02}:59 UTC"
            why = f"chance gives one hour of a day so many in {percent(chance)} of cases"
            yield Pattern(says, min(1 - chance, SUREST), why, [one.id for one in of])
