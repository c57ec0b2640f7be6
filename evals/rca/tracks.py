"""What a report draws of a service: the signals that an answer rests on, else what moved most.

Candidates are its metrics as shipped, its calls by caller, and its lines of warning. How far one
moved is the largest distance of its incident from its baseline's median, in MADs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...app.charts.tracks import Track, tracks
from ...telemetry.model import Window
from ...telemetry.recording import Recording
from .answers import calls_from
from .baseline_maths import mad_distance

MOST = 2
CELLS = 240
"""Points of a line at the most: calls and log lines are counted over so many cells."""
ROWS = 100_000
FEWEST = 3
"""Healthy values from which a distance says anything."""
CALLS = """
SELECT CAST(floor((s."start" - {start}) / {step}) AS INTEGER) AS cell,
    coalesce(any_value(p.service), '') AS caller, avg(s.duration_ms) AS ms,
    avg(CASE WHEN lower(s.status) = 'error' THEN 1.0 ELSE 0.0 END) AS errors
FROM traces s LEFT JOIN traces p ON p.trace_id = s.trace_id AND p.span_id = s.parent_id
WHERE s.service = '{service}' AND s.kind = 'server' GROUP BY cell, p.service
"""
LINES = """
SELECT CAST(floor((ts - {start}) / {step}) AS INTEGER) AS cell, count(*) AS lines FROM logs
WHERE service = '{service}' AND lower(level) IN ('warn', 'warning', 'error', 'fatal', 'critical')
GROUP BY cell
"""


@dataclass(frozen=True)
class Times:
    """What is drawn of a case, unix seconds."""

    start: float
    begin: float  # of the incident window
    detected: float
    end: float
    step: float

    @property
    def cells(self) -> np.ndarray:
        """Begin of each cell."""
        return np.arange(self.start, self.end, self.step)

    @property
    def window(self) -> Window:
        """All of it."""
        return Window(self.start, self.end)


def drawn(
    bundle: Recording, service: str, cited: list[tuple[str, str]], times: Times
) -> list[Track]:
    """At most MOST tracks of a service: those that are cited, then those that moved most."""
    found = [*_metrics(bundle, service, times), *_calls(bundle, service, times)]
    found += _lines(bundle, service, times)
    known = {track.signal for track in found}
    named = [signal for whose, signal in cited if whose == service]
    canonical = [(service, signal) for signal in named if signal not in known]
    found = tracks(bundle, times.window, canonical[:MOST]) + found

    def order(track: Track) -> tuple[bool, float]:
        told = any(track.signal.startswith(signal) for signal in named)
        return not told, -moved(track, times.begin)

    return sorted(found, key=order)[:MOST]


def moved(track: Track, begin: float) -> float:
    """How far its incident lies from its baseline, at the most."""
    ts, values = np.array(track.ts), np.array(track.values)[:, None]
    far = mad_distance(values[ts < begin], values[ts >= begin], FEWEST)
    return float(far.max(initial=0.0))


def _metrics(bundle: Recording, service: str, times: Times) -> Iterator[Track]:
    names = [name for whose, name in bundle.metric_names() if whose == service]
    for one in bundle.metrics(times.window, names, [service]):
        yield Track(service, one.name, "", one.ts.tolist(), one.values.tolist())


def _calls(bundle: Recording, service: str, times: Times) -> Iterator[Track]:
    rows = _asked(bundle, CALLS, service, times)
    for caller in sorted({row["caller"] for row in rows}):
        cells = [row for row in rows if row["caller"] == caller]
        name = calls_from(caller or "outside")
        for key, unit in (("ms", "ms"), ("errors", "share")):
            values = np.full(times.cells.size, np.nan)
            for row in cells:
                values[row["cell"]] = row[key]
            ts = times.cells.tolist()
            yield Track(service, f"{name}, {key}", unit, ts, values.tolist())


def _lines(bundle: Recording, service: str, times: Times) -> Iterator[Track]:
    rows = _asked(bundle, LINES, service, times)
    values = np.zeros(times.cells.size)
    for row in rows:
        values[row["cell"]] = row["lines"]
    if rows:
        ts = times.cells.tolist()
        yield Track(service, "warnings and errors in logs", "", ts, values.tolist())


def _asked(bundle: Recording, query: str, service: str, times: Times) -> list[dict]:
    named = service.replace("'", "''")
    sql = query.format(start=times.start, step=times.step, service=named)
    rows = bundle.query(sql, ROWS).rows
    return [row for row in rows if 0 <= row["cell"] < times.cells.size]
