"""Spans drawn by hand as a table."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from warroom.analysis.requests.tables import Op, SpanTable, span_table


class Span(NamedTuple):
    """One span; "" is the parent of a root, `start` in unix seconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start: float
    duration_ms: float
    error: bool = False
    peer: str = ""


def table_of(spans: Iterable[Span]) -> SpanTable:
    """A table of these spans, whose keys are in order of trace and span id."""
    spans = list(spans)
    ops = sorted({Op(s.service, s.name, s.peer, s.kind) for s in spans})
    ids = sorted({(s.trace_id, one) for s in spans for one in (s.span_id, s.parent_id) if one})
    key = {one: number for number, one in enumerate(ids, 1)}
    traces = sorted({s.trace_id for s in spans})
    return span_table(
        ops,
        np.array([ops.index(Op(s.service, s.name, s.peer, s.kind)) for s in spans], np.int64),
        np.array([traces.index(s.trace_id) for s in spans], np.int64),
        np.array([key[s.trace_id, s.span_id] for s in spans], np.uint64),
        np.array([key.get((s.trace_id, s.parent_id), 0) for s in spans], np.uint64),
        start=np.array([s.start for s in spans], float),
        ms=np.array([s.duration_ms for s in spans], float),
        error=np.array([s.error for s in spans], bool),
    )
