"""SQL over telemetry: for a question that no other tool answers."""

from dataclasses import dataclass
from typing import Any

from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .reading import whole

LIMIT_S = 10.0
"""Longest a query may run, seconds."""


@dataclass(frozen=True, slots=True)
class SqlRow(Row):
    """One row of whatever was selected."""

    columns: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """The columns as they came."""
        return self.columns


@tool(Effect.read)
def query_telemetry(bench: Bench, sql: str) -> Table[SqlRow]:
    """Rows of one SELECT (DuckDB) over all telemetry, when no other tool answers the question.

    metrics(ts, name, service, instance, labels, value);
    logs(ts, service, instance, level, message, trace_id, span_id, attributes);
    traces(start, trace_id, span_id, parent_id, service, instance, name, kind, duration_ms,
    status, status_message, attributes);
    changes(at, kind, service, id, version, previous, author, summary, files, diff).
    Times are unix seconds; labels, attributes, files are JSON text: attributes->>'$."http.route"'.
    Aggregate: at most 200 rows come back. They show where to look and prove nothing: cite what
    another tool returns.
    """
    source, window = bench.telemetry, whole(bench)
    if source.absent:
        return Table([], f"this telemetry takes no SQL: {source.absent}", window)
    answer = source.query(sql, MAX_ROWS, LIMIT_S)
    count = (
        f"the first {MAX_ROWS} rows, there are more" if answer.more else f"{len(answer.rows)} rows"
    )
    frame = bench.frame
    begins = f"baseline from {frame.baseline.start:.0f}, incident from {frame.incident.start:.0f}"
    return Table(
        [SqlRow(row) for row in answer.rows],
        f"{count} (unix seconds: {begins} to {frame.incident.end:.0f})",
        window,
    )
