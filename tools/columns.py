"""Spans and their log lines as columns, with the windows that they are compared in."""

from dataclasses import dataclass

import numpy as np

from ..analysis.span_events import Events, events_of
from ..analysis.span_table import NONE, Bools, Op, SpanTable, rows_of, span_table
from ..analysis.wording import statements
from ..telemetry.model import Window
from ..telemetry.span_signals import peer, span_failed
from .base import Bench
from .reading import logs, spans, whole

LOUD = ("error", "critical")


@dataclass(frozen=True)
class Columns:
    """The requests of both windows."""

    table: SpanTable
    traces: tuple[str, ...]
    """Trace ids; the table's numbers point here."""
    began: np.ndarray
    """When each span's request began, unix seconds; shape (n,)."""
    keys: dict[tuple[str, str], int]

    def within(self, window: Window) -> Bools:
        """Spans of the requests that began inside a window."""
        return (self.began >= window.start) & (self.began < window.end)


def columns(bench: Bench) -> Columns:
    """Spans from the begin of the baseline to the end of the incident."""
    found = spans(bench, whole(bench))
    keys = {(s.trace_id, s.span_id): i + 1 for i, s in enumerate(found)}
    traces = list(dict.fromkeys(s.trace_id for s in found))
    number = {name: i for i, name in enumerate(traces)}
    ops: dict[Op, int] = {}
    op = [
        ops.setdefault(Op(s.service, s.name, peer(s) if s.kind == "client" else ""), len(ops))
        for s in found
    ]
    table = span_table(
        list(ops),
        np.array(op, np.int64),
        np.array([number[s.trace_id] for s in found], np.int64),
        np.array([keys[s.trace_id, s.span_id] for s in found], np.uint64),
        np.array([keys.get((s.trace_id, s.parent_id), 0) for s in found], np.uint64),
        start=np.array([s.start for s in found], float),
        ms=np.array([s.duration_ms for s in found], float),
        error=np.array([span_failed(s) for s in found], bool),
    )
    began = np.full(len(traces), np.inf)
    np.minimum.at(began, table.trace, table.start)
    return Columns(table, tuple(traces), began[table.trace], keys)


def events(bench: Bench, found: Columns) -> Events:
    """What the spans did; log lines count for the span that they name."""
    lines = [line for line in logs(bench, whole(bench)) if line.span_id]
    said, label = statements([line.message for line in lines], [line.service for line in lines])
    key = np.array([found.keys.get((line.trace_id, line.span_id), 0) for line in lines], np.uint64)
    row = rows_of(found.table, key)
    loud = np.array([line.level in LOUD for line in lines], bool)
    known = row != NONE
    return events_of(found.table, row[known], label[known], said, loud[known])


def incident_windows(bench: Bench) -> list[Window]:
    """The incident window, and its part since the alert: nobody knows when it began."""
    frame = bench.frame
    since = Window(max(frame.alerted or 0.0, frame.incident.start), frame.incident.end)
    return (
        [frame.incident]
        if since in (frame.incident,) or since.seconds <= 0
        else [frame.incident, since]
    )
