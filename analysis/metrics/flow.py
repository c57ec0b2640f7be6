"""Along which calls an illness came: an absorbing Markov chain on the call graph.

As in MonitorRank (Kim, Sumbaly, Shah, SIGMETRICS 2013), but the weights are a budget instead of
similarities: a callee takes over as much of its caller's illness as its own loss covers
(`amounts`), the rest stays. What stays where is the residual that CIRCA (Li et al., KDD
2022) tests: the part of a change that the changes of its causes do not account for.

Where none of the called is slow itself, a caller's own record of its calls (client side) shows what
they do not see: a slow network, a full connection pool before them. All who call it must see it, so
one healthy caller acquits.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .amounts import Amounts, explained
from .illness import Illness, certainty
from .shift import FloatArray


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
