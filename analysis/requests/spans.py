"""The spans of one request as a table, and its critical path.

Source: Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures"
(USENIX ATC 2022): walk back from the end, always into the child that finished last.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .tables import NONE, Op, SpanTable, span_table


class GraphSpan(NamedTuple):
    """One span, as much of it as analysis needs."""

    trace_id: str
    span_id: str
    parent_id: str
    """"" for a root."""
    service: str
    name: str
    kind: str
    """server, client, internal, producer or consumer."""
    start: float
    """Unix seconds."""
    duration_ms: float
    error: bool = False
    peer: str = ""
    """The called service, as the caller names it (server.address, peer.service)."""


def table_of(spans: Iterable[GraphSpan]) -> SpanTable:
    """A table of these spans, in order of start, then of their ids."""
    spans = sorted(spans, key=lambda span: (span.start, span.span_id))
    ops = sorted({Op(s.service, s.name, s.peer, s.kind) for s in spans})
    ids = sorted({(s.trace_id, one) for s in spans for one in (s.span_id, s.parent_id) if one})
    key = {one: number for number, one in enumerate(ids, 1)}
    op = {one: number for number, one in enumerate(ops)}
    traces = {name: number for number, name in enumerate(sorted({s.trace_id for s in spans}))}
    return span_table(
        ops,
        np.array([op[Op(s.service, s.name, s.peer, s.kind)] for s in spans], np.int64),
        np.array([traces[s.trace_id] for s in spans], np.int64),
        np.array([key[s.trace_id, s.span_id] for s in spans], np.uint64),
        np.array([key.get((s.trace_id, s.parent_id), 0) for s in spans], np.uint64),
        start=np.array([s.start for s in spans], float),
        ms=np.array([s.duration_ms for s in spans], float),
        error=np.array([s.error for s in spans], bool),
    )


def critical_path(table: SpanTable) -> list[int]:
    """Rows of the spans whose shortening would shorten the request, in order of start.

    Of several roots the longest counts. Empty for a table without spans.
    """
    start, end, parent = table.start.tolist(), table.end.tolist(), table.parent.tolist()
    children: defaultdict[int, list[int]] = defaultdict(list)
    for row in sorted(range(len(table)), key=lambda row: (end[row], row), reverse=True):
        children[parent[row]].append(row)
    longest = max(children[NONE], key=lambda row: (table.ms[row], row), default=None)
    found: list[int] = []
    pending = [] if longest is None else [(longest, end[longest])]
    while pending:
        row, until = pending.pop()
        found.append(row)
        for child in children[row]:
            finished = min(end[child], end[row])
            # The next link must have finished before the one after it began.
            if finished <= until + 1e-9 and start[child] < until:
                pending.append((child, finished))
                until = max(start[child], start[row])
    return sorted(found)
