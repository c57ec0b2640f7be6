"""The methods that root-cause cases are answered with, by name, and the baselines among them.

BARO: as NSigma, with median and interquartile range; its change points are not used, since where
the incident begins is given (Pham, Ha, Zhang 2024). Ranked correlation as the PetShop benchmark's
authors have it: of every service's metric of the symptom's name, those count that are anomalous (5
scaled MADs) at the third incident row, or at the next one where the symptom's own metric is; they
are ranked by the p-value of Pearson's correlation with it over the incident's rows
(github.com/amazon-science/petshop-root-cause-analysis, ranked_correlation.py with its defaults; it
returns the first three, here all are ranked). The service of the symptom itself never counts. Where
no other service has a metric of that name, every metric counts: that part is ours.
"""

import numpy as np

from ...errors import InputError
from ...settings import Settings
from ..framework.runs import Method
from ..incidents.run import need_model
from .answers import RcaAnswer, RcaMethod
from .baseline_maths import highest_iqr, highest_sigma, mad_distance, pearson
from .cases import RcaCase
from .floor import floor_of, model_of
from .metrics import MetricValues, measured

NAMES = ("floor", "nsigma", "baro", "correlation", "symptom", "random")
MODEL = "model"
"""The response with a model on top; asked for by name alone, since it takes one."""
SEEDS = 20
THRESHOLD = 5.0
"""Scaled MADs from which a value is anomalous."""
THIRD = 2
"""Index of the incident row that is looked at first."""


def rca_methods(settings: Settings, names: list[str] | None = None) -> list[RcaMethod]:
    """The methods of these names, in this order; all without a model by default. Beside a model
    the playbooks alone answer too. Raises InputError for others, and for a model that is not set.
    """
    known = {method.name: method for method in _all(settings)}
    wanted = ["floor", *names] if names and MODEL in names else names or NAMES
    if MODEL in wanted:
        need_model(settings)
        known[MODEL] = model_of(settings)
    for name in wanted:
        if name not in known:
            raise InputError(f"no method {name!r}; there are: {', '.join((*NAMES, MODEL))}")
    return [known[name] for name in dict.fromkeys(wanted)]


def _all(settings: Settings) -> list[RcaMethod]:
    return [
        floor_of(settings),
        Method("nsigma", nsigma_answers, "metrics: highest z (mean, standard deviation)"),
        Method("baro", baro_answers, "metrics: highest z (median, interquartile range)"),
        Method("correlation", correlation_answers, "metrics: who moves with the symptom"),
        Method("symptom", symptom_answers, "the service that alerts, unread"),
        Method("random", random_answers, f"chance: the mean of {SEEDS} seeds"),
    ]


def symptom_answers(case: RcaCase) -> list[RcaAnswer]:
    """1 for the service of the symptom, 0 for the others; no answer where no symptom is given."""
    if case.symptom is None:
        return []
    others = dict.fromkeys(measured(case).services(), 0.0)
    return [RcaAnswer(scores=others | {case.symptom.service: 1.0})]


def random_answers(case: RcaCase) -> list[RcaAnswer]:
    """Twenty answers, the same for the same case each time."""
    services = sorted(measured(case).services())
    own = int.from_bytes(case.name.encode())
    rolls = (np.random.default_rng([own, seed]).random(len(services)) for seed in range(SEEDS))
    return [RcaAnswer(scores=dict(zip(services, roll.tolist(), strict=True))) for roll in rolls]


def nsigma_answers(case: RcaCase) -> list[RcaAnswer]:
    """The highest z over incident rows and metrics of each service."""
    found = measured(case)
    rises = highest_sigma(found.values[~found.incident], found.values[found.incident])
    return [RcaAnswer(scores=found.highest(rises.tolist()))]


def baro_answers(case: RcaCase) -> list[RcaAnswer]:
    """The highest robust z over incident rows and metrics of each service."""
    found = measured(case)
    rises = highest_iqr(found.values[~found.incident], found.values[found.incident])
    return [RcaAnswer(scores=found.highest(rises.tolist()))]


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


def _comparable(found: MetricValues, own: int) -> list[int]:
    """Columns of other services: those of the symptom's metric where there are any, else all."""
    service, metric = found.columns[own]
    others = [n for n, (name, _) in enumerate(found.columns) if name != service]
    return [n for n in others if found.columns[n][1] == metric] or others
