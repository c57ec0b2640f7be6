"""What comes back over many incidents: the same cause, the same place, the same hour; each with how
strong that is, and why. As for two (related.py): signs of one kind are taken as independent.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..analysis.quantities import percent
from ..analysis.rates import binomial_tail, rate_change
from .figures import Taken
from .related import LEAST, SAME_CAUSE, SAME_SERVICE

HOURS, MOST, DAY_S = 24, 12, 86400.0
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


CHANCE = 0.05  # of a rise that is told, over all names that were looked at


def rising(found: Sequence[Taken], now: datetime) -> list[Pattern]:
    """What came more often in the later half of the time since the first of them, the surest first:
    causes, types, services, all together. By the test of a proportion of analysis/rates.py: of the
    sum, the later half has more than half; surer by as many times as names were tried
    (Bonferroni)."""
    first = min((one.opened for one in found), default=now.timestamp())
    half, groups, told = (now.timestamp() - first) / 2, defaultdict(list), list[Pattern]()
    for one in found:
        kind = one.type and f"type {one.type}"
        for name in filter(None, ("all incidents", kind, one.cause, one.service)):
            groups[name].append(one)
    for name, of in groups.items() if half > 0 else ():
        late = [one.id for one in of if one.opened >= first + half]
        change = rate_change(len(of) - len(late), len(late), half, half)
        chance = min(1.0, len(groups) * 10**change.log10_p)
        if change.direction > 0 and chance <= CHANCE:
            said = f"{name}: {len(of) - len(late)} in {half / DAY_S:.0f} days, then {len(late)}"
            why = f"chance does so to one of {len(groups)} names in {percent(chance)} of cases"
            told.append(Pattern(said, min(1 - chance, SUREST), why, late))
    return sorted(told, key=lambda one: -one.strength)[:MOST]
