"""Where failing requests began to fail: the deepest failing span, the line that raised."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..analysis.requests.origins import Origin, find_origins
from ..analysis.requests.tables import SpanTable
from ..analysis.stacktraces import Place, parse_stack, place_of, raised_at
from ..telemetry.model import LogRecord, Span, Window, span_failed
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, seconds, table, traces

Key = tuple[str, str, str, str]
"""Blamed service, operation, error, reason."""


ROUTES = 8
"""Routes of one origin that are named."""


class Failure(NamedTuple):
    """One failing trace."""

    caller: str  # of the blamed service
    route: str  # the operation at the edge
    trace_id: str


@dataclass(frozen=True, slots=True)
class FailureOrigin(Row):
    """Failing traces that begin to fail at one place in one way."""

    service: str
    operation: str
    error: str
    reason: str
    count: int
    share: float
    before: int
    callers: str  # joined by ", "
    route: str
    routes: str  # every one that fails so, the most frequent first, joined by ", "
    trace_id: str


@tool(Effect.read, examples=("traces",))
def failure_origins(bench: Bench) -> Table[FailureOrigin]:
    """The deepest failing span of every failing trace, grouped by service, operation and error.

    Reason is "own error", "no answer" (the service should have answered and left no span),
    "slow callee" (it took the time that ran out) or "uninstrumented callee". Count and share are
    over failing traces of the incident; most frequent first.
    """
    frame = bench.frame
    before, after = traces(bench)
    known = before.serving
    usual, groups = _failures(bench, before, known), _failures(bench, after, known)
    total = sum(map(len, groups.values()))
    rows = [_origin(key, found, total, len(usual.get(key, ()))) for key, found in groups.items()]
    rows.sort(key=lambda row: -row.count)
    summary = f"{total} failing traces"
    if rows:
        summary += f"; {rows[0].share:.0%} begin at {rows[0].service} ({rows[0].reason})"
    spans = len(bench.telemetry.span_table(frame.incident, linked=False))
    nothing = f"no failing trace among {spans} spans of {seconds(frame.incident)}"
    return table(rows, summary, nothing, frame.incident)


def _failures(bench: Bench, table: SpanTable, known: Collection[str]) -> dict[Key, list[Failure]]:
    """Every failing trace."""
    origins = find_origins(table, known)
    shown = np.array([origin.row for origin in origins], int)
    entries = np.flatnonzero(table.entry)
    routes = {int(table.trace[row]): table.ops[table.op[row]].name for row in entries}
    groups: dict[Key, list[Failure]] = defaultdict(list)
    for origin, span in zip(origins, bench.telemetry.spans_of(table, shown), strict=True):
        route = routes.get(int(table.trace[origin.row]), "")
        groups[_key(origin, span)].append(Failure(origin.caller, route, span.trace_id))
    return groups


def _key(origin: Origin, span: Span) -> Key:
    error = "slow" if origin.reason == "slow callee" else "error"
    return origin.service, span.name, cut(_text(span) or error, 200), origin.reason


def _text(span: Span) -> str:
    """What a failed span says about its error: its type where it has one."""
    if not span_failed(span):
        return ""
    return str(
        span.attributes.get("exception.type")
        or span.attributes.get("error.type")
        or span.status_message
        or span.attributes.get("http.response.status_code")
        or "error"
    )


def _origin(key: Key, found: list[Failure], total: int, before: int) -> FailureOrigin:
    routes = [route for route, _ in Counter(one.route for one in found).most_common(ROUTES)]
    return FailureOrigin(
        service=key[0],
        operation=cut(key[1], 200),
        error=key[2],
        reason=key[3],
        count=len(found),
        share=number(len(found) / total) or 0.0,
        before=before,
        callers=", ".join(sorted({failure.caller for failure in found if failure.caller})),
        route=routes[0],
        routes=", ".join(routes),
        trace_id=found[0].trace_id,
    )


STACK = "exception.stacktrace"


@dataclass(frozen=True, slots=True)
class ErrorGroup(Row):
    """Stack traces of one exception at one place; times in unix seconds."""

    exception: str
    message: str
    file: str
    line: int | None
    function: str
    location: str
    count: int
    before: int
    new: bool
    services: str  # joined by ", "
    first: float | None
    last: float | None
    sample: str


@tool(Effect.read, examples=("logs",))
def error_groups(bench: Bench) -> Table[ErrorGroup]:
    """Stack traces of the incident window, grouped by exception and deepest frame of own code.

    `new` says that the baseline had none of the group. Groups new to the incident come first,
    then the most frequent.
    """
    frame = bench.frame
    (before, _), (after, stacks) = (_stacks(bench, w) for w in (frame.baseline, frame.incident))
    rows = [_group(found, len(before.get(place, ()))) for place, found in sorted(after.items())]
    rows.sort(key=lambda row: (not row.new, -row.count))
    summary = f"{len(rows)} groups of exceptions in {stacks} stack traces"
    if rows:
        summary += f"; first: {rows[0].exception} at {rows[0].location or 'unknown place'}"
    nothing = f"no stack traces in {seconds(frame.incident)} of logs"
    return table(rows, summary, nothing, frame.incident)


def _stacks(bench: Bench, window: Window) -> tuple[dict[Place, list[LogRecord]], int]:
    """The log records of each group, oldest first; and how many carry a trace, readable or not."""
    found = [log for log in bench.telemetry.logs(window, having=[STACK]) if log.attributes[STACK]]
    read = {text: parse_stack(text) for text in {str(log.attributes[STACK]) for log in found}}
    groups: dict[Place, list[LogRecord]] = defaultdict(list)
    for log in found:
        if stack := read[str(log.attributes[STACK])]:
            groups[place_of(stack)].append(log)
    return groups, len(found)


def _group(members: list[LogRecord], before: int) -> ErrorGroup:
    sample = str(members[0].attributes[STACK])
    stack, frame = parse_stack(sample), raised_at(sample)
    return ErrorGroup(
        exception=stack.exception if stack else "",
        message=cut(stack.message if stack else "", 300),
        file=frame.file if frame else "",
        line=frame.line if frame else None,
        function=frame.function if frame else "",
        location=f"{frame.file}:{frame.line} {frame.function}" if frame else "",
        count=len(members),
        before=before,
        new=before == 0,
        services=", ".join(sorted({log.service for log in members})),
        first=number(members[0].ts),
        last=number(members[-1].ts),
        sample=cut(sample, 1500),
    )
