"""When it began: the first moment the worst signals left their healthy band."""

import numpy as np

from ...analysis.departure import last_departure
from ...telemetry.signal_catalogue import SignalName, definition
from ...tools.shifts import SignalShift, signal_series
from ..causes.observations import Observations
from .anomalies import CLEAR

STRONGEST = 4
"""Signals looked at closely."""
COMPARABLE = 0.5
"""Signals that score at least this share of the strongest one: weaker ones may be chance."""
POINTS = 240


def find_onset(observations: Observations) -> float | None:
    """Unix seconds, or None when nothing left its band.

    The strongest anomalies are followed back from the baseline's start, because an alert fires
    only after its window has filled: the true onset may lie before the incident window.
    """
    rows = _telling([row for row in observations.signals.rows if row.worse])
    found = [at for row in rows if (at := _departure(observations, row)) is not None]
    return min(found, default=None)


def _telling(worse: list[SignalShift]) -> list[SignalShift]:
    """The rows that say when: failures before signals that only drift, strong before weak."""
    top = max(worse, key=lambda row: row.score, default=None)
    if top is None:
        return []
    failures = [row for row in worse if row.signal == SignalName.error_rate]
    errors = [row for row in failures if row.score >= CLEAR]
    if errors and (definition(top.signal).drifts or top in failures):
        worse = errors
    least = COMPARABLE * max(row.score for row in worse)
    return [row for row in worse if row.score >= least][:STRONGEST]


def _departure(observations: Observations, row: SignalShift) -> float | None:
    series = observations.ask(signal_series, service=row.service, signal=row.signal, points=POINTS)
    if row.baseline is None or row.current is None:
        return row.onset
    ts = np.array([point.ts for point in series.rows], float)
    values = np.array([point.value for point in series.rows], float)
    index = last_departure(values, row.baseline, row.current)
    return float(ts[index]) if index is not None else row.onset
