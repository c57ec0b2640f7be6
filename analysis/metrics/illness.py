"""How ill each service is, by what is measured of it: latency, failures, its resources, its load.

Evidence is a surprise in nats (`metric_shift`); per kind the strongest metric speaks, because a
service's percentiles of one latency say the same thing five times. Resources that rose no more
than the service's requests are not ill: a load explains them (the utilisation law of queueing,
Denning & Buzen 1978: utilisation = throughput x service time).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..tuning import STANDARD, Tuning
from .shift import FloatArray, Shifts, shifts
from .table import ACTIVITY, LOCAL, MetricTable, traffic_columns

LOADED = ("cpu", "disk", "network", "saturation", "flow")
"""Kinds that grow with the requests."""
TRAVELLING = ("latency", "failure")


@dataclass(frozen=True, slots=True, eq=False)
class IllnessLevel:
    """The strongest evidence of one kind; arrays have shape (services,)."""

    evidence: FloatArray
    """Nats; 0 where nothing is measured."""
    column: NDArray[np.int_]
    """Index of the metric; -1 where nothing is measured."""
    tuning: Tuning

    @property
    def sure(self) -> FloatArray:
        """Probability-like, one half at the edge of the usual; 0 where nothing is measured."""
        return np.where(self.column >= 0, certainty(self.evidence, self.tuning), 0.0)

    @property
    def beyond(self) -> FloatArray:
        """Nats beyond the usual."""
        return np.maximum(self.evidence - self.tuning.usual, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Illness:
    """Levels by kind, and what they were taken from."""

    shift: Shifts
    own: dict[str, IllnessLevel]
    """latency and failure of the service itself, its resources, its activity."""
    client: dict[str, IllnessLevel]
    """latency and failure of the calls it makes."""
    traffic: dict[int, int]
    """Service -> the column that counts its requests."""
    tuning: Tuning

    @property
    def local(self) -> FloatArray:
        """(services,) nats beyond the usual, summed over the kinds of resources."""
        return np.sum([self.own[kind].beyond for kind in LOCAL], axis=0)

    @property
    def activity(self) -> FloatArray:
        """(services,) nats beyond the usual of what is worse in neither direction."""
        return np.max([self.own[k].beyond for k in ACTIVITY], axis=0)


def certainty(evidence: FloatArray, tuning: Tuning) -> FloatArray:
    """Logistic function of the nats beyond the usual."""
    return 1.0 / (1.0 + np.exp(tuning.steep * (tuning.usual - evidence)))


def examine(table: MetricTable, weights: FloatArray | None, tuning: Tuning = STANDARD) -> Illness:
    """Score every column and take the strongest of each kind.

    weights: (m,) how much each row of the incident counts; None lets each column choose.
    """
    traffic = traffic_columns(table)
    found = shifts(table.before, _unloaded(table, traffic), table.worse, table.floor, weights)
    client = np.array([k.client for k in table.kinds], bool)
    family = np.array(table.family)
    kinds = (*TRAVELLING, *LOCAL, *ACTIVITY)

    def level(kind: str, side: NDArray[np.bool_]) -> IllnessLevel:
        return IllnessLevel(*_strongest(table, found, (family == kind) & side), tuning)

    own = {kind: level(kind, ~client) for kind in kinds}
    called = {kind: level(kind, client) for kind in TRAVELLING}
    return Illness(found, own, called, traffic, tuning)


def _unloaded(table: MetricTable, traffic: dict[int, int]) -> FloatArray:
    """The incident's values as they would be without more requests than before."""
    growth = np.ones(len(table.services))
    for service, j in traffic.items():
        before, now = (
            np.nanmean(w[:, j]) if np.isfinite(w[:, j]).any() else 0.0
            for w in (table.before, table.now)
        )
        growth[service] = max(1.0, now / before) if before > 0 else 1.0
    loaded = np.isin(np.array(table.family), LOADED)
    return np.where(loaded, table.now / growth[table.of], table.now)


def _strongest(
    table: MetricTable, found: Shifts, wanted: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.int_]]:
    """Evidence and index of each service's strongest wanted column, the first of equals."""
    evidence, column = np.zeros(len(table.services)), np.full(len(table.services), -1)
    able = np.flatnonzero(wanted & table.counts & np.isfinite(found.current))
    for j in able[np.argsort(-found.evidence[able], kind="stable")][::-1].tolist():
        evidence[table.of[j]], column[table.of[j]] = found.evidence[j], j
    return evidence, column
