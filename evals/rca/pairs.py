"""The same cases answered twice: how much better, and which were won or lost.

Interval: percentile bootstrap over the cases' differences (Efron 1979), so that what is hard for
both does not count as noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .results import RcaRun
from .score import Share, share

SURE = 0.5
"""A mark that moves by so much is a case won or lost; means over chances move by less."""


@dataclass(frozen=True)
class Paired:
    """Marks of the cases that both sides scored, in the order of the later side."""

    names: list[str]
    before: list[float]
    now: list[float]

    @property
    def difference(self) -> Share | None:
        """Mean of now - before, with its interval; None for no case."""
        return share([now - was for was, now in zip(self.before, self.now, strict=True)])

    def moved(self, up: bool) -> list[str]:
        """Cases that were won, or lost."""
        sign = 1 if up else -1
        cases = zip(self.names, self.before, self.now, strict=True)
        return [name for name, was, now in cases if sign * (now - was) >= SURE]


def paired(before: Sequence[RcaRun], now: Sequence[RcaRun], k: int) -> Paired:
    """Marks at rank k of cases that are scored in both."""
    known = {(run.set, run.id): run.marks for run in before if run.marks}
    both = [
        (f"{run.set}/{run.id}", marks.at[k - 1], run.marks.at[k - 1])
        for run in now
        if run.marks and (marks := known.get((run.set, run.id)))
    ]
    names, old, new = zip(*both, strict=True) if both else ((), (), ())
    return Paired(list(names), list(old), list(new))
