"""Ranked correlation: who moves with the symptom, as the PetShop benchmark's authors have it.

Of every service's metric of the symptom's name, those count that are anomalous (5 scaled MADs)
at the third incident row, or at the next one where the symptom's own metric is; they are ranked
by the p-value of Pearson's correlation with it over the incident's rows
(github.com/amazon-science/petshop-root-cause-analysis, ranked_correlation.py with its defaults;
it returns the first three, here all are ranked). The service of the symptom itself never counts.
Where no other service has a metric of that name, every metric counts: that part is ours.
"""

import numpy as np

from .answer import RcaAnswer
from .cases import RcaCase
from .deviation import mad_distance
from .metrics import Measured, measured
from .pearson import pearson

THRESHOLD = 5.0
"""Scaled MADs from which a value is anomalous."""
THIRD = 2
"""Index of the incident row that is looked at first."""


def correlation_answers(case: RcaCase) -> list[RcaAnswer]:
    """Minus the p-value of each anomalous service; nobody where the symptom shows no anomaly.

    No answer at all where no symptom is given or it was not measured: the method does not apply.
    """
    found = measured(case)
    symptom = case.symptom and (case.symptom.service, case.symptom.metric)
    if symptom not in found.columns:
        return []
    own = found.columns.index(symptom)
    incident = found.values[found.incident]
    odd = mad_distance(found.values[~found.incident], incident) > THRESHOLD
    row = next((number for number in range(THIRD, len(odd)) if odd[number, own]), None)
    if row is None:
        return [RcaAnswer()]
    scores = np.full(len(found.columns), np.nan)
    for column in _comparable(found, own):
        if odd[row, column]:
            scores[column] = -pearson(incident[:, column], incident[:, own])[1]
    return [RcaAnswer(scores=found.highest(scores.tolist()))]


def _comparable(found: Measured, own: int) -> list[int]:
    """Columns of other services: those of the symptom's metric where there are any, else all."""
    service, metric = found.columns[own]
    others = [n for n, (name, _) in enumerate(found.columns) if name != service]
    return [n for n in others if found.columns[n][1] == metric] or others
