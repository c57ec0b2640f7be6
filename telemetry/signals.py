"""Canonical signals: the same names and units for every service, on one grid.

Counters are rates over a trailing window of a few scrapes, so that a share of few requests does
not jump between 0 and 1. Where a service exposes no request metrics its spans stand in, and the
signal says so: its own spans of requests and jobs are best; one that leaves none (a database, a
provider) is seen through its callers' client spans.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..analysis.quantiles import window_quantiles
from ..analysis.requests.tables import SERVING, SpanTable
from .board import Board, boards
from .grid import Grid, by_instance, grid_step
from .model import Series, Window
from .recipes import uncounted
from .recording import Recording
from .signal_catalogue import CATALOGUE, SignalDefinition, SignalName, definition

RATE_CELLS = 5
"""Scrapes that a rate looks back over by default."""
SILENCE_S = 90.0
"""How far back a service must have been seen for its silence to count as down."""


@dataclass(frozen=True)
class Signal:
    """One signal of one service on a grid."""

    service: str
    name: str
    start: float
    step: float
    values: np.ndarray  # shape (cells,), NaN where unknown
    source: str = "metrics"  # metrics, spans, callers, backend (its own computation)
    events: np.ndarray | None = None  # how many events each value rests on, where that matters

    @property
    def known(self) -> SignalDefinition:
        """What the catalogue knows about it."""
        return definition(self.name)

    @property
    def unit(self) -> str:
        """One of Unit; empty where it is not known."""
        return self.known.unit

    @property
    def ts(self) -> np.ndarray:
        """Begin of each cell, unix seconds."""
        return self.start + self.step * np.arange(self.values.size)

    def within(self, window: Window) -> np.ndarray:
        """The values of the cells that begin inside a window."""
        return self.values[(self.ts >= window.start - 1e-6) & (self.ts < window.end - 1e-6)]


def read_signals(
    telemetry: Recording,
    window: Window,
    services: list[str] | None = None,
    names: list[str] | None = None,
    rate_s: float | None = None,
) -> list[Signal]:
    """Every signal that the telemetry can give inside a window, by service and name. Their arrays
    are shared: never written into.

    Args:
        telemetry: where raw series come from.
        window: the time range; one cell a scrape interval.
        services: only these; default all that were seen.
        names: only these signals; default all.
        rate_s: seconds that rates look back over; default five scrapes.
    """
    key = ("signals", window, _tuple(services), _tuple(names), rate_s)
    return list(telemetry.remember(key, lambda: _read(telemetry, window, services, names, rate_s)))


def _tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _read(
    telemetry: Recording,
    window: Window,
    services: list[str] | None,
    names: list[str] | None,
    rate_s: float | None,
) -> list[Signal]:
    asked = [known for known in CATALOGUE.values() if names is None or known.name in names]
    own = {known.computed for known in asked}
    wanted = sorted(own.union(*(known.recipe.needs for known in asked)))
    early = Window(window.start - SILENCE_S, window.end)
    alive = telemetry.metrics(early, [SignalName.up], services)
    step = grid_step(alive or telemetry.metrics(window, wanted, services), window)
    width = max(1, round(rate_s / step)) if rate_s else RATE_CELLS
    grid = Grid.over(window, step)
    longer = grid.earlier(width + 2)
    raw = telemetry.metrics(Window(longer.start, longer.end), wanted, services)
    found = _from_metrics(boards(telemetry, raw, longer, width), asked)
    found += _from_spans(telemetry, found, longer, width, services=services, names=names)
    if names is None or SignalName.up in names:
        found += _up(alive, [one for one in raw if one.name not in own], grid)
    cut = [_cut(signal, grid) for signal in found]
    kept = [signal for signal in cut if np.isfinite(signal.values).any()]
    return sorted(kept, key=lambda signal: (signal.service, signal.name))


def _from_metrics(found: dict[str, Board], asked: list[SignalDefinition]) -> list[Signal]:
    signals = []
    for name, board in found.items():
        grid = board.grid
        for known in asked:
            made, source = known.recipe.compute(board), "metrics"
            if made is None:
                made, source = uncounted(board.highest(known.computed)), "backend"
            if made is not None:
                values, events = made
                shape = (name, known.name, grid.start, grid.step)
                signals.append(Signal(*shape, values, source, events))
    return signals


def _from_spans(
    telemetry: Recording,
    known: list[Signal],
    grid: Grid,
    width: int,
    *,
    services: list[str] | None,
    names: list[str] | None,
) -> list[Signal]:
    """Signals of services whose metrics have no request counters; a sample tells no rates."""
    sampled = {SignalName.request_rate} if "traces" in telemetry.sampled else set()
    wanted = [name for name in SPAN_SIGNALS if names is None or name in names]
    wanted = [name for name in wanted if name not in sampled]
    if not wanted:
        return []
    have = {(signal.service, signal.name) for signal in known}
    candidates = known_services(telemetry) if services is None else services
    missing = {name for name in candidates if any((name, signal) not in have for signal in wanted)}
    signals = []
    spans = telemetry.needing(shares=["traces"])
    table = spans.span_table(Window(grid.start, grid.end), linked=False)
    for service, view in span_views(table, missing).items():
        for name, (cells, events) in span_cells(view, grid, width).items():
            if name in wanted and (service, name) not in have:
                shape = (service, name, grid.start, grid.step, cells)
                signals.append(Signal(*shape, view.source, events))
    return signals


def known_services(telemetry: Recording) -> list[str]:
    """Services of the catalogue first, then those that only telemetry knows."""
    named = [service.name for service in telemetry.catalogue().services if service.listed]
    seen = {service for service, _ in telemetry.metric_names() if service}
    return named + sorted(seen - set(named))


def _up(alive: list[Series], raw: list[Series], grid: Grid) -> list[Signal]:
    longer = grid.earlier(round(SILENCE_S / grid.step))
    series: dict[str, list[Series]] = {item.service: [] for item in (*raw, *alive)}
    known = {item.service for item in alive}
    for item in (*(one for one in raw if one.service not in known), *alive):
        series[item.service].append(item)
    cells = up_cells(series, longer)
    return [Signal(name, SignalName.up, longer.start, grid.step, cells[name]) for name in cells]


def _cut(signal: Signal, grid: Grid) -> Signal:
    """The part of a signal that lies on the grid asked for."""
    skip = round((grid.start - signal.start) / grid.step)
    events = None if signal.events is None else signal.events[skip:]
    return replace(signal, start=grid.start, values=signal.values[skip:], events=events)


def up_cells(series: dict[str, list[Series]], grid: Grid) -> dict[str, np.ndarray]:
    """Share of each service's instances that answer, per cell; NaN while nobody recorded.

    An instance that never answered while others of its service did is a spare and left out. One
    whose samples stop while others of its service go on was taken away; a service whose samples
    all stop while other services are still recorded is down.

    Args:
        series: `up` series by service, or any others where a service has none.
        grid: should begin well before the window of interest, so that silence is noticed.
    """
    rows = {name: _instances(items, grid) for name, items in series.items()}
    recording = np.zeros(grid.cells, bool)
    for cells in rows.values():
        recording |= np.isfinite(cells).any(axis=0)
    return {name: _share(cells, recording) for name, cells in rows.items()}


def _instances(items: list[Series], grid: Grid) -> np.ndarray:
    flags = {
        key: np.where(np.isfinite(cells), (cells > 0).astype(float), np.nan)
        for key, cells in by_instance(_as_flags(items), grid).items()
    }
    rows = np.vstack(list(flags.values()))
    answered = np.nanmax(np.nan_to_num(rows), axis=1) > 0
    return rows[answered] if answered.any() else rows


def _as_flags(items: list[Series]) -> list[Series]:
    """Samples of other metrics say only that the instance answered."""
    return [
        item
        if item.name == SignalName.up
        else Series(SignalName.up, item.service, item.instance, {}, item.ts, np.ones(item.ts.size))
        for item in items
    ]


def _share(rows: np.ndarray, recording: np.ndarray) -> np.ndarray:
    seen = np.isfinite(rows)
    count = seen.sum(axis=0)
    with np.errstate(invalid="ignore"):
        share = np.where(count > 0, np.nansum(rows, axis=0) / np.maximum(count, 1), np.nan)
    started = np.cumsum(count) > 0
    return np.where((count == 0) & started & recording, 0.0, share)


SPAN_SIGNALS = (
    SignalName.request_rate,
    SignalName.error_rate,
    SignalName.latency_p50,
    SignalName.latency_p95,
)


@dataclass(frozen=True)
class SpanView:
    """The spans of one service that count as its requests, and whose they are."""

    source: str  # spans, callers
    ends: np.ndarray  # shape (n,), unix seconds
    ms: np.ndarray  # shape (n,), durations
    failed: np.ndarray  # shape (n,), bool


def span_views(table: SpanTable, services: set[str]) -> dict[str, SpanView]:
    """The spans that stand for each service's requests; services without any are left out."""
    own = [op.service if op.kind in SERVING else "" for op in table.ops]
    seen = [op.peer if op.kind == "client" else "" for op in table.ops]
    return {
        name: SpanView(source, table.end[rows], table.ms[rows], table.error[rows])
        for source, names in (("callers", seen), ("spans", own))
        for name, rows in _rows(table, names, services).items()
    }


def _rows(table: SpanTable, names: list[str], wanted: set[str]) -> dict[str, np.ndarray]:
    """Rows by the name of their kind of work, for names that are wanted."""
    different = sorted(wanted.intersection(names) - {""})
    number = {name: i for i, name in enumerate(different)}
    group = np.array([number.get(name, -1) for name in names], np.int64)[table.op]
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(len(different) + 1))
    parts = {name: order[bounds[i] : bounds[i + 1]] for name, i in number.items()}
    return {name: rows for name, rows in parts.items() if rows.size}


def span_cells(view: SpanView, grid: Grid, width: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(values, events) per signal; each cell looks at the spans that ended in the last `width`."""
    order = np.argsort(view.ends, kind="stable")
    ends, seconds = view.ends[order], view.ms[order] / 1000
    upper = np.searchsorted(ends, grid.ts + grid.step)
    lower = np.searchsorted(ends, grid.ts + grid.step - width * grid.step)
    events = (upper - lower).astype(float)
    bad = np.concatenate([[0.0], np.cumsum(view.failed[order], dtype=float)])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(events > 0, (bad[upper] - bad[lower]) / events, np.nan)
    p50, p95 = window_quantiles(seconds, lower, upper, (0.5, 0.95))
    values = (events / (width * grid.step), share, p50, p95)
    return {name: (cells, events) for name, cells in zip(SPAN_SIGNALS, values, strict=True)}
