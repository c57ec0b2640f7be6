"""Along which calls an illness came: an absorbing Markov chain on the call graph.

As in MonitorRank (Kim, Sumbaly, Shah, SIGMETRICS 2013), but the weights are a budget instead of
similarities: a callee takes over as much of its caller's illness as its own loss covers
(`metric_amounts`), the rest stays. What stays where is the residual that CIRCA (Li et al., KDD
2022) tests: the part of a change that the changes of its causes do not account for.
"""

import numpy as np

from .amounts import Amounts, explained
from .calls import Calls, divided
from .illness import USUAL, Illness, certainty
from .links import slow_calls
from .shift import FloatArray

MOST_PASSED = 0.95
"""Share of its illness that a service passes on at most: budgets are estimates. Close to 1, or long
chains of calls lose the trail: it counts twice a hop, so that four hops keep two thirds."""


def passed_on(calls: Calls, ill: Illness, family: str, loss: Amounts) -> FloatArray:
    """Share of each service's illness of a family that it hands to each callee.

    Returns (services, services), rows sum to at most 0.95. Illness goes to callees that are ill of
    the same, best explanation first; what they leave and the calls themselves show, to callees
    that look healthy (the way there is slow); a service with ill resources of its own keeps it.
    """
    size = len(loss.unit)
    covered = _sure(ill, family)[calls.callee] * explained(loss, calls.caller, calls.callee)
    # One cause is likelier than several at once: as much moves on as the best callee explains.
    total = np.zeros(size)
    np.maximum.at(total, calls.caller, covered)
    total = np.minimum(total, MOST_PASSED)
    shares = divided(calls, covered**2, size) * total[calls.caller]
    shares += slow_calls(calls, ill, family) * (1.0 - total)[calls.caller]
    passed = np.zeros((size, size))
    np.add.at(passed, (calls.caller, calls.callee), shares * MOST_PASSED)
    return passed * np.exp(-ill.local)[:, None]


def _sure(ill: Illness, family: str) -> FloatArray:
    """How surely ill; resources stand in where the family is not measured."""
    level = ill.own[family]
    stand_in = np.where(ill.local > 0, certainty(ill.local + USUAL), 0.0)
    return np.where(level.column >= 0, level.sure, stand_in)


def kept(passed: FloatArray, start: FloatArray) -> FloatArray:
    """Where illness that begins as `start` (services,) stays; sums to the sum of `start`."""
    visits = np.linalg.solve(np.eye(len(start)) - passed.T, start)
    return np.maximum(visits * (1.0 - passed.sum(axis=1)), 0.0)
