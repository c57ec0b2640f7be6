"""Exceptions by where they were raised."""

import re
from dataclasses import dataclass

from ..analysis.stacktraces import (
    LIBRARIES,
    StackFrame,
    StackGroup,
    group_stacks,
    own_frame,
    parse_stack,
)
from ..telemetry.model import LogRecord
from .base import Bench, Effect, Row, Table, tool
from .reading import checked, cut, number, seconds, table

STACK = "exception.stacktrace"
CHAINED = re.compile(r"^(?:The above exception was|During handling of the above).*$", re.MULTILINE)
Key = tuple[str, str, str]
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
def error_groups(bench: Bench, services: list[str] | None = None) -> Table[ErrorGroup]:
    """Stack traces of the incident window, grouped by exception and deepest frame of own code.

    `new` says that the baseline had none of the group. Groups new to the incident come first,
    then the most frequent.
    """
    frame = bench.frame
    names = checked(bench, services)
    before, after = (
        [log for log in bench.telemetry.logs(w, names, having=[STACK]) if log.attributes.get(STACK)]
        for w in (frame.baseline, frame.incident)
    )
    groups = group_stacks([str(log.attributes[STACK]) for log in after])
    usual = group_stacks([str(log.attributes[STACK]) for log in before])
    counts = {_key(group): group.count for group in usual}
    members = _members(after)
    rows = [_row(group, members[_key(group)], counts.get(_key(group), 0)) for group in groups]
    rows.sort(key=lambda row: (not row.new, -row.count))
    summary = f"{len(rows)} groups of exceptions in {len(after)} stack traces"
    if rows:
        summary += f"; first: {rows[0].exception} at {rows[0].location or 'unknown place'}"
    return table(
        rows, summary, f"no stack traces in {seconds(frame.incident)} of logs", frame.incident
    )


def _key(group: StackGroup) -> Key:
    frame = group.frame
    return group.exception, frame.file if frame else "", frame.function if frame else ""


def _members(found: list[LogRecord]) -> dict[Key, list[LogRecord]]:
    """The log records of each group, oldest first."""
    texts = {str(log.attributes[STACK]) for log in found}
    keys = {text: _key(group) for text in texts for group in group_stacks([text])}
    members: dict[Key, list[LogRecord]] = {}
    for log in found:
        key = keys.get(str(log.attributes[STACK]))
        if key is not None:
            members.setdefault(key, []).append(log)
    return members


def _own_frame(group: StackGroup) -> StackFrame | None:
    """The deepest frame of own code; of a chain of exceptions, in the first that has one."""
    for part in CHAINED.split(group.example):
        stack = parse_stack(part)
        frame = own_frame(stack) if stack else None
        if frame and not any(mark in frame.file for mark in LIBRARIES):
            return frame
    return group.frame


def _row(group: StackGroup, members: list[LogRecord], before: int) -> ErrorGroup:
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
