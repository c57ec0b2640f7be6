"""When it began: the first moment the worst signals left their healthy band."""

import numpy as np

from ..analysis.changepoint import first_departure
from .clues import Clues

STRONGEST = 4
"""Signals looked at closely."""
POINTS = 240


def find_onset(clues: Clues) -> float | None:
    """Unix seconds, or None when nothing left its band.

    The strongest anomalies are followed back from the baseline's start, because an alert fires
    only after its window has filled: the true onset may lie before the incident window.
    """
    rows = [row for row in clues.signals.rows if row["worse"]][:STRONGEST]
    found = [at for row in rows if (at := _departure(clues, row)) is not None]
    return min(found, default=None)


def _departure(clues: Clues, row: dict) -> float | None:
    series = clues.ask("signal_series", service=row["service"], signal=row["signal"], points=POINTS)
    ts = np.array([point["ts"] for point in series.rows], float)
    values = np.array([_number(point["value"]) for point in series.rows], float)
    healthy = values[ts < clues.case.frame.baseline.end]
    if healthy.size < 4:
        return row["onset"]
    after = ts >= clues.case.frame.baseline.start + 0.3 * clues.case.frame.baseline.seconds
    index = first_departure(healthy, values[after], k=3, width=4.0)
    return float(ts[after][index]) if index is not None else row["onset"]


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
