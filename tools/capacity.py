"""How full each resource is."""

from dataclasses import dataclass

import numpy as np

from ..analysis.capacity import saturation as fullness
from ..telemetry.model import Service
from .base import Bench, Effect, Row, Table, tool
from .reading import attempt, number, table, whole
from .shifts import Shift, shifts

RESOURCES = {
    "memory_share": ("memory", "memory_bytes"),
    "cpu_share": ("cpu", ""),
    "concurrency_share": ("concurrency", "in_flight"),
    "db_pool_share": ("db pool", ""),
    "connections_share": ("db connections", "connections"),
}
"""Signal of a share in use: the resource's name, and the signal of the amount."""
LIMITS = {
    "memory": ("memory_bytes", "service_memory_limit_bytes"),
    "concurrency": ("concurrency", "service_concurrency_limit"),
    "db pool": ("db_pool", "db_pool_size"),
    "db connections": ("db_connections", "pg_max_connections"),
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
    catalogue = attempt(bench.telemetry.catalogue)
    limits = _limits(bench)
    rows = []
    for (service, name), shift in signals.items():
        if name in RESOURCES and np.isfinite(shift.now).any():
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
    for item in attempt(lambda: bench.telemetry.metrics(whole(bench), names)):
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
    resource, amount = RESOURCES[shift.signal.name]
    listed, metric = LIMITS.get(resource, ("", ""))
    limit = limits.get((service, metric), entry.limits.get(listed))
    if resource == "cpu":
        limit = 1.0
    now, peak = _lately(shift.now), float(np.nanmax(shift.now))
    used = signals.get((service, amount))
    waiting = _waiting(signals, service, resource)
    shed = signals.get((service, "throttled_rate"))
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


def _waiting(signals: dict[tuple[str, str], Shift], service: str, resource: str) -> float | None:
    name = {"db pool": "db_pool_waiting", "db connections": "locks_waiting"}.get(resource, "")
    found = signals.get((service, name))
    return _lately(found.now) if found else None


def _lately(values: np.ndarray) -> float | None:
    """The median of the last third: a leak is judged by where it has come to."""
    return _middle(values[-max(3, values.size // 3) :])


def _middle(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None
