"""Good and total requests per scrape, as an objective counts them."""

from dataclasses import dataclass

import numpy as np

from ..analysis.quantiles import fraction_below
from .board import Board, boards
from .grid import Grid, grid_step
from .model import Objective, Series, Window
from .recording import Recording
from .signal_catalogue import FAILED, QUEUE_AGE, REQUEST_BUCKETS, REQUESTS
from .signals import span_views
from .tables import OWN

GOOD, ALL = f"{OWN}objective_good", f"{OWN}objective_all"
"""Our metrics of what an objective's own queries counted in a cell, by the label `objective`."""


@dataclass(frozen=True)
class Counted:
    """Requests of one service against one objective: increases per cell."""

    ts: np.ndarray  # end of each cell, unix seconds
    good: np.ndarray
    total: np.ndarray
    source: str  # metrics, spans, callers, queries


Key = tuple[str, str]
"""(service, name of the objective)"""


def count_objectives(telemetry: Recording, window: Window) -> dict[Key, Counted]:
    """Every objective of the catalogue that telemetry can count, inside a window."""
    services = telemetry.catalogue().services
    promised = {
        service.name: [slo for slo in service.slos if not slo.counting]
        for service in services
        if service.slos
    }
    early = Window(window.start - 5, window.end)
    raw = telemetry.metrics(early, [REQUESTS, REQUEST_BUCKETS, QUEUE_AGE], list(promised))
    grid = Grid.over(early, grid_step(raw, early))
    known = boards(telemetry, raw, grid, 1)
    counted = {
        (name, objective.name): found
        for name, board in known.items()
        for objective in promised[name]
        if (found := _from_board(board, objective))
    }
    counted |= _from_spans(telemetry, window, promised, set(counted))
    counted |= _from_queries(telemetry, window, list(promised))
    return {key: _inside(item, window) for key, item in counted.items()}


def _from_board(board: Board, objective: Objective) -> Counted | None:
    grid = board.grid
    if objective.sli == "queue_age":  # a moment is good at which no job waits for longer
        age = board.highest(QUEUE_AGE)
        if age is None or objective.threshold_ms is None:
            return None
        known, young = np.isfinite(age), age <= objective.threshold_ms / 1000
        return Counted(grid.ts + grid.step, young.astype(float), known.astype(float), "metrics")
    total = board.rolled(REQUESTS)
    if objective.sli == "latency":
        found = board.buckets(REQUEST_BUCKETS)
        if found is None or objective.threshold_ms is None:
            return None
        bounds, counts = found
        share = [fraction_below(objective.threshold_ms / 1000, bounds, row) for row in counts.T]
        return Counted(grid.ts + grid.step, np.array(share) * counts[-1], counts[-1], "metrics")
    if total is None:
        return None
    bad = board.rolled(REQUESTS, FAILED)
    part = 0.0 if bad is None else np.nan_to_num(bad.total)
    return Counted(grid.ts + grid.step, total.total - part, total.total, "metrics")


def _from_queries(telemetry: Recording, window: Window, services: list[str]) -> dict[Key, Counted]:
    found = dict[Key, dict[str, Series]]()
    for series in telemetry.metrics(window, [GOOD, ALL], services):
        key = series.service, series.labels.get("objective", "")
        found.setdefault(key, {})[series.name] = series
    return {
        key: Counted(both[ALL].ts, both[GOOD].values, both[ALL].values, "queries")
        for key, both in found.items()
        if both.keys() == {GOOD, ALL} and both[GOOD].ts.size == both[ALL].ts.size
    }


def good_at(events: float, part: float, bad: bool) -> float:
    """Good events of a cell, never more than all: two counters are read a moment apart."""
    return min(events, max(0.0, events - part if bad else part))


def _from_spans(
    telemetry: Recording,
    window: Window,
    promised: dict[str, list[Objective]],
    known: set[Key],
) -> dict[Key, Counted]:
    missing = {
        (name, objective.name): objective
        for name, objectives in promised.items()
        for objective in objectives
        if (name, objective.name) not in known
    }
    if not missing:
        return {}
    spans = telemetry.needing(counts=["traces"]).span_table(window, linked=False)
    views = span_views(spans, {name for name, _ in missing})
    counted = {}
    for key, objective in missing.items():
        view = views.get(key[0])
        if (
            view is None
            or objective.sli == "queue_age"
            or (objective.sli == "latency" and objective.threshold_ms is None)
        ):
            continue
        most = objective.threshold_ms if objective.sli == "latency" else None
        good = (view.ms <= most if most is not None else ~view.failed).astype(float)
        counted[key] = Counted(view.ends, good, np.ones(good.size), view.source)
    return counted


def _inside(counted: Counted, window: Window) -> Counted:
    keep = (counted.ts > window.start) & (counted.ts <= window.end)
    return Counted(counted.ts[keep], counted.good[keep], counted.total[keep], counted.source)
