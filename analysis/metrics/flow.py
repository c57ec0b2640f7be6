"""What each service loses, and along which calls it came: an absorbing Markov chain on the calls.

Extra latency of one request times the requests is time lost (Little's law, 1961: that many more
requests in progress); extra share of failures times the requests is failed requests. Both are
conserved along calls: what a caller loses in a callee is lost there, so the two can be compared.

The chain is as in MonitorRank (Kim, Sumbaly, Shah, SIGMETRICS 2013), but the weights are a budget
instead of similarities: a callee takes over as much of its caller's illness as its own loss covers,
the rest stays. What stays where is the residual that CIRCA (Li et al., KDD 2022) tests: the part of
a change that the changes of its causes do not account for.

Where none of the called is slow itself, a caller's own record of its calls (client side) shows what
they do not see: a slow network, a full connection pool before them. All who call it must see it, so
one healthy caller acquits.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .illness import Illness, certainty
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


@dataclass(frozen=True, slots=True, eq=False)
class CallGraph:
    """Who calls whom, as indices; a service that is not measured lets its callees through."""

    caller: NDArray[np.int_]
    callee: NDArray[np.int_]


def calls_between(edges: Iterable[tuple[int, int]], measured: NDArray[np.bool_]) -> CallGraph:
    """The calls, with those that pass through services not measured added end to end."""
    direct: dict[int, set[int]] = {}
    for caller, callee in edges:
        if caller != callee:
            direct.setdefault(caller, set()).add(callee)
    pairs = {(a, b) for a in direct for b in _reached(a, direct, measured) if a != b}
    ordered = np.array(sorted(pairs), int).reshape(-1, 2)
    return CallGraph(ordered[:, 0], ordered[:, 1])


def _reached(start: int, direct: dict[int, set[int]], measured: NDArray[np.bool_]) -> set[int]:
    found: set[int] = set()
    todo = list(direct.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += [] if measured[node] else direct.get(node, ())
    return found


def divided(calls: CallGraph, weight: FloatArray, size: int) -> FloatArray:
    """Each call's weight as a share of its caller's; 0 where a caller has none."""
    total = np.bincount(calls.caller, weight, size)[calls.caller]
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


def passed_on(calls: CallGraph, ill: Illness, family: str, loss: Amounts) -> FloatArray:
    """Share of each service's illness of a family that it hands to each callee.

    Returns (services, services), rows sum to at most `most_passed`. Illness goes to callees that
    are ill of the same, best explanation first; what they leave and the calls themselves show, to
    callees that look healthy (the way there is slow); a service with ill resources of its own
    keeps it.
    """
    size = len(loss.unit)
    covered = _sure(ill, family)[calls.callee] * explained(loss, calls.caller, calls.callee)
    # One cause is likelier than several at once: as much moves on as the best callee explains.
    total = np.zeros(size)
    np.maximum.at(total, calls.caller, covered)
    most = ill.tuning.most_passed
    total = np.minimum(total, most)
    shares = divided(calls, covered**2, size) * total[calls.caller]
    shares += slow_calls(calls, ill, family) * (1.0 - total)[calls.caller]
    passed = np.zeros((size, size))
    np.add.at(passed, (calls.caller, calls.callee), shares * most)
    return passed * np.exp(-ill.local)[:, None]


def _sure(ill: Illness, family: str) -> FloatArray:
    """How surely ill; resources stand in where the family is not measured."""
    level = ill.own[family]
    stand_in = np.where(ill.local > 0, certainty(ill.local + ill.tuning.usual, ill.tuning), 0.0)
    return np.where(level.column >= 0, level.sure, stand_in)


def kept(passed: FloatArray, start: FloatArray) -> FloatArray:
    """Where illness that begins as `start` (services,) stays; sums to the sum of `start`."""
    visits = np.linalg.solve(np.eye(len(start)) - passed.T, start)
    return np.maximum(visits * (1.0 - passed.sum(axis=1)), 0.0)


def slow_calls(calls: CallGraph, ill: Illness, family: str) -> FloatArray:
    """(calls,) share of its caller's illness that the way to the callee, or it unseen, explains."""
    client = ill.client[family]
    measures = (client.column >= 0)[calls.caller]
    likely = np.ones(len(client.column))
    np.minimum.at(likely, calls.callee[measures], client.sure[calls.caller[measures]])
    seen = np.any([level.column >= 0 for level in ill.own.values()], axis=0)
    likely = likely * np.where(seen, 1.0, ill.tuning.unseen)
    weight = np.where(measures, likely[calls.callee], 0.0)
    most = np.zeros(len(likely))
    np.maximum.at(most, calls.caller, weight)
    return divided(calls, weight, len(likely)) * most[calls.caller]
