"""What the telemetry of the incident says and did not say before, in its own words."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from ..analysis.departure import Departure, counts_up, increments, moves
from ..telemetry.model import Series, Window
from .base import Bench, Effect, Table, tool
from .reading import number, table, whole
from .symptom_records import Symptom, log_symptoms
from .symptom_spans import span_symptoms

CLEAR = 6.0
"""Spreads from which a metric has moved."""
LEAST = 1.25
"""Times up or down that it has moved at least."""
CELLS = ("_bucket", "_created")
"""Endings of series that are parts of another metric."""


@tool(Effect.read)
def symptoms(bench: Bench) -> Table[Symptom]:
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
    rows.sort(key=lambda row: -(row.strength or 0.0))
    loudest = f"; loudest: {rows[0].service}: {rows[0].text[:120]}" if rows else ""
    summary = f"{len(rows)} symptoms{loudest}"
    return table(rows, summary, "nothing is new against the baseline", whole(bench))


def windows(bench: Bench) -> tuple[Window, Window]:
    """The part of the past that is surely healthy, and what follows it."""
    baseline, incident = bench.frame.baseline, bench.frame.incident
    middle = (baseline.start + baseline.end) / 2
    return Window(baseline.start, middle), Window(middle, incident.end)


def _metrics(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    incident, series = bench.frame.incident, _series(bench)
    joined = {key: _counted(key[1], *_joined(found)) for key, found in series.items()}
    rows: dict[tuple[str, str], Symptom] = {}
    for keys, ts in _together(joined):
        if ts.size and ts[0] > after.start:  # they did not exist before
            continue
        values = np.vstack([joined[key][1] for key in keys])
        found = moves(values, ts < before.end, (ts >= incident.start) & (ts < incident.end))
        for key, one in zip(keys, found, strict=True):
            if one and one.score >= CLEAR and _much(one):
                rows[key] = _row(*key, one, ts)
    return (rows[key] for key in joined if key in rows)


def _counted(name: str, ts: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A counter as what it adds."""
    if name.endswith(("_total", "_count", "_sum")) and counts_up(values):
        return ts, increments(values)
    return ts, values


def _together(
    joined: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]],
) -> list[tuple[list[tuple[str, str]], np.ndarray]]:
    """Metrics that were measured at the same times, and these: one sum does for all of them."""
    groups: dict[bytes, list[tuple[str, str]]] = defaultdict(list)
    for key, (ts, _) in joined.items():
        groups[ts.tobytes()].append(key)
    return [(keys, joined[keys[0]][0]) for keys in groups.values()]


def _series(bench: Bench) -> dict[tuple[str, str], list[Series]]:
    names = sorted({name for _, name in bench.telemetry.metric_names()})
    names = [name for name in names if not name.endswith(CELLS)]
    groups: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in bench.telemetry.metrics(whole(bench), names):
        groups[series.service, series.name].append(series)
    return groups


def _joined(series: list[Series]) -> tuple[np.ndarray, np.ndarray]:
    """Instances and labels as one: the sum at each time."""
    ts = series[0].ts
    if all(np.array_equal(ts, item.ts) for item in series[1:]):
        return ts, np.sum([item.values for item in series], axis=0)
    ts = np.unique(np.concatenate([item.ts for item in series]))
    total = np.zeros(ts.size)
    for item in series:
        total += np.interp(ts, item.ts, item.values) if item.ts.size else 0.0
    return ts, total


def _much(found: Departure) -> bool:
    return found.ratio is None or not 1 / LEAST < found.ratio < LEAST


def _row(service: str, name: str, found: Departure, ts: np.ndarray) -> Symptom:
    first = float(ts[found.first]) if found.first is not None else None
    return Symptom(
        service=service,
        source="metric",
        text=name,
        strength=0.6,
        before=number(found.before),
        now=number(found.now),
        ratio=number(found.ratio, 3),
        first=number(first),
    )
