"""What the telemetry of the incident says and did not say before, in its own words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from ..analysis.departure import counts_up, increments, moves
from ..analysis.requests.tables import Ints, SpanTable
from ..analysis.template_shift import LogLine, compare_templates
from ..telemetry.model import Series, Span, Window
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, table

LOUD = {"warning": 0.7, "error": 1.0, "critical": 1.0}
LONGEST = 500
Named = tuple[str, str]
"""A service, and an operation or a metric of it."""


@dataclass(frozen=True, slots=True)
class Symptom(Row):
    """Something that telemetry says newly; times in unix seconds."""

    service: str
    source: str  # log, span, figure, metric
    text: str
    strength: float
    before: float | None
    now: float | None
    ratio: float | None
    first: float | None
    until: float | None = None  # the sample after it, where it had begun


@tool(Effect.read, shares=("traces",))
def symptoms(bench: Bench) -> Table[Symptom]:
    """What is new in the incident, by its own names: loud log lines with their attributes,
    operations that fail or got slow, figures of spans, and metrics of any name that moved.

    Compared with the first half of the baseline, since an alert may come long after the fault
    began. `strength` (0..1) says how much a symptom tells, `first` since when (unix seconds).
    """
    baseline, incident = bench.frame.baseline, bench.frame.incident
    middle = (baseline.start + baseline.end) / 2  # before it all was surely healthy
    windows = Window(baseline.start, middle), Window(middle, incident.end)
    rows = [*_logs(bench, *windows), *_operations(bench, *windows), *_metrics(bench, *windows)]
    rows.sort(key=lambda row: -(row.strength or 0.0))
    loudest = f"; loudest: {rows[0].service}: {rows[0].text[:120]}" if rows else ""
    summary = f"{len(rows)} symptoms{loudest}"
    return table(rows, summary, "nothing is new against the baseline", bench.frame.whole)


def _symptom(
    named: Named,
    source: str,
    strength: float,
    before: float,
    now: float,
    first: float | None,
    until: float | None = None,
) -> Symptom:
    service, text = named
    return Symptom(
        service=service,
        source=source,
        text=text,
        strength=number(strength, 3) or 0.0,
        before=number(before),
        now=number(now),
        ratio=number(now / before, 3) if before else None,
        first=number(first),
        until=number(until),
    )


def _logs(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    """Warnings and errors that are new or surge, each with the attributes of one line."""
    then, now = (bench.telemetry.logs(window, None, [*LOUD]) for window in (before, after))
    old, new = ([LogLine(log.service, log.level, log.message) for log in w] for w in (then, now))
    for shift in compare_templates(old, new, max(before.seconds, 1e-3), max(after.seconds, 1e-3)):
        if shift.kind == "vanished" or shift.first is None:
            continue
        line = now[shift.first]
        strength = LOUD[line.level] * (1.0 if shift.after >= 3 else 0.6)
        named = line.service, _quoted(line.message, line.attributes)
        yield _symptom(named, "log", strength, shift.before, shift.after, line.ts)


def _quoted(text: str, attributes: Mapping[str, Any]) -> str:
    """A text with the attributes that follow it, where there are any."""
    told = [f"{key}={cut(value, 300)}" for key, value in _flat(attributes).items()]
    return cut(f"{text} [{' '.join(told)}]" if told else text, LONGEST)


def _flat(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Attributes with nested objects spelled out by dots."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


SLOWER = 1.5
"""Times the usual duration from which an operation is a symptom."""
MOVED = 2.0
"""Times up or down from which a figure of an operation is one."""
NO_FIGURES = ("id", "code", "offset", "partition", "port", "line", "pid", "status")
"""Last words of names whose numbers measure nothing."""
ENDLESS = 1e15
"""Numbers from here on are sentinels and keys, no figures."""
Figures = dict[str, list[float]]
"""Values by the attribute's name."""


@dataclass(frozen=True)
class _Spans:
    """All spans of a window as columns, what each operation did, and its figures. Only those that
    are quoted or carry figures are read whole."""

    bench: Bench
    table: SpanTable
    rows: dict[Named, Ints]
    figures: dict[Named, Figures]

    @classmethod
    def of(cls, bench: Bench, window: Window) -> "_Spans":
        table = bench.telemetry.span_table(window, linked=False)
        return cls(bench, table, _by_operation(table), _figures(bench, window))

    def record(self, number: int) -> Span:
        """The whole span of a row."""
        return self.bench.telemetry.spans_of(self.table, np.array([number]))[0]

    def mean_ms(self, operation: Named) -> float:
        return fmean(self.table.ms[self.rows[operation]].tolist())

    def failed(self, operation: Named) -> tuple[Ints, float]:
        """Rows of failed spans, and their share; of an operation that was not seen none."""
        rows = self.rows.get(operation, np.zeros(0, np.int64))
        bad = rows[self.table.error[rows]]
        return bad, bad.size / max(1, rows.size)


def _operations(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    """Operations that fail or are slow and were not, and figures of spans that moved."""
    then, now = _Spans.of(bench, before), _Spans.of(bench, after)
    for operation in now.rows:
        yield from _failing(operation, then, now)
        yield from _slower(operation, then, now)
        yield from _moved(operation, then, now)


def _failing(operation: Named, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    (failed, share), (_, share_before) = now.failed(operation), then.failed(operation)
    if not failed.size or share <= 2 * share_before:
        return
    service, name = operation
    span = now.record(failed[0])
    named = service, _quoted(f"{name} fails: {span.status_message}", span.attributes)
    yield _symptom(named, "span", 0.9, share_before, share, span.start)


def _slower(operation: Named, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    if operation not in then.rows:
        return
    old, new = then.mean_ms(operation), now.mean_ms(operation)
    if new >= SLOWER * old:
        service, name = operation
        rows = now.rows[operation]
        slowest = now.record(rows[np.argmax(now.table.ms[rows])])
        named = service, _quoted(f"{name} is slow", slowest.attributes)
        yield _symptom(named, "span", 0.6, old, new, slowest.start)


def _moved(operation: Named, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    old, new = then.figures.get(operation, {}), now.figures.get(operation, {})
    service, name = operation
    first = float(now.table.start[now.rows[operation][0]])
    for key in sorted(old.keys() & new.keys()):
        was, is_ = fmean(old[key]), fmean(new[key])
        if is_ >= MOVED * max(was, 1e-9) or was >= MOVED * max(is_, 1e-9):
            yield _symptom((service, f"{key} of {name}"), "figure", 0.6, was, is_, first)


def _by_operation(table: SpanTable) -> dict[Named, Ints]:
    """Rows of each operation, those first that were seen first."""
    different = list(dict.fromkeys((op.service, op.name) for op in table.ops))
    number = {operation: i for i, operation in enumerate(different)}
    group = np.array([number[op.service, op.name] for op in table.ops], np.int64)[table.op]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.searchsorted(group[order], np.arange(1, len(different))))
    parts = sorted((rows for rows in parts if rows.size), key=lambda rows: rows[0])
    return {different[group[rows[0]]]: rows for rows in parts}


def _figures(bench: Bench, window: Window) -> dict[Named, Figures]:
    """Values of the numeric attributes; identifiers, codes and offsets are no figures."""
    found: dict[Named, Figures] = defaultdict(lambda: defaultdict(list))
    for span in bench.telemetry.spans(window, measured_but=NO_FIGURES):
        for key, value in _flat(span.attributes).items():
            if _measures(key, value):
                found[span.service, span.name][key].append(float(value))
    return found


def _measures(key: str, value: object) -> bool:
    """Whether it is a number of a size that measures something, and no identifier."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) >= ENDLESS:
        return False
    return key.replace(".", "_").lower().split("_")[-1] not in NO_FIGURES


CLEAR = 6.0
"""Spreads from which a metric has moved."""
LEAST = 1.25
"""Times up or down that it has moved at least."""
CELLS = ("_bucket", "_created")
"""Endings of series that are parts of another metric."""


def _metrics(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    """Metrics of any name that moved, instances and labels as one."""
    incident, joined = bench.frame.incident, _joined(bench)
    rows: dict[Named, Symptom] = {}
    for keys in _together(joined):
        ts = joined[keys[0]][0]
        if ts.size and ts[0] > after.start:  # they did not exist before
            continue
        values = np.vstack([joined[key][1] for key in keys])
        found = moves(values, ts < before.end, (ts >= incident.start) & (ts < incident.end))
        for key, one in zip(keys, found, strict=True):
            little = one and one.ratio is not None and 1 / LEAST < one.ratio < LEAST
            if one and one.score >= CLEAR and not little:
                between = [None, None] if one.first is None else ts[one.first :][:2].tolist()
                rows[key] = _symptom(key, "metric", 0.6, one.before, one.now, *between)
    return (rows[key] for key in joined if key in rows)


def _joined(bench: Bench) -> dict[Named, tuple[np.ndarray, np.ndarray]]:
    """Times and values of each metric; a counter as what it adds."""
    names = sorted({name for _, name in bench.telemetry.metric_names() if not name.endswith(CELLS)})
    groups: dict[Named, list[Series]] = defaultdict(list)
    for series in bench.telemetry.metrics(bench.frame.whole, names):
        groups[series.service, series.name].append(series)
    joined = {}
    for key, series in groups.items():
        ts, values = _summed(series)
        counts = key[1].endswith(("_total", "_count", "_sum")) and counts_up(values)
        joined[key] = ts, increments(values) if counts else values
    return joined


def _summed(series: list[Series]) -> tuple[np.ndarray, np.ndarray]:
    """The sum at each time that one of them has."""
    ts = series[0].ts
    if all(np.array_equal(ts, item.ts) for item in series[1:]):
        return ts, np.sum([item.values for item in series], axis=0)
    ts = np.unique(np.concatenate([item.ts for item in series]))
    total = np.zeros(ts.size)
    for item in series:
        total += np.interp(ts, item.ts, item.values) if item.ts.size else 0.0
    return ts, total


def _together(joined: dict[Named, tuple[np.ndarray, np.ndarray]]) -> list[list[Named]]:
    """Metrics that were measured at the same times: one sum does for all of them."""
    groups: dict[bytes, list[Named]] = defaultdict(list)
    for key, (ts, _) in joined.items():
        groups[ts.tobytes()].append(key)
    return list(groups.values())
