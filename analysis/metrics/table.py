"""Many services' series as one table: common units, the side that is worse, what repeats.

Availability becomes a share of failures, percentages become shares, times become seconds, so that
"failures" and "seconds" of two services can be compared. Of a machine's metrics that appear with
every service on it, none says which service it is: columns of resources that are equal for two
services count for neither, and a machine-wide metric stands back where the service has its own.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kinds import MetricKind, metric_kind
from .shift import FloatArray

FAILURE_FLOOR = 0.001
"""Share of failures that matters: one in a thousand, what is left of the usual objective 99.9 %."""
LOCAL = ("cpu", "memory", "disk", "network", "saturation")
"""Kinds that are a service's own, and do not travel along calls."""
ACTIVITY = ("traffic", "flow", "unknown")
"""Requests, bytes and other amounts that are worse in neither direction by themselves."""
FAMILY = {"latency": "latency", "error": "failure", "availability": "failure"}
"""Kinds that travel from callee to caller, and what they become there."""


@dataclass(frozen=True, slots=True, eq=False)
class MetricColumn:
    """One metric of one service before and during the incident."""

    service: str
    name: str
    before: NDArray[np.float64]
    """(n,), NaN is missing; all columns share the window's n times, in order."""
    now: NDArray[np.float64]
    """(m,), as `before`; begins where the incident may have begun."""


@dataclass(frozen=True, slots=True, eq=False)
class MetricTable:
    """The columns side by side, in common units."""

    services: tuple[str, ...]
    """All that have a column or take part in a call, sorted."""
    of: NDArray[np.int_]
    """(columns,) index of each column's service."""
    names: tuple[str, ...]
    kinds: tuple[MetricKind, ...]
    family: tuple[str, ...]
    """latency, failure, one of `LOCAL`, or of `ACTIVITY`."""
    share: NDArray[np.bool_]
    """(columns,) a share of requests that fail."""
    worse: FloatArray
    floor: FloatArray
    before: FloatArray
    """(n, columns)"""
    now: FloatArray
    """(m, columns)"""
    offset: FloatArray
    """(columns,)"""
    factor: FloatArray
    """(columns,) common value = offset + factor x the metric's own."""
    counts: NDArray[np.bool_]
    """(columns,) whether it may be evidence for its service."""


def tabulate(columns: Sequence[MetricColumn], named: frozenset[str] = frozenset()) -> MetricTable:
    """The columns as a table; those without a single value are left out.

    named: further services, without columns. Raises ValueError where lengths differ.
    """
    used = [c for c in columns if np.isfinite(c.before).any() or np.isfinite(c.now).any()]
    services = tuple(sorted(named | {c.service for c in columns}))
    place = {name: i for i, name in enumerate(services)}
    kinds = tuple(metric_kind(c.name) for c in used)
    before, now = (_stack([c.before for c in used]), _stack([c.now for c in used]))
    share, worse, offset, factor = _common_units(used, kinds, before, now)
    return MetricTable(
        services,
        np.array([place[c.service] for c in used], int),
        tuple(c.name for c in used),
        kinds,
        tuple(map(_family, kinds)),
        share,
        worse,
        np.where(share, FAILURE_FLOOR, 0.0),
        before,
        now,
        offset,
        factor,
        _own(used, kinds),
    )


def _family(kind: MetricKind) -> str:
    if kind.kind in ("disk", "network") and kind.worse == 0:
        return "flow"
    return FAMILY.get(kind.kind, kind.kind)


def _stack(rows: list[NDArray[np.float64]]) -> FloatArray:
    if len({row.shape for row in rows}) > 1:
        raise ValueError("all columns must have the same rows in a window: fill gaps with NaN")
    return np.array(rows, float).T if rows else np.empty((0, 0))


def _common_units(
    used: Sequence[MetricColumn],
    kinds: Sequence[MetricKind],
    before: FloatArray,
    now: FloatArray,
) -> tuple[NDArray[np.bool_], FloatArray, FloatArray, FloatArray]:
    """Rewrite the tables in place; which columns are shares of failures, which side is worse, and
    how values were rewritten: offset and factor."""
    share = np.zeros(len(used), bool)
    offset, factor = np.zeros(len(used)), np.ones(len(used))
    worse = np.array([k.worse for k in kinds], float)
    for j, kind in enumerate(kinds):
        if kind.kind == "latency" and kind.seconds:
            factor[j] = kind.seconds
        elif kind.kind == "memory":
            worse[j] = 0  # a fall is a restart, which is news of this service too
        elif kind.kind in ("availability", "error"):
            top = _whole(kind, before[:, j], now[:, j])
            share[j] = top > 0
            if share[j]:
                sign = -1.0 if kind.kind == "availability" else 1.0
                offset[j], factor[j], worse[j] = float(sign < 0), sign / top, 1.0
    for window in (before, now):
        window[:] = window * factor + offset
    return share, worse, offset, factor


def _whole(kind: MetricKind, before: FloatArray, now: FloatArray) -> float:
    """What all requests are in the metric's unit, 1 or 100; 0 where it is no share of them."""
    values = np.concatenate([before, now])
    low, high = np.nanmin(values), np.nanmax(values)
    if kind.kind == "error" and not (kind.percent or kind.ratio):
        return 0.0
    # Noise may take a share a little below 0; beyond 100 it is none.
    if low < -0.05 or high > 100:
        return 0.0
    return 100.0 if kind.percent or high > 1.5 else 1.0


def _own(used: Sequence[MetricColumn], kinds: Sequence[MetricKind]) -> NDArray[np.bool_]:
    """Which columns tell one service from another."""
    own = {(c.service, k.kind) for c, k in zip(used, kinds, strict=True) if not k.host}
    fine = [not (k.host and (c.service, k.kind) in own) for c, k in zip(used, kinds, strict=True)]
    alike: dict[tuple[str, bytes, bytes], list[int]] = defaultdict(list)
    for j, (column, kind) in enumerate(zip(used, kinds, strict=True)):
        if kind.kind not in FAMILY:  # equal failures along a path of calls are no accident
            alike[column.name, _bytes(column.before), _bytes(column.now)].append(j)
    for same in alike.values():
        several = len({used[j].service for j in same}) > 1
        for j in same:
            fine[j] &= not several
    return np.array(fine, bool)


def _bytes(values: NDArray[np.float64]) -> bytes:
    return np.asarray(values, float).tobytes()


def traffic_columns(table: MetricTable) -> dict[int, int]:
    """Service -> the column that counts its requests; of several the name most services have."""
    usual = Counter(n for n, f in zip(table.names, table.family, strict=True) if f == "traffic")
    found: dict[int, int] = {}
    for j, (service, name) in enumerate(zip(table.of.tolist(), table.names, strict=True)):
        kind = table.kinds[j]
        if table.family[j] != "traffic" or kind.client or kind.host:
            continue
        best = found.get(service)
        key = (usual[name], name)
        if best is None or key > (usual[table.names[best]], table.names[best]):
            found[service] = j
    return found
