"""Requests at the edge as metrics count them, for where only a sample of the traces is here."""

import numpy as np

from ..analysis.requests.tables import Floats, Ints
from ..telemetry.model import Window
from ..telemetry.outcomes import answers
from .base import Bench
from .edge_requests import edge_services

ALL = "*"
"""What stands for every route."""
NOBODY, FAILED = "499", "5"
"""Statuses of a request that failed: the client went away, or what begins so."""
Counts = dict[str, Ints]
"""(requests, failed) by route, and of all of them; shape (2,)."""


def edge_counts(bench: Bench) -> tuple[Counts, Counts]:
    """Of the baseline and of the incident; empty where traces are whole, or no metrics count
    answers at the edge by status."""
    if "traces" not in bench.telemetry.sampled:
        return {}, {}
    return _counts(bench, bench.frame.baseline), _counts(bench, bench.frame.incident)


def edge_clock(bench: Bench, window: Window) -> Floats | None:
    """When each request came to the edge, unix seconds, by the cells in which metrics count them;
    None where traces are whole, or nobody counts.

    It never runs slower than in health: of failures that were sought out no more come for more
    requests, and with fewer requests they must not seem to be more.
    """
    if "traces" not in bench.telemetry.sampled:
        return None
    edges = edge_services(bench)
    found = [one for one in answers(bench.telemetry, window) if one.service in edges]
    if not found:
        return None
    cells = np.sum([one.every for one in found], axis=0)
    at = found[0].start + found[0].step * np.arange(cells.size)
    counted = at >= at[np.argmax(cells > 0)]
    healthy = cells[counted & (at < bench.frame.baseline.end)]
    usual = float(healthy.mean()) if healthy.size else 0.0
    return np.repeat(at[counted], np.maximum(cells, usual)[counted].round().astype(np.int64))


def _counts(bench: Bench, window: Window) -> Counts:
    edges, found = edge_services(bench), dict[str, Ints]()
    for one in answers(bench.telemetry, window):
        for status, cells in one.by_status.items() if one.service in edges else ():
            count = round(float(cells.sum()))
            failed = status == NOBODY or status.startswith(FAILED)
            for route in (ALL, one.route):
                known = found.get(route, np.zeros(2, np.int64))
                found[route] = known + np.array([count, count * failed])
    return found
