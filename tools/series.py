"""One signal, or any metric as it was recorded, sample by sample."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..analysis.series import counter_increase, telling_points
from ..errors import ToolRetry
from ..telemetry.model import Series, Window
from ..telemetry.signal_catalogue import MEASURED, definition
from ..telemetry.signals import Signal, read_signals
from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .reading import checked, nearest, number, seconds, table
from .times import Moment, between

MOST_SERIES = 12
"""Series of one metric that are shown: those that moved most."""
FEWEST_POINTS = 8
COUNTERS = ("_total", "_count", "_sum", "_bucket")
"""How names of metrics end that only ever grow (Prometheus)."""


@dataclass(frozen=True, slots=True)
class SignalPoint(Row):
    """One value; `ts` in unix seconds. Of a counter, `per_s` is its rate since the point before;
    labels are `name=value`, joined by ", "."""

    service: str
    signal: str
    ts: float | None
    value: float | None
    per_s: float | None
    instance: str
    labels: str


@tool(Effect.read)
def signal_series(
    bench: Bench,
    signal: str,
    service: str = "",
    labels: str = "",
    start: Moment = "",
    end: Moment = "",
    points: int = 60,
) -> Table[SignalPoint]:
    """One signal or any recorded metric over baseline and incident, or from `start` to `end`, at
    the times of its samples; at most `points` a series.

    signal: error_rate, latency_p95, request_rate, … or a metric by the name it is recorded under.
    labels: of a recorded metric only series with these: code=500, route=/pay.
    """
    names = checked(bench, [service]) if service else None
    window = between(bench, start, end, bench.frame.whole)
    rows: list[SignalPoint] = []
    if signal in MEASURED and not labels:
        for found in read_signals(bench.telemetry, window, names, [signal]):
            rows += _points(bench, found, window, max(2, min(points, MAX_ROWS)))
    if rows:
        unit = definition(signal).unit
        summary = f"{signal} of {service or 'every service'} in {unit}, {len(rows)} points"
        return table(rows, summary, "", window)
    return _recorded(bench, signal, names, labels, window, points)


def _points(bench: Bench, found: Signal, window: Window, most: int) -> Iterator[SignalPoint]:
    """The telling values of a signal, each at the sample that it rests on."""
    seen = np.flatnonzero(np.isfinite(found.values))
    times = _sampled(bench, found, window)
    for at in seen[telling_points(found.values[seen], most)].tolist():
        value = number(float(found.values[at]))
        yield SignalPoint(found.service, found.name, number(times[at]), value, None, "", "")


def _sampled(bench: Bench, found: Signal, window: Window) -> list[float]:
    """When the value of each cell was known: at its last sample, else at its end (spans have
    ended by then)."""
    ends = np.minimum(found.ts + found.step, window.end)
    if found.source != "metrics":
        return ends.tolist()
    needs = list(definition(found.name).recipe.needs)
    series = bench.telemetry.metrics(window, needs, [found.service])
    if not series:
        return ends.tolist()
    samples = np.unique(np.concatenate([one.ts for one in series]))
    last = np.searchsorted(samples, found.ts + found.step - 1e-6) - 1
    at = samples[np.maximum(last, 0)]
    return np.where((last >= 0) & (at >= found.ts - 1e-6), at, ends).tolist()


def _recorded(
    bench: Bench,
    metric: str,
    names: list[str] | None,
    labels: str,
    window: Window,
    points: int,
) -> Table[SignalPoint]:
    """A metric as it was recorded: the series that moved most."""
    every = bench.telemetry.metrics(window, [metric], names)
    found = [one for one in every if _labelled(one, _wanted(labels))]
    whose = f" of {names[0]}" if names else ""
    if not every and metric not in MEASURED:
        there = _there(bench, metric, names)
        raise ToolRetry(f"nothing is recorded as {metric!r}{whose}; there is {there}")
    if not found and every:
        raise ToolRetry(f"no series of {metric}{whose} has {labels}; labels are {_labels(every)}")
    shown = sorted(found, key=_moved, reverse=True)[:MOST_SERIES]
    most = max(FEWEST_POINTS, min(points, MAX_ROWS // max(1, len(shown))))
    rows = [point for one in shown for point in _as_recorded(one, most)]
    summary = f"{metric}{whose} as recorded, {len(shown)} series"
    if len(found) > len(shown):
        summary += f" of {len(found)}, those that moved most; labels are {_labels(found)}"
    return table(rows, summary, f"no {metric}{whose} in {seconds(window)}", window)


def _as_recorded(series: Series, most: int) -> Iterator[SignalPoint]:
    growing = series.name.endswith(COUNTERS)
    every = np.linspace(0, series.ts.size - 1, min(most, series.ts.size)).round().astype(int)
    picks = np.unique(every) if growing else telling_points(series.values, most)
    ts, values = series.ts[picks], series.values[picks]
    rates = counter_increase(values) / np.diff(ts, prepend=np.nan) if growing else ts * np.nan
    labels = ", ".join(f"{name}={value}" for name, value in sorted(series.labels.items()))
    for at, value, rate in zip(ts.tolist(), values.tolist(), rates.tolist(), strict=True):
        told = number(at), number(value, 6), number(rate)
        yield SignalPoint(series.service, series.name, *told, series.instance, labels)


def _moved(series: Series) -> float:
    """How much a series changed, beside its own size."""
    values = series.values[np.isfinite(series.values)]
    return float(np.ptp(values) / (np.median(np.abs(values)) + 1e-9)) if values.size else 0.0


def _wanted(labels: str) -> dict[str, str]:
    """Labels as asked for: code=500, route=/pay. Raises ToolRetry."""
    pairs = [part.partition("=") for part in labels.split(",") if part.strip()]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise ToolRetry(f"labels are written name=value, joined by commas, not {labels[:60]!r}")
    return {name.strip(" {"): value.strip(" \"'}") for name, _, value in pairs}


def _labelled(series: Series, wanted: dict[str, str]) -> bool:
    held = {**series.labels, "instance": series.instance, "service": series.service}
    return all(held.get(name) == value for name, value in wanted.items())


def _labels(found: list[Series]) -> str:
    """The values of each label, in words."""
    held: dict[str, set[str]] = {}
    for one in found:
        for name, value in one.labels.items():
            held.setdefault(name, set()).add(value)
    return "; ".join(f"{n} {nearest('', sorted(values))}" for n, values in held.items()) or "none"


def _there(bench: Bench, metric: str, names: list[str] | None) -> str:
    """What can be asked for instead."""
    known = bench.telemetry.metric_names()
    recorded = sorted({name for service, name in known if names in (None, [service])})
    return nearest(metric, [*MEASURED, *recorded])
