"""Where the time of requests goes: exclusive time per operation, before and now."""

from dataclasses import dataclass, replace

import numpy as np

from ..analysis.requests.tables import SpanTable
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, number, ratio, seconds, table, traces

Operation = tuple[str, str, bool]
"""Service, operation, and whether it waits for a callee that leaves no spans."""


@dataclass(frozen=True, slots=True)
class SlowOperation(Row):
    """Exclusive time of one operation; `added_ms` to a request at the edge on average."""

    service: str
    operation: str
    calls: int
    calls_before: int
    self_p95_ms: float | None
    self_p95_ms_before: float | None
    self_mean_ms: float | None
    self_mean_ms_before: float | None
    ratio: float | None
    added_ms: float | None
    share: float


@tool(Effect.read)
def slow_operations(bench: Bench, services: list[str] | None = None) -> Table[SlowOperation]:
    """Exclusive time (its children's taken away) of every operation, against the baseline.

    `added_ms` is what the operation adds to a request at the edge on average; `share` is its
    part of all that was added. What was added most comes first. A call to a database or a
    provider counts as an operation of the caller.
    """
    frame = bench.frame
    names = checked(bench, services)
    (before, roots_before), (after, roots) = map(_own, traces(bench))
    rows = [
        _row(key, before.get(key), times, (roots_before, roots)) for key, times in after.items()
    ]
    added = sum(max(0.0, row.added_ms or 0.0) for row in rows)
    rows = [
        replace(row, share=(number(max(0.0, row.added_ms or 0.0) / added) or 0.0) if added else 0.0)
        for row in rows
        if names is None or row.service in names
    ]
    rows.sort(key=lambda row: -(row.added_ms or 0.0))
    summary = f"{len(rows)} operations; requests take {added:.1f} ms longer in all"
    if rows and added > 0:
        summary += f", most of it in {rows[0].service} {rows[0].operation}"
    nothing = f"no spans in {seconds(frame.incident)} of incident"
    return table(rows, summary, nothing, frame.incident)


def _own(found: SpanTable) -> tuple[dict[Operation, np.ndarray], int]:
    """Exclusive milliseconds of each operation, in order of its first trace, and the number of
    traces."""
    called = np.zeros(len(found), bool)
    called[found.parent[found.parent >= 0]] = True
    waits = found.of_kind("client") & ~called
    names = list(dict.fromkeys((op.service, op.name) for op in found.ops))
    number = {name: i for i, name in enumerate(names)}
    group = 2 * np.array([number[op.service, op.name] for op in found.ops], int)[found.op] + waits
    order = np.argsort(found.trace_order, kind="stable")
    different, first, size = np.unique(group[order], return_index=True, return_counts=True)
    rows = order[np.argsort(group[order], kind="stable")]
    times = np.split(found.exclusive_ms[rows], np.cumsum(size)[:-1])
    own = {(*names[different[i] // 2], bool(different[i] % 2)): times[i] for i in np.argsort(first)}
    return own, found.traces


def _row(
    key: Operation, before: np.ndarray | None, now: np.ndarray, traces: tuple[int, int]
) -> SlowOperation:
    per_request = float(now.sum()) / max(1, traces[1])
    usual = float(before.sum()) / max(1, traces[0]) if before is not None else 0.0
    mean = float(now.mean())
    mean_before = float(before.mean()) if before is not None else None
    return SlowOperation(
        service=key[0],
        operation=cut(key[1], 200),
        calls=int(now.size),
        calls_before=int(before.size) if before is not None else 0,
        self_p95_ms=number(float(np.percentile(now, 95))),
        self_p95_ms_before=(
            number(float(np.percentile(before, 95))) if before is not None else None
        ),
        self_mean_ms=number(mean),
        self_mean_ms_before=number(mean_before),
        ratio=ratio(mean, mean_before),
        added_ms=number(per_request - usual) if traces[0] else None,
        share=0.0,
    )
