"""Objectives against what telemetry says."""

from dataclasses import dataclass, replace

import numpy as np

from ..analysis.slo import BurnRule, budget_left, burn_rate, multiwindow
from ..telemetry.model import Objective, Window
from ..telemetry.objectives import Counted, count_objectives
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table, whole

FAST_SHARE = 1 / 3
"""The fast window is the last third of the incident, the slow one all of it."""


@dataclass(frozen=True, slots=True)
class ObjectiveState(Row):
    """One objective in the incident: requests, and burn rates in times of what is allowed."""

    service: str
    name: str
    sli: str
    objective: float
    current: float | None = None
    good: int | None = None
    total: int | None = None
    burn_fast: float | None = None
    burn_slow: float | None = None
    budget_left: float | None = None
    breached: bool = False


@tool(Effect.read)
def slo_state(bench: Bench) -> Table[ObjectiveState]:
    """Every objective of the catalogue: share of good requests in the incident, burn rates over
    its last third and over all of it, budget left. Breached ones first, then by burn rate.

    The budget is that of the objective's window at the baseline's rate of traffic.
    """
    window, frame = whole(bench), bench.frame
    counted = count_objectives(bench.telemetry, window)
    catalogue = bench.telemetry.catalogue()
    rows = []
    for service in catalogue.services:
        for objective in service.slos:
            found = counted.get((service.name, objective.name))
            rows.append(_row(service.name, objective, found, frame.incident))
    rows.sort(key=lambda row: (not row.breached, -(row.burn_slow or 0.0)))
    broken = [f"{row.service} {row.name}" for row in rows if row.breached]
    summary = f"{len(broken)} of {len(rows)} objectives are missed"
    summary += f": {', '.join(broken[:6])}" if broken else ""
    return table(rows, summary, "the catalogue promises no objectives", frame.incident)


def _row(
    service: str, objective: Objective, found: Counted | None, incident: Window
) -> ObjectiveState:
    promised = ObjectiveState(service, objective.name, objective.sli, objective.objective)
    if found is None:
        return promised
    inside = (found.ts > incident.start) & (found.ts <= incident.end)
    good, total = float(np.nansum(found.good[inside])), float(np.nansum(found.total[inside]))
    slow = burn_rate(good, total, objective.objective)
    rule = BurnRule("", incident.seconds, incident.seconds * FAST_SHARE, 1.0)
    series = (found.ts, found.good, found.total)
    [burn] = multiwindow(*series, objective.objective, incident.end, rules=[rule])
    current = good / total if total > 0 else None
    return replace(
        promised,
        current=number(current),
        good=round(good),
        total=round(total),
        burn_fast=number(burn.short, 3),
        burn_slow=number(slow, 3),
        budget_left=number(_left(found, objective, incident), 3),
        breached=current is not None and current < objective.objective,
    )


def _left(found: Counted, objective: Objective, incident: Window) -> float | None:
    """Share of the budget left if the rest of the objective's window was perfect."""
    seen = incident.end - float(found.ts[0]) if found.ts.size else 0.0
    if seen <= 0:
        return None
    total = float(np.nansum(found.total)) * max(1.0, objective.window_s / seen)
    bad = float(np.nansum(found.total) - np.nansum(found.good))
    return budget_left(total - bad, total, objective.objective)
