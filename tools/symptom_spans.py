"""Spans as symptoms: operations that fail or got slow, and figures of theirs that moved.

Spans come as columns; only those that are quoted or carry figures are read whole.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ..analysis.requests.tables import Ints, SpanTable
from ..telemetry.model import Span, Window
from .base import Bench
from .reading import cut
from .symptom_records import LONGEST, Symptom, flat, row, written

SLOWER = 1.5
"""Times the usual duration from which an operation is a symptom."""
MOVED = 2.0
"""Times up or down from which a figure of an operation is one."""
NO_FIGURES = ("id", "code", "offset", "partition", "port", "line", "pid", "status")
"""Last words of names whose numbers measure nothing."""
Operation = tuple[str, str]
"""Service and name."""
Figures = dict[str, list[float]]
"""Values by the attribute's name."""
ENDLESS = 1e15
"""Numbers from here on are sentinels and keys, no figures."""


@dataclass(frozen=True)
class _Spans:
    """All spans of a window, what each operation did, and its figures."""

    bench: Bench
    table: SpanTable
    rows: dict[Operation, Ints]
    figures: dict[Operation, Figures]

    @classmethod
    def of(cls, bench: Bench, window: Window) -> "_Spans":
        table = bench.telemetry.span_table(window, linked=False)
        return cls(bench, table, _by_operation(table), _figures(bench, window))

    def record(self, number: int) -> Span:
        """The whole span of a row."""
        return self.bench.telemetry.spans_of(self.table, np.array([number]))[0]

    def mean_ms(self, operation: Operation) -> float:
        return fmean(self.table.ms[self.rows[operation]].tolist())

    def failed(self, operation: Operation) -> tuple[Ints, float]:
        """Rows of failed spans, and their share; of an operation that was not seen none."""
        rows = self.rows.get(operation, np.zeros(0, np.int64))
        bad = rows[self.table.error[rows]]
        return bad, bad.size / max(1, rows.size)


def span_symptoms(bench: Bench, before: Window, after: Window) -> Iterator[Symptom]:
    """Operations that fail or are slow and were not, and figures of spans that moved."""
    then, now = _Spans.of(bench, before), _Spans.of(bench, after)
    for operation in now.rows:
        yield from _failing(operation, then, now)
        yield from _slower(operation, then, now)
        yield from _moved(operation, then, now)


def _failing(operation: Operation, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    (failed, share), (_, share_before) = now.failed(operation), then.failed(operation)
    if not failed.size or share <= 2 * share_before:
        return
    service, name = operation
    span = now.record(failed[0])
    text = f"{name} fails: {span.status_message}{written(span.attributes)}"
    yield row(service, "span", cut(text, LONGEST), 0.9, share_before, share, span.start)


def _slower(operation: Operation, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    if operation not in then.rows:
        return
    old, new = then.mean_ms(operation), now.mean_ms(operation)
    if new >= SLOWER * old:
        service, name = operation
        rows = now.rows[operation]
        slowest = now.record(rows[np.argmax(now.table.ms[rows])])
        text = cut(f"{name} is slow{written(slowest.attributes)}", LONGEST)
        yield row(service, "span", text, 0.6, old, new, slowest.start)


def _moved(operation: Operation, then: _Spans, now: _Spans) -> Iterator[Symptom]:
    old, new = then.figures.get(operation, {}), now.figures.get(operation, {})
    service, name = operation
    first = float(now.table.start[now.rows[operation][0]])
    for key in sorted(old.keys() & new.keys()):
        was, is_ = fmean(old[key]), fmean(new[key])
        if is_ >= MOVED * max(was, 1e-9) or was >= MOVED * max(is_, 1e-9):
            yield row(service, "figure", f"{key} of {name}", 0.6, was, is_, first)


def _by_operation(table: SpanTable) -> dict[Operation, Ints]:
    """Rows of each operation, those first that were seen first."""
    different = list(dict.fromkeys((op.service, op.name) for op in table.ops))
    number = {operation: i for i, operation in enumerate(different)}
    group = np.array([number[op.service, op.name] for op in table.ops], np.int64)[table.op]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.searchsorted(group[order], np.arange(1, len(different))))
    parts = sorted((rows for rows in parts if rows.size), key=lambda rows: rows[0])
    return {different[group[rows[0]]]: rows for rows in parts}


def _figures(bench: Bench, window: Window) -> dict[Operation, Figures]:
    """Values of the numeric attributes; identifiers, codes and offsets are no figures."""
    found: dict[Operation, Figures] = defaultdict(lambda: defaultdict(list))
    for span in bench.telemetry.spans(window, measured_but=NO_FIGURES):
        for key, value in flat(span.attributes).items():
            if _measures(value) and _figure(key):
                found[span.service, span.name][key].append(float(value))
    return found


def _measures(value: object) -> bool:
    """Whether it is a number of a size that measures something."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < ENDLESS


def _figure(key: str) -> bool:
    return key.replace(".", "_").lower().split("_")[-1] not in NO_FIGURES
