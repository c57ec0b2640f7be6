"""Who is guilty by metrics and the calls between services alone."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..analysis.metrics.case import Complaint
from ..analysis.metrics.suspects import MetricBlame, blame_metrics
from ..analysis.metrics.table import MetricColumn
from ..analysis.series import without_season
from ..telemetry.grid import Grid, add, gauge_rows, grid_step, increase_cells
from ..telemetry.model import Series, Window
from ..telemetry.recording import Recording
from ..telemetry.signal_catalogue import CATALOGUE
from ..telemetry.signals import read_signals
from .base import Bench, Effect, Row, Table, tool
from .reading import by_alert, cut, number, seconds, table
from .requests import listed_calls, requests

MEASURED = ("metrics", "backend")
SHOWN = 30


@dataclass(frozen=True, slots=True)
class MetricSuspect(Row):
    """How far the metrics of one service say that the illness begins with it."""

    service: str
    probability: float | None
    score: float | None  # log-odds
    metric: str
    signal: bool  # whether `metric` is one of compare_signals
    kind: str
    before: float | None
    now: float | None
    reasons_for: str
    reasons_against: str
    not_available: str


@tool(Effect.read)
def metric_blame(bench: Bench) -> Table[MetricSuspect]:
    """Services by how far their metrics say that the illness begins with them.

    Any metric counts, whatever its name: latency, failures, availability, CPU, memory, traffic.
    Illness is followed along the calls from callers to callees; `score` is in log-odds, above 0
    likelier than an unknown cause, `probability` the same against the others. `metric` shows it
    most; `signal` says that it is one of those of compare_signals. Reasons for and against it
    and what was not measured are in words.
    """
    listed = frozenset(listed_calls(bench))
    return by_alert(bench, "metric_blame", lambda: _blamed(bench), listed, bench.frame.tuning)


def _blamed(bench: Bench) -> Table[MetricSuspect]:
    windows = bench.frame.by_alert
    raw = by_alert(bench, "gauges", lambda: gauges(bench.telemetry, *windows))
    made = _signals(bench)
    columns = _on_one_grid(raw, made)
    symptom = _symptom(bench, columns)
    measured = {column.service for column in columns}
    found = blame_metrics(columns, _calls(bench), symptom, bench.frame.tuning) if columns else []
    known = {(column.service, column.name) for column in made}
    rows = [_row(blame, known) for blame in found if blame.service in measured][:SHOWN]
    summary = f"{len(measured)} services measured by {len(columns)} metrics"
    if rows:
        summary += f"; most suspicious {rows[0].service} ({rows[0].probability or 0:.0%})"
    window = Window(windows[0].start, windows[1].end)
    return table(rows, summary, f"no metric of any service in {seconds(window)}", window)


def _signals(bench: Bench) -> list[MetricColumn]:
    """Canonical signals, as far as they are made out of metrics."""
    before, now = bench.frame.by_alert
    window = Window(before.start, now.end)
    return [
        MetricColumn(item.service, item.name, item.within(before), item.within(now))
        for item in read_signals(bench.telemetry, window)
        if item.source in MEASURED
    ]


def _on_one_grid(raw: list[MetricColumn], made: list[MetricColumn]) -> list[MetricColumn]:
    """All columns, as long as the raw ones."""
    if not raw:
        return made
    sizes = raw[0].before.size, raw[0].now.size
    return raw + [
        MetricColumn(c.service, c.name, _fitted(c.before, sizes[0]), _fitted(c.now, sizes[1]))
        for c in made
    ]


def _fitted(values: np.ndarray, size: int) -> np.ndarray:
    """The last `size` values; what is missing at the front is unknown."""
    if values.size == size:
        return values
    return np.concatenate([np.full(max(0, size - values.size), np.nan), values])[-size:]


def _calls(bench: Bench) -> set[tuple[str, str]]:
    """Who calls whom, by the catalogue and by spans."""
    spans = requests(bench).table
    child, names = spans.crossings, spans.services
    pairs = np.unique(spans.service[spans.parent[child]] * len(names) + spans.service[child])
    shown = (divmod(pair, len(names)) for pair in pairs.tolist())
    return listed_calls(bench) | {(names[a], names[b]) for a, b in shown}


def _symptom(bench: Bench, columns: list[MetricColumn]) -> Complaint | None:
    """What the alert complains of, where it names a service and a metric that is there."""
    frame = bench.frame
    known = {(column.service, column.name) for column in columns}
    if (frame.service, frame.metric) in known:
        return Complaint(frame.service, frame.metric)
    return None


def _row(blame: MetricBlame, signals: set[tuple[str, str]]) -> MetricSuspect:
    shown = blame.deciding
    return MetricSuspect(
        service=blame.service,
        probability=number(blame.probability, 3),
        score=number(blame.score, 3),
        metric=shown.metric if shown else "",
        signal=bool(shown and (blame.service, shown.metric) in signals),
        kind=str(shown.kind) if shown else "",
        before=number(shown.before) if shown else None,
        now=number(shown.now) if shown else None,
        reasons_for=cut("; ".join(blame.reasons_for), 400),
        reasons_against=cut("; ".join(blame.reasons_against), 400),
        not_available=cut("; ".join(blame.not_available), 200),
    )


COUNTER = re.compile(r"_(?:total|count|sum)$")
NO_MEASURE = re.compile(r"_(?:bucket|info|created)$|^up$")
"""Parts of histograms, descriptions and dates."""


def gauges(telemetry: Recording, baseline: Window, incident: Window) -> list[MetricColumn]:
    """Every metric that no canonical signal is made of and that has a value in either window, by
    service and name, as values on a grid.

    Any exporter's metrics count here, whatever their names: gauges as they are, counters as rates.
    Series of one metric and service are added where they count and averaged where they measure.
    What is usual at their time of the day is taken away.
    """
    used = {
        metric for known in CATALOGUE.values() for metric in (*known.recipe.needs, known.computed)
    }
    names = {name for _, name in telemetry.metric_names()} - used
    wanted = sorted(name for name in names if not NO_MEASURE.search(name))
    if not wanted:
        return []
    read = [telemetry.metrics(window, wanted) for window in (baseline, incident)]
    longer = max(baseline, incident, key=lambda window: window.seconds)
    step = grid_step([series for found in read for series in found], longer)
    then, now = (
        _cells(found, Grid.over(window, step))
        for found, window in zip(read, (baseline, incident), strict=True)
    )
    columns = []
    for key in sorted(then.keys() | now.keys()):
        before, after = (
            part.get(key, np.full(Grid.over(window, step).cells, np.nan))
            for part, window in ((then, baseline), (now, incident))
        )
        times = _times(baseline, before), _times(incident, after)
        columns.append(MetricColumn(*key, *without_season(times[0], before, times[1], after)))
    return columns


def _times(window: Window, values: np.ndarray) -> np.ndarray:
    """Begin of each cell, unix seconds."""
    return window.start + window.seconds / max(1, values.size) * np.arange(values.size)


def _cells(found: list[Series], grid: Grid) -> dict[tuple[str, str], np.ndarray]:
    """Values per cell by service and name."""
    named = [series for series in found if series.service]
    counts = [series for series in named if COUNTER.search(series.name)]
    measures = [series for series in named if not COUNTER.search(series.name)]
    rates = [increase_cells(one, grid, float(one.ts[0])) / grid.step for one in counts]
    summed = _grouped(counts, rates)
    averaged = _grouped(measures, gauge_rows(measures, grid))
    cells = {key: reduce(add, rows) for key, rows in summed.items()}
    return cells | {key: _mean(rows) for key, rows in averaged.items()}


def _grouped(
    series: list[Series], rows: list[np.ndarray]
) -> dict[tuple[str, str], list[np.ndarray]]:
    grouped: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    for one, row in zip(series, rows, strict=True):
        grouped[one.service, one.name].append(row)
    return grouped


def _mean(rows: list[np.ndarray]) -> np.ndarray:
    """Of the rows that are known."""
    if len(rows) == 1:
        return rows[0]
    cells = np.vstack(rows)
    known = np.isfinite(cells).sum(axis=0)
    return np.where(known > 0, np.nansum(cells, axis=0) / np.maximum(1, known), np.nan)
