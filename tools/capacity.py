"""How full each resource is."""

from dataclasses import dataclass

import numpy as np

from ..analysis.capacity import saturation as fullness
from ..telemetry.model import Service
from ..telemetry.signal_catalogue import (
    CONCURRENCY_LIMIT,
    CONNECTIONS_LIMIT,
    MEMORY_LIMIT,
    POOL_SIZE,
    SignalName,
)
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table, whole
from .shifts import Shift, shifts

AMOUNTS: dict[str, SignalName] = {
    SignalName.memory_share: SignalName.memory_bytes,
    SignalName.concurrency_share: SignalName.in_flight,
    SignalName.connections_share: SignalName.connections,
}
"""Signal of a share in use: the signal of the amount."""
WAITING: dict[str, SignalName] = {
    SignalName.db_pool_share: SignalName.db_pool_waiting,
    SignalName.connections_share: SignalName.locks_waiting,
}
"""Signal of a share in use: the signal of what waits for more."""
LIMITS = {
    "memory": ("memory_bytes", MEMORY_LIMIT),
    "concurrency": ("concurrency", CONCURRENCY_LIMIT),
    "db pool": ("db_pool", POOL_SIZE),
    "db connections": ("db_connections", CONNECTIONS_LIMIT),
}
"""Where a resource's limit stands: in the catalogue, and as a metric."""


@dataclass(frozen=True, slots=True)
class ResourceUse(Row):
    """How full one resource is; `used`, `limit` and `waiting` in the resource's own unit."""

    service: str
    resource: str
    used: float | None
    limit: float | None
    utilisation: float | None
    utilisation_before: float | None
    peak: float | None
    waiting: float | None
    score: float


@tool(Effect.read)
def saturation(bench: Bench) -> Table[ResourceUse]:
    """Utilisation of memory, CPU, concurrency, database pool and connections of every service:
    in the incident's last third (median), at its peak, and before. Score 0..1; full first."""
    found = shifts(bench)
    signals = {(shift.signal.service, shift.signal.name): shift for shift in found}
    catalogue = bench.telemetry.catalogue()
    limits = _limits(bench)
    rows = []
    for (service, _), shift in signals.items():
        if shift.signal.known.resource and np.isfinite(shift.now).any():
            entry = catalogue.find(service) or Service(name=service)
            rows.append(_row(shift, signals, entry, limits))
    rows.sort(key=lambda row: (-row.score, -(row.utilisation or 0.0)))
    full = [row for row in rows if row.score >= 0.5]
    summary = f"{len(full)} of {len(rows)} resources are saturated"
    summary += f"; most of all {rows[0].resource} of {rows[0].service}" if full else ""
    nothing = "no utilisation metrics with limits for any service"
    return table(rows, summary, nothing, whole(bench))


def _limits(bench: Bench) -> dict[tuple[str, str], float]:
    """The newest value of each limit metric, by service and metric; instances' smallest."""
    names = [metric for _, metric in LIMITS.values()]
    newest: dict[tuple[str, str], float] = {}
    for item in bench.telemetry.metrics(whole(bench), names):
        key = item.service, item.name
        newest[key] = min(newest.get(key, np.inf), float(item.values[-1]))
    return newest


def _row(
    shift: Shift,
    signals: dict[tuple[str, str], Shift],
    entry: Service,
    limits: dict[tuple[str, str], float],
) -> ResourceUse:
    service = shift.signal.service
    name, resource = shift.signal.name, shift.signal.known.resource
    listed, metric = LIMITS.get(resource, ("", ""))
    limit = limits.get((service, metric), entry.limits.get(listed))
    if resource == "cpu":
        limit = 1.0
    now, peak = _lately(shift.now), float(np.nanmax(shift.now))
    used = signals.get((service, AMOUNTS.get(name, "")))
    waits = signals.get((service, WAITING.get(name, "")))
    waiting = _lately(waits.now) if waits else None
    shed = signals.get((service, SignalName.throttled_rate))
    score = fullness(
        now,
        limit=limit,
        waiting=waiting or 0.0,
        shed_share=(_lately(shed.now) or 0.0) if shed and resource == "concurrency" else 0.0,
    )
    times = now * limit if now is not None and limit is not None else None
    return ResourceUse(
        service=service,
        resource=resource,
        used=number(_lately(used.now) if used else times),
        limit=number(limit),
        utilisation=number(now),
        utilisation_before=number(_middle(shift.before)),
        peak=number(peak),
        waiting=number(waiting),
        score=number(score.score, 3) or 0.0,
    )


def _lately(values: np.ndarray) -> float | None:
    """The median of the last third: a leak is judged by where it has come to."""
    return _middle(values[-max(3, values.size // 3) :])


def _middle(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None
