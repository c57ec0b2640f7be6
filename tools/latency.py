"""Where the time of requests goes: exclusive time of operations, and statements of databases."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np

from ..analysis.requests.tables import SpanTable
from ..telemetry.model import Span, peer
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, number, ratio, seconds, table, traces

Operation = tuple[str, str, bool]
"""Service, operation, and whether it waits for a callee that leaves no spans."""
NEVER = np.zeros(0)


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


@tool(Effect.read, shares=("traces",))
def slow_operations(bench: Bench) -> Table[SlowOperation]:
    """Exclusive time (its children's taken away) of every operation, against the baseline.

    `added_ms` is what the operation adds to a request at the edge on average; `share` is its
    part of all that was added. What was added most comes first. A call to a database or a
    provider counts as an operation of the caller.
    """
    (before, roots_before), (after, roots) = map(_own, traces(bench))
    rows = [
        _operation(key, before.get(key, NEVER), times, (roots_before, roots))
        for key, times in after.items()
    ]
    added = sum(max(0.0, row.added_ms or 0.0) for row in rows)
    if added:
        rows = [replace(r, share=number(max(0.0, r.added_ms or 0.0) / added) or 0.0) for r in rows]
    rows.sort(key=lambda row: -(row.added_ms or 0.0))
    summary = f"{len(rows)} operations; requests take {added:.1f} ms longer in all"
    if rows and added > 0:
        summary += f", most of it in {rows[0].service} {rows[0].operation}"
    window = bench.frame.incident
    return table(rows, summary, f"no spans in {seconds(window)} of incident", window)


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


def _operation(
    key: Operation, before: np.ndarray, now: np.ndarray, traces: tuple[int, int]
) -> SlowOperation:
    usual, per_request = before.sum() / max(1, traces[0]), now.sum() / max(1, traces[1])
    (mean, p95), (mean_before, p95_before) = _mean_and_p95(now), _mean_and_p95(before)
    return SlowOperation(
        service=key[0],
        operation=cut(key[1], 200),
        calls=now.size,
        calls_before=before.size,
        self_p95_ms=number(p95),
        self_p95_ms_before=number(p95_before),
        self_mean_ms=number(mean),
        self_mean_ms_before=number(mean_before),
        ratio=ratio(mean, mean_before),
        added_ms=number(float(per_request - usual)) if traces[0] else None,
        share=0.0,
    )


def _mean_and_p95(ms: np.ndarray) -> tuple[float | None, float | None]:
    """Unknown for none."""
    return (float(ms.mean()), float(np.percentile(ms, 95))) if ms.size else (None, None)


Statement = tuple[str, str]
STATEMENTS = ("db.query.text", "db.statement", "db.system")
"""Attributes of a span that runs a statement."""


@dataclass
class Runs:
    """Every run of one statement in one window."""

    ms: list[float] = field(default_factory=list)
    parents: set[tuple[str, str]] = field(default_factory=set)
    errors: int = 0

    @property
    def per_request(self) -> float | None:
        """Runs per span that ran it: above 1, it runs in a loop."""
        return len(self.ms) / len(self.parents) if self.parents else None


@dataclass(frozen=True, slots=True)
class StatementCost(Row):
    """The runs of one database statement."""

    service: str
    statement: str
    calls: int
    calls_before: int
    calls_per_request: float | None
    calls_per_request_before: float | None
    total_ms: float
    mean_ms: float
    mean_ms_before: float | None
    p95_ms: float
    p95_ms_before: float | None
    ratio: float | None
    fanout_ratio: float | None
    errors: int


@tool(Effect.read, shares=("traces",))
def slow_queries(bench: Bench, services: list[str] | None = None) -> Table[StatementCost]:
    """Database statements by the time that they cost more than in the baseline.

    `calls_per_request` counts runs per operation that ran the statement at all; `fanout_ratio`
    compares it with the baseline (an N+1 query rises there while `ratio`, of the mean time,
    stays). A statement the baseline did not have has no ratio. `services` are callers or databases.
    """
    frame = bench.frame
    names = checked(bench, services)
    before = _runs(bench.telemetry.spans(frame.baseline, having=STATEMENTS), names)
    after = _runs(bench.telemetry.spans(frame.incident, having=STATEMENTS), names)
    scale = frame.incident.seconds / max(frame.baseline.seconds, 1e-3)

    def added(key: Statement) -> float:
        return sum(after[key].ms) - sum(before[key].ms) * scale

    ordered = sorted(after, key=lambda key: (-added(key), key))
    rows = [_statement(key, before[key], after[key]) for key in ordered]
    summary = f"{len(rows)} statements"
    if rows:
        first = rows[0]
        summary += f"; first: {cut(first.statement, 80)} of {first.service},"
        summary += f" {first.mean_ms} ms ({first.mean_ms_before} before)"
    nothing = f"no spans with db.query.text in {seconds(frame.incident)} of incident"
    return table(rows, summary, nothing, frame.incident)


def _runs(found: list[Span], services: list[str] | None) -> dict[Statement, Runs]:
    runs: dict[Statement, Runs] = defaultdict(Runs)
    for span in found:
        text = span.attributes.get("db.query.text") or span.attributes.get("db.statement")
        wanted = services is None or span.service in services or peer(span) in services
        if wanted and (text or span.attributes.get("db.system")):
            entry = runs[span.service, str(text or span.name)]
            entry.ms.append(span.duration_ms)
            entry.parents.add((span.trace_id, span.parent_id))
            entry.errors += span.status == "error"
    return runs


def _statement(key: Statement, before: Runs, now: Runs) -> StatementCost:
    ms = np.array(now.ms)
    (mean, p95), (mean_before, p95_before) = map(_mean_and_p95, (ms, np.array(before.ms)))
    return StatementCost(
        service=key[0],
        statement=cut(key[1], 500),
        calls=len(now.ms),
        calls_before=len(before.ms),
        calls_per_request=number(now.per_request, 3),
        calls_per_request_before=number(before.per_request, 3),
        total_ms=number(float(ms.sum())) or 0.0,
        mean_ms=number(mean) or 0.0,
        mean_ms_before=number(mean_before),
        p95_ms=number(p95) or 0.0,
        p95_ms_before=number(p95_before),
        ratio=ratio(mean, mean_before),
        fanout_ratio=ratio(now.per_request, before.per_request),
        errors=now.errors,
    )
