"""What telemetry there is, what cannot be seen, and SQL over it for what no other tool answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..telemetry.coverage import missing
from .base import MAX_ROWS, Bench, Effect, Row, Table, tool
from .reading import number, table


@dataclass(frozen=True, slots=True)
class ModalityCoverage(Row):
    """What there is of metrics, logs, traces or changes; times in unix seconds."""

    modality: str
    start: float | None
    end: float | None
    rows: int
    problem: str


@tool(Effect.read)
def coverage(bench: Bench) -> Table[ModalityCoverage]:
    """First and last time, number of rows and problems of metrics, logs, traces and changes.

    A problem names what is missing, half-written or unreadable, clocks that disagree, and a
    baseline or incident window that the modality does not reach.
    """
    covers = bench.telemetry.coverage()
    windows = {"baseline": bench.frame.baseline, "incident": bench.frame.incident}
    rows: list[ModalityCoverage] = []
    for cover in covers:
        missed = ((name, missing(cover, window)) for name, window in windows.items())
        problems = [cover.problem, *(f"the {name} window {why}" for name, why in missed if why)]
        rows.append(
            ModalityCoverage(
                modality=cover.modality,
                start=number(cover.start),
                end=number(cover.end),
                rows=cover.rows,
                problem="; ".join(filter(None, problems)),
            )
        )
    rows.sort(key=lambda row: not row.problem)
    troubled = [str(row.modality) for row in rows if row.problem]
    summary = f"problems with {', '.join(troubled)}" if troubled else "all telemetry is there"
    return table(rows, summary, "no telemetry at all", bench.frame.whole)


LIMIT_S = 10.0
"""Longest a query may run, seconds."""


@dataclass(frozen=True, slots=True)
class SqlRow(Row):
    """One row of whatever was selected."""

    columns: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """The columns as they came."""
        return self.columns

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "SqlRow":
        """With these columns."""
        return cls(dict(record))


@tool(Effect.read)
def query_telemetry(bench: Bench, sql: str) -> Table[SqlRow]:
    """Rows of one SELECT (DuckDB) over all telemetry, when no other tool answers the question.

    metrics(ts, name, service, instance, labels, value);
    logs(ts, service, instance, level, message, trace_id, span_id, attributes);
    traces(ts, trace_id, span_id, parent_id, service, instance, name, kind, duration_ms,
    status, status_message, attributes);
    changes(ts, kind, service, id, version, previous, author, summary, files, diff);
    state(ts, service, instance, kind, object, value).
    ts is unix seconds (when a span began); select it as it is, it is shown as a time. labels,
    attributes, files are JSON text: attributes->>'$."http.route"'. At most 200 rows come back.
    A column may be cited where it is a recorded one, or an aggregate or arithmetic over recorded
    ones, of one table or a query within another: select service and ts beside a value. Constants,
    CASE, cut-out texts, joins, UNION and a count of 0 prove nothing.
    """
    source, window = bench.telemetry, bench.frame.whole
    if source.absent:
        return Table([], f"this telemetry takes no SQL: {source.absent}", window)
    answer = source.query(sql, MAX_ROWS, LIMIT_S)
    first = f"the first {MAX_ROWS} rows, there are more"
    count = first if answer.more else f"{len(answer.rows)} rows"
    if source.sampled:
        count += f", of a sample of {' and '.join(sorted(source.sampled))} that totals nothing"
    healthy, ill = bench.frame.baseline, bench.frame.incident
    times = f"baseline from {healthy.start:.0f}, incident from {ill.start:.0f} to {ill.end:.0f}"
    return Table(list(map(SqlRow, answer.rows)), f"{count} (unix seconds: {times})", window)
