"""Where the time of requests goes: exclusive time per operation, before and now."""

from collections import defaultdict

import numpy as np

from ..analysis.span_time import exclusive_ms
from ..analysis.spans import Span, build_traces
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, graph_spans, number, ratio, seconds, spans, table

Operation = tuple[str, str, bool]
"""Service, operation, and whether it waits for a callee that leaves no spans."""


@tool(Effect.read)
def slow_operations(bench: Bench, services: list[str] | None = None) -> Table:
    """Exclusive time (its children's taken away) of every operation, against the baseline.

    `added_ms` is what the operation adds to a request at the edge on average; `share` is its
    part of all that was added. What was added most comes first. A call to a database or a
    provider counts as an operation of the caller.
    """
    frame = bench.frame
    names = checked(bench, services)
    before, roots_before = _own(graph_spans(spans(bench, frame.baseline)))
    after, roots = _own(graph_spans(spans(bench, frame.incident)))
    rows = [
        _row(key, before.get(key), times, (roots_before, roots)) for key, times in after.items()
    ]
    added = sum(max(0.0, row["added_ms"] or 0.0) for row in rows)
    for row in rows:
        row["share"] = number(max(0.0, row["added_ms"] or 0.0) / added) if added > 0 else 0.0
    rows = [row for row in rows if names is None or row["service"] in names]
    rows.sort(key=lambda row: -(row["added_ms"] or 0.0))
    summary = f"{len(rows)} operations; requests take {added:.1f} ms longer in all"
    if rows and added > 0:
        summary += f", most of it in {rows[0]['service']} {rows[0]['operation']}"
    nothing = f"no spans in {seconds(frame.incident)} of incident"
    return table(rows, summary, nothing, frame.incident)


def _own(found: list[Span]) -> tuple[dict[Operation, np.ndarray], int]:
    """Exclusive milliseconds of each operation, and the number of traces."""
    times: dict[Operation, list[float]] = defaultdict(list)
    traces = build_traces(found)
    for trace in traces:
        own = exclusive_ms(trace)
        for span in trace.spans:
            waits = span.kind == "client" and not trace.children(span)
            times[span.service, span.name, waits].append(own[span.span_id])
    return {key: np.array(values) for key, values in times.items()}, len(traces)


def _row(
    key: Operation, before: np.ndarray | None, now: np.ndarray, traces: tuple[int, int]
) -> Row:
    per_request = float(now.sum()) / max(1, traces[1])
    usual = float(before.sum()) / max(1, traces[0]) if before is not None else 0.0
    mean = float(now.mean())
    mean_before = float(before.mean()) if before is not None else None
    return {
        "service": key[0],
        "operation": cut(key[1], 200),
        "calls": int(now.size),
        "calls_before": int(before.size) if before is not None else 0,
        "self_p95_ms": number(float(np.percentile(now, 95))),
        "self_p95_ms_before": number(float(np.percentile(before, 95)))
        if before is not None
        else None,
        "self_mean_ms": number(mean),
        "self_mean_ms_before": number(mean_before),
        "ratio": ratio(mean, mean_before),
        "added_ms": number(per_request - usual) if traces[0] else None,
        "share": 0.0,
    }
