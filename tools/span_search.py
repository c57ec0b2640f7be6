"""Spans by what they say, when they were, and how they ended."""

from dataclasses import dataclass

from ..telemetry.model import Span, span_failed
from .base import Bench, Effect, Row, Table, tool
from .logs import matches
from .reading import checked, cut, facts, number, seconds, table
from .times import Moment, between

LONGEST = 2000
"""Characters of a text that are kept."""


@dataclass(frozen=True, slots=True)
class FoundSpan(Row):
    """A span that was looked for; `ts` is its start in unix seconds."""

    service: str
    operation: str
    kind: str
    ts: float | None
    duration_ms: float | None
    status: str
    error: str
    trace_id: str
    attributes: str


@tool(Effect.read, examples=("traces",))
def search_spans(
    bench: Bench,
    pattern: str = "",
    service: str = "",
    start: Moment = "",
    end: Moment = "",
    failed: bool = False,
    slower_than_ms: float = 0.0,
    limit: int = 50,
) -> Table[FoundSpan]:
    """Spans of the incident window, or from `start` to `end`, newest first, whose name, status
    message or attributes (name=value) match a regular expression (RE2).

    failed: only those that ended in an error.
    """
    names = checked(bench, [service]) if service else None
    window = between(bench, start, end, bench.frame.incident)
    found = [
        span
        for span in bench.telemetry.spans(window, failed=failed, services=names)
        if span.duration_ms >= slower_than_ms
    ]
    hits = [found[index] for index in matches(pattern, list(map(_searched, found)))[0]][::-1]
    rows = [_row(span) for span in hits[: max(1, limit)]]
    traces = len({span.trace_id for span in hits})
    summary = f"{len(hits)} of {len(found)} spans match, of {traces} traces"
    summary += f"; the first {len(rows)} are shown" if len(rows) < len(hits) else ""
    sought = f" matches {cut(pattern, 80)!r}" if pattern else " is so"
    return table(rows, summary, f"none of {len(found)} spans in {seconds(window)}{sought}", window)


def _searched(span: Span) -> str:
    return f"{span.name}\n{span.status_message}\n{facts(span.attributes)}"


def _row(span: Span) -> FoundSpan:
    return FoundSpan(
        service=span.service,
        operation=cut(span.name, 200),
        kind=span.kind,
        ts=number(span.start),
        duration_ms=number(span.duration_ms),
        status="error" if span_failed(span) else "ok",
        error=cut(span.status_message.strip(), LONGEST),
        trace_id=span.trace_id,
        attributes=cut(facts(span.attributes, "; "), LONGEST),
    )
