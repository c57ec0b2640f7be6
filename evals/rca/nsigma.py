"""NSigma: how many standard deviations a service's metric rises above the baseline's mean."""

from .answer import RcaAnswer
from .cases import RcaCase
from .deviation import highest_sigma
from .metrics import measured


def nsigma_answers(case: RcaCase) -> list[RcaAnswer]:
    """The highest z over incident rows and metrics of each service."""
    found = measured(case)
    rises = highest_sigma(found.values[~found.incident], found.values[found.incident])
    return [RcaAnswer(scores=found.highest(rises.tolist()))]
