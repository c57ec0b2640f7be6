"""NSigma: how many standard deviations a service's metric rises above the baseline's mean."""

from ..analysis.deviation import highest_sigma
from .rca_answer import RcaAnswer
from .rca_cases import RcaCase
from .rca_metrics import measured


def nsigma_answers(case: RcaCase) -> list[RcaAnswer]:
    """The highest z over incident rows and metrics of each service."""
    found = measured(case)
    rises = highest_sigma(found.values[~found.incident], found.values[found.incident])
    return [RcaAnswer(scores=found.highest(rises.tolist()))]
