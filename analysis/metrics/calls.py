"""The call graph as pairs of indices, with services that are not measured looked through."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .shift import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Who calls whom, as indices; a service that is not measured lets its callees through."""

    caller: NDArray[np.int_]
    callee: NDArray[np.int_]


def calls_between(edges: Iterable[tuple[int, int]], measured: NDArray[np.bool_]) -> Calls:
    """The calls, with those that pass through services not measured added end to end."""
    direct: dict[int, set[int]] = {}
    for caller, callee in edges:
        if caller != callee:
            direct.setdefault(caller, set()).add(callee)
    pairs = {(a, b) for a in direct for b in _reached(a, direct, measured) if a != b}
    ordered = np.array(sorted(pairs), int).reshape(-1, 2)
    return Calls(ordered[:, 0], ordered[:, 1])


def _reached(start: int, direct: dict[int, set[int]], measured: NDArray[np.bool_]) -> set[int]:
    found: set[int] = set()
    todo = list(direct.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += [] if measured[node] else direct.get(node, ())
    return found


def divided(calls: Calls, weight: FloatArray, size: int) -> FloatArray:
    """Each call's weight as a share of its caller's; 0 where a caller has none."""
    total = np.bincount(calls.caller, weight, size)[calls.caller]
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
