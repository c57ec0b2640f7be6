"""Database statements: slow ones, and ones that are run too often."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from ..telemetry.model import Span, peer
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, number, ratio, seconds, table

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


@tool(Effect.read)
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
    rows = {key: _row(key, before.get(key), runs) for key, runs in after.items()}

    def added(key: Statement) -> float:
        usual = sum(before[key].ms) * scale if key in before else 0.0
        return sum(after[key].ms) - usual

    ordered = [rows[key] for key in sorted(rows, key=lambda key: (-added(key), key))]
    summary = f"{len(rows)} statements"
    if ordered:
        first = ordered[0]
        summary += f"; first: {cut(first.statement, 80)} of {first.service},"
        summary += f" {first.mean_ms} ms ({first.mean_ms_before} before)"
    nothing = f"no spans with db.query.text in {seconds(frame.incident)} of incident"
    return table(ordered, summary, nothing, frame.incident)


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
    return dict(runs)


def _row(key: Statement, before: Runs | None, now: Runs) -> StatementCost:
    ms = np.array(now.ms)
    usual = np.array(before.ms) if before else None
    fanout_before = before.per_request if before else None
    return StatementCost(
        service=key[0],
        statement=cut(key[1], 500),
        calls=len(now.ms),
        calls_before=len(before.ms) if before else 0,
        calls_per_request=number(now.per_request, 3),
        calls_per_request_before=number(fanout_before, 3),
        total_ms=number(float(ms.sum())) or 0.0,
        mean_ms=number(float(ms.mean())) or 0.0,
        mean_ms_before=number(float(usual.mean())) if usual is not None else None,
        p95_ms=number(float(np.percentile(ms, 95))) or 0.0,
        p95_ms_before=number(float(np.percentile(usual, 95))) if usual is not None else None,
        ratio=ratio(float(ms.mean()), float(usual.mean())) if usual is not None else None,
        fanout_ratio=ratio(now.per_request, fanout_before),
        errors=now.errors,
    )
