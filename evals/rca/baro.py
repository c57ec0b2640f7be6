"""BARO's ranking: as NSigma, with median and interquartile range. Its change points are not used:
where the incident begins is given (Pham, Ha, Zhang 2024)."""

from .answer import RcaAnswer
from .cases import RcaCase
from .deviation import highest_iqr
from .metrics import measured


def baro_answers(case: RcaCase) -> list[RcaAnswer]:
    """The highest robust z over incident rows and metrics of each service."""
    found = measured(case)
    rises = highest_iqr(found.values[~found.incident], found.values[found.incident])
    return [RcaAnswer(scores=found.highest(rises.tolist()))]
