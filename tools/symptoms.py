"""What the telemetry of the incident says and did not say before, in its own words."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from ..analysis.moved import Move, counts_up, increments, move
from ..telemetry.model import Series, Window
from .base import Bench, Effect, Row, Table, tool
from .reading import attempt, number, table, whole
from .symptom_records import log_symptoms, span_symptoms

CLEAR = 6.0
"""Spreads from which a metric has moved."""
LEAST = 1.25
"""Times up or down that it has moved at least."""
CELLS = ("_bucket", "_created")
"""Endings of series that are parts of another metric."""


@tool(Effect.read)
def symptoms(bench: Bench) -> Table:
    """What is new in the incident, by its own names: loud log lines with their attributes,
    operations that fail or got slow, figures of spans, and metrics of any name that moved.

    Compared with the first half of the baseline, since an alert may come long after the fault
    began. `strength` (0..1) says how much a symptom tells, `first` since when (unix seconds).
    """
    before, after = windows(bench)
    rows = [
        *log_symptoms(bench, before, after),
        *span_symptoms(bench, before, after),
        *_metrics(bench, before, after),
    ]
    rows.sort(key=lambda row: -(row["strength"] or 0.0))
    loudest = f"; loudest: {rows[0]['service']}: {rows[0]['text'][:120]}" if rows else ""
    summary = f"{len(rows)} symptoms{loudest}"
    return table(rows, summary, "nothing is new against the baseline", whole(bench))


def windows(bench: Bench) -> tuple[Window, Window]:
    """The part of the past that is surely healthy, and what follows it."""
    baseline, incident = bench.frame.baseline, bench.frame.incident
    middle = (baseline.start + baseline.end) / 2
    return Window(baseline.start, middle), Window(middle, incident.end)


def _metrics(bench: Bench, before: Window, after: Window) -> Iterator[Row]:
    for (service, name), series in _series(bench).items():
        ts, values = _joined(series)
        if name.endswith(("_total", "_count", "_sum")) and counts_up(values):
            values = increments(values)
        if ts.size and ts[0] > after.start:  # it did not exist before
            continue
        incident = bench.frame.incident
        found = move(values, ts < before.end, (ts >= incident.start) & (ts < incident.end))
        if found and found.score >= CLEAR and _much(found):
            yield _row(service, name, found, ts)


def _series(bench: Bench) -> dict[tuple[str, str], list[Series]]:
    names = sorted({name for _, name in attempt(bench.telemetry.metric_names)})
    names = [name for name in names if not name.endswith(CELLS)]
    groups: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in attempt(lambda: bench.telemetry.metrics(whole(bench), names)):
        groups[series.service, series.name].append(series)
    return groups


def _joined(series: list[Series]) -> tuple[np.ndarray, np.ndarray]:
    """Instances and labels as one: the sum at each time."""
    ts = np.unique(np.concatenate([item.ts for item in series]))
    total = np.zeros(ts.size)
    for item in series:
        total += np.interp(ts, item.ts, item.values) if item.ts.size else 0.0
    return ts, total


def _much(found: Move) -> bool:
    return found.ratio is None or not 1 / LEAST < found.ratio < LEAST


def _row(service: str, name: str, found: Move, ts: np.ndarray) -> Row:
    first = float(ts[found.first]) if found.first is not None else None
    return {
        "service": service,
        "source": "metric",
        "text": name,
        "strength": 0.6,
        "before": number(found.before),
        "now": number(found.now),
        "ratio": number(found.ratio, 3),
        "first": number(first),
    }
