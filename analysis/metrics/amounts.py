"""What each service loses in an incident: seconds and failed requests.

Extra latency of one request times the requests is time lost (Little's law, 1961: that many more
requests in progress); extra share of failures times the requests is failed requests. Both are
conserved along calls: what a caller loses in a callee is lost there, so the two can be compared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .illness import Illness
from .shift import FloatArray, extreme_half, quantile, weighted_mean
from .table import MetricTable


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """What is lost at each service; arrays have shape (services,) or (m, services)."""

    a_call: FloatArray
    """Extra seconds, or share of failures, of one request; (m, services), NaN is not known."""
    total: FloatArray
    """The same times requests; NaN also where those are not counted."""
    weights: FloatArray | None
    """(m,) how much each row counts; None where each column's worse half does."""
    unit: NDArray[np.int_]
    """Two services compare if they have the same unit; -1 for not measured."""
    counter: NDArray[np.int_]
    """The same for what counts the requests; -1 for none."""

    @property
    def lost(self) -> FloatArray:
        """(services,) loss in the rows that count, in all where counted, else of one request."""
        total = _typical(self.total, self.weights)
        one = _typical(self.a_call, self.weights)
        return np.maximum(np.nan_to_num(np.where(np.isfinite(total), total, one)), 0.0)


def amounts(
    table: MetricTable, ill: Illness, family: str, weights: FloatArray | None, symptom: str | None
) -> Amounts:
    """What each service loses in each row, by one comparable metric each.

    symptom: name of the metric that is complained of, which is then the first choice.
    """
    column = _chosen(table, ill, family, symptom)
    none = column < 0
    extra = np.where(none, np.nan, table.now[:, column] - ill.shift.baseline[column])
    counter = np.array([ill.traffic.get(s, -1) for s in range(len(column))], int)
    requests = np.where(counter < 0, np.nan, table.now[:, counter])
    # Without requests there is nothing to measure, and nothing is lost.
    extra = np.where(np.isnan(extra) & (requests == 0) & ~none, 0.0, extra)
    requests = np.where(np.isnan(requests), quantile(requests, 0.5), requests)
    shared = table.share[column] if family == "failure" else ~none
    return Amounts(
        extra,
        extra * np.where(shared, requests, np.nan),
        weights,
        _units(table, column, family),
        _numbered([table.names[j] if j >= 0 else "" for j in counter.tolist()]),
    )


def _chosen(table: MetricTable, ill: Illness, family: str, symptom: str | None) -> NDArray[np.int_]:
    """The symptom's own metric, else a mean, else the strongest."""
    column = np.full(len(table.services), -1)
    able = [j for j, f in enumerate(table.family) if f == family and not table.kinds[j].client]
    able = [j for j in able if np.isfinite(table.now[:, j]).any()]

    def worth(j: int) -> tuple[bool, bool, float, str]:
        wanted = table.names[j] == symptom
        return wanted, table.kinds[j].mean, float(ill.shift.evidence[j]), table.names[j]

    for j in sorted(able, key=worth):
        column[table.of[j]] = j
    return column


def _typical(values: FloatArray, weights: FloatArray | None) -> FloatArray:
    return extreme_half(values) if weights is None else weighted_mean(values, weights)


def _units(table: MetricTable, column: NDArray[np.int_], family: str) -> NDArray[np.int_]:
    """0 for the family's common unit, seconds or shares; else one number a name; -1 for none."""
    names = [table.names[j] if j >= 0 else "" for j in column.tolist()]
    common = (
        table.share if family == "failure" else np.array([k.seconds for k in table.kinds], bool)
    )
    return np.where(column < 0, -1, np.where(common[column], 0, 1 + _numbered(names)))


def _numbered(names: list[str]) -> NDArray[np.int_]:
    place = {name: i for i, name in enumerate(sorted(set(names) - {""}))}
    return np.array([place.get(name, -1) for name in names], int)


def explained(loss: Amounts, caller: NDArray[np.int_], callee: NDArray[np.int_]) -> FloatArray:
    """Share of each caller's loss that its callee's loss covers, 0..1; shape (calls,).

    By totals where both count their requests alike, else by one request; 1 where the two cannot be
    compared, or the caller's loss is not seen: then only the callee's certainty counts.
    """
    alike = (loss.unit[caller] == loss.unit[callee]) & (loss.unit[callee] >= 0)
    counted = alike & (loss.counter[caller] == loss.counter[callee])
    totals = _covered(loss.total, loss.weights, caller, callee)
    single = _covered(loss.a_call, loss.weights, caller, callee)
    covered = np.where(counted & np.isfinite(totals), totals, single)
    return np.where(alike, np.clip(np.nan_to_num(covered), 0.0, 1.0), 1.0)


def _covered(
    values: FloatArray,
    weights: FloatArray | None,
    caller: NDArray[np.int_],
    callee: NDArray[np.int_],
) -> FloatArray:
    """Callee's loss by caller's, over the rows both know; NaN without such rows."""
    here, there = values[:, caller], values[:, callee]
    both = np.isfinite(here) & np.isfinite(there)
    here = _typical(np.where(both, here, np.nan), weights)
    there = _typical(np.where(both, there, np.nan), weights)
    return np.divide(there, here, out=np.sign(there), where=here > 0)
