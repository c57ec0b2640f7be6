"""Where failing requests began to fail: the deepest failing span, the line that raised."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..analysis.requests.origins import Origin, find_origins
from ..analysis.requests.tables import SpanTable
from ..analysis.stacktraces import (
    LIBRARIES,
    StackFrame,
    StackGroup,
    group_stacks,
    own_frame,
    parse_stack,
)
from ..telemetry.model import LogRecord, Span, span_failed
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, number, seconds, table, traces

Key = tuple[str, str, str, str]
"""Blamed service, operation, error, reason."""


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
    trace_id: str


@tool(Effect.read)
def failure_origins(bench: Bench) -> Table[FailureOrigin]:
    """The deepest failing span of every failing trace, grouped by service, operation and error.

    Reason is "own error", "no answer" (the service should have answered and left no span),
    "slow callee" (it took the time that ran out) or "uninstrumented callee". Count and share are
    over failing traces of the incident; most frequent first.
    """
    frame = bench.frame
    before, after = traces(bench)
    known = before.serving
    usual = Counter(key for key, _ in _failures(bench, before, known))
    groups: dict[Key, list[Failure]] = defaultdict(list)
    origins = _failures(bench, after, known)
    for key, failure in origins:
        groups[key].append(failure)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    rows = [_origin(key, found, len(origins), usual[key]) for key, found in ordered]
    summary = f"{len(origins)} failing traces"
    if rows:
        summary += f"; {rows[0].share:.0%} begin at {rows[0].service} ({rows[0].reason})"
    spans = len(bench.telemetry.span_table(frame.incident, linked=False))
    nothing = f"no failing trace among {spans} spans of {seconds(frame.incident)}"
    return table(rows, summary, nothing, frame.incident)


def _failures(bench: Bench, table: SpanTable, known: Collection[str]) -> list[tuple[Key, Failure]]:
    """Every failing trace."""
    origins = find_origins(table, known)
    shown = np.array([origin.row for origin in origins], int)
    spans = bench.telemetry.spans_of(table, shown)
    routes = _routes(table, shown)
    return [
        (_key(origin, span), Failure(origin.caller, route, span.trace_id))
        for origin, span, route in zip(origins, spans, routes, strict=True)
    ]


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


def _routes(table: SpanTable, rows: np.ndarray) -> list[str]:
    """The operation at the edge of each of these rows' traces."""
    entries = np.flatnonzero(table.entry)
    names = {int(table.trace[row]): table.ops[table.op[row]].name for row in entries}
    return [names.get(int(trace), "") for trace in table.trace[rows]]


def _origin(key: Key, found: list[Failure], total: int, before: int) -> FailureOrigin:
    hit = Counter(failure.route for failure in found)
    return FailureOrigin(
        service=key[0],
        operation=cut(key[1], 200),
        error=key[2],
        reason=key[3],
        count=len(found),
        share=number(len(found) / total) or 0.0,
        before=before,
        callers=", ".join(sorted({failure.caller for failure in found if failure.caller})),
        route=hit.most_common(1)[0][0],
        trace_id=found[0].trace_id,
    )


STACK = "exception.stacktrace"
CHAINED = re.compile(r"^(?:The above exception was|During handling of the above).*$", re.MULTILINE)
Place = tuple[str, str, str]
"""Exception, file, function: lines move between releases."""


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


@tool(Effect.read)
def error_groups(bench: Bench) -> Table[ErrorGroup]:
    """Stack traces of the incident window, grouped by exception and deepest frame of own code.

    `new` says that the baseline had none of the group. Groups new to the incident come first,
    then the most frequent.
    """
    frame = bench.frame
    before, after = (
        [log for log in bench.telemetry.logs(w, having=[STACK]) if log.attributes.get(STACK)]
        for w in (frame.baseline, frame.incident)
    )
    groups = group_stacks([str(log.attributes[STACK]) for log in after])
    usual = group_stacks([str(log.attributes[STACK]) for log in before])
    counts = {_place(group): group.count for group in usual}
    members = _members(after)
    rows = [_group(group, members[_place(group)], counts.get(_place(group), 0)) for group in groups]
    rows.sort(key=lambda row: (not row.new, -row.count))
    summary = f"{len(rows)} groups of exceptions in {len(after)} stack traces"
    if rows:
        summary += f"; first: {rows[0].exception} at {rows[0].location or 'unknown place'}"
    nothing = f"no stack traces in {seconds(frame.incident)} of logs"
    return table(rows, summary, nothing, frame.incident)


def _place(group: StackGroup) -> Place:
    frame = group.frame
    return group.exception, frame.file if frame else "", frame.function if frame else ""


def _members(found: list[LogRecord]) -> dict[Place, list[LogRecord]]:
    """The log records of each group, oldest first."""
    texts = {str(log.attributes[STACK]) for log in found}
    keys = {text: _place(group) for text in texts for group in group_stacks([text])}
    members: dict[Place, list[LogRecord]] = defaultdict(list)
    for log in found:
        if key := keys.get(str(log.attributes[STACK])):
            members[key].append(log)
    return members


def _own_frame(group: StackGroup) -> StackFrame | None:
    """The deepest frame of own code; of a chain of exceptions, in the first that has one."""
    for part in CHAINED.split(group.example):
        stack = parse_stack(part)
        frame = own_frame(stack) if stack else None
        if frame and not any(mark in frame.file for mark in LIBRARIES):
            return frame
    return group.frame


def _group(group: StackGroup, members: list[LogRecord], before: int) -> ErrorGroup:
    stack = parse_stack(group.example)
    frame = _own_frame(group)
    return ErrorGroup(
        exception=group.exception,
        message=cut(stack.message if stack else "", 300),
        file=frame.file if frame else "",
        line=frame.line if frame else None,
        function=frame.function if frame else "",
        location=f"{frame.file}:{frame.line} {frame.function}" if frame else "",
        count=group.count,
        before=before,
        new=before == 0,
        services=", ".join(sorted({log.service for log in members})),
        first=number(members[0].ts),
        last=number(members[-1].ts),
        sample=cut(group.example, 1500),
    )
