"""When it began: the first moment the worst signals left their healthy band."""

import numpy as np

from ..analysis.changepoint import last_departure
from .clues import Clues

STRONGEST = 4
"""Signals looked at closely."""
COMPARABLE = 0.5
"""Signals that score at least this share of the strongest one: weaker ones may be chance."""
POINTS = 240


def find_onset(clues: Clues) -> float | None:
    """Unix seconds, or None when nothing left its band.

    The strongest anomalies are followed back from the baseline's start, because an alert fires
    only after its window has filled: the true onset may lie before the incident window.
    """
    worse = [row for row in clues.signals.rows if row["worse"]]
    top = max((row["score"] or 0 for row in worse), default=0.0)
    rows = [row for row in worse if (row["score"] or 0) >= COMPARABLE * top][:STRONGEST]
    found = [at for row in rows if (at := _departure(clues, row)) is not None]
    return min(found, default=None)


def _departure(clues: Clues, row: dict) -> float | None:
    series = clues.ask("signal_series", service=row["service"], signal=row["signal"], points=POINTS)
    if row["baseline"] is None or row["current"] is None:
        return row["onset"]
    ts = np.array([point["ts"] for point in series.rows], float)
    values = np.array([point["value"] for point in series.rows], float)
    index = last_departure(values, row["baseline"], row["current"])
    return float(ts[index]) if index is not None else row["onset"]
