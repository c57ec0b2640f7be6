"""Which service is guilty, by metrics and the call graph alone, and why.

A service's score is the log of the share of the illness that stays with it plus the log of its
own evidence: both experts have to agree, as in a product of experts (Hinton, "Training products
of experts", Neural Computation 14, 2002). Probabilities are the softmax of the scores and of 0 for
"none of these": the score of one that holds all of the illness and shows nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .case import Case, Symptom, build_case
from .reasons import Deciding, against_it, deciding, for_it, not_seen
from .table import MetricColumn

__all__ = ["Deciding", "MetricBlame", "MetricColumn", "Symptom", "blame_metrics", "unknown_share"]

UNKNOWN = 0.0
"""Score of the answer "none of these"."""


@dataclass(frozen=True, slots=True)
class MetricBlame:
    """What the metrics say of one service."""

    service: str
    score: float
    """Log-odds-like: above 0 more likely guilty than an unknown cause. Nats."""
    probability: float
    """0..1; over all services the sum is 1 less the share of an unknown cause."""
    held: float
    """0..1, share of the illness that stays with it; over all services the sum is 1."""
    deciding: Deciding | None
    """The metric that shows it most; None where nothing of it is measured."""
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...]
    not_available: tuple[str, ...]
    """What would have been worth seeing."""


def blame_metrics(
    columns: Sequence[MetricColumn],
    calls: Iterable[tuple[str, str]],
    symptom: Symptom | None = None,
) -> list[MetricBlame]:
    """All services that are measured or take part in a call, the most suspicious first.

    calls: (caller, callee). symptom: what is complained of, where it is known. A service that is
    only called, and not measured, is listed too. Raises ValueError where columns of one window
    differ in length.
    """
    case = build_case(columns, calls, symptom)
    odds = np.exp(case.score)
    odds /= odds.sum() + np.exp(UNKNOWN)
    # Equal scores: what little evidence there is decides, then the name, so that no two tie.
    nats = np.sum([level.evidence for level in case.ill.own.values()], axis=0)
    order = np.lexsort((np.arange(len(odds)), -nats, -case.score))
    return [_said(case, int(i), float(odds[i]), 1e-9 * n) for n, i in enumerate(order)]


def unknown_share(blames: Iterable[MetricBlame]) -> float:
    """Probability that none of the services is the cause; 1 for no services."""
    return max(0.0, 1.0 - sum(blame.probability for blame in blames))


def _said(case: Case, i: int, probability: float, less: float) -> MetricBlame:
    return MetricBlame(
        case.table.services[i],
        float(case.score[i]) - less,
        probability,
        float(case.kept[i]),
        deciding(case, i),
        tuple(for_it(case, i)),
        tuple(against_it(case, i)),
        tuple(not_seen(case, i)),
    )
