"""Calls between services: how many, how many fail, how long they take, and who stays silent.

Latency is what the caller waited; quantiles are exact, over the calls given.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .spans import Span, Trace, answers, build_traces

Edge = tuple[str, str]


class Call(NamedTuple):
    """One call from a service to another."""

    caller: str
    callee: str
    duration_ms: float
    error: bool
    answered: bool
    """A span of the callee exists below the caller's."""


@dataclass(frozen=True, slots=True)
class EdgeStats:
    """The calls over one edge in one window."""

    caller: str
    callee: str
    count: int
    errors: int
    unanswered: int
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def error_share(self) -> float:
        """Errors per call."""
        return self.errors / self.count


@dataclass(frozen=True, slots=True)
class EdgeShift:
    """One edge before and now; None where it was not called."""

    caller: str
    callee: str
    before: EdgeStats | None
    after: EdgeStats | None
    error_rise: float
    """Error share now minus before (-1..1); 0 for an edge that is not called now."""
    latency_ratio: float | None
    """p95 now ÷ before; None where either is unknown."""


@dataclass(frozen=True, slots=True)
class MissingCallee:
    """A service that is called and leaves no span of its own."""

    service: str
    callers: tuple[str, ...]
    calls: int
    unanswered: int
    """In error and without any span of the callee."""
    share: float


def edge_stats(spans: Iterable[Span]) -> dict[Edge, EdgeStats]:
    """Statistics of each caller -> callee edge, edges in alphabetical order."""
    calls: dict[Edge, list[Call]] = {}
    for call in _all_calls(spans):
        calls.setdefault((call.caller, call.callee), []).append(call)
    return {edge: _summary(edge, calls[edge]) for edge in sorted(calls)}


def _summary(edge: Edge, calls: list[Call]) -> EdgeStats:
    p50, p95, p99 = np.percentile([call.duration_ms for call in calls], [50, 95, 99]).tolist()
    errors = sum(call.error for call in calls)
    unanswered = sum(not call.answered for call in calls)
    return EdgeStats(*edge, len(calls), errors, unanswered, p50, p95, p99)


def compare_edges(baseline: Iterable[Span], incident: Iterable[Span]) -> list[EdgeShift]:
    """Every edge of either window: by rise of the error share, then by latency ratio."""
    before, after = edge_stats(baseline), edge_stats(incident)
    shifts = [_shift(edge, before.get(edge), after.get(edge)) for edge in before | after]
    return sorted(
        shifts, key=lambda s: (-s.error_rise, -(s.latency_ratio or 0.0), s.caller, s.callee)
    )


def _shift(edge: Edge, before: EdgeStats | None, after: EdgeStats | None) -> EdgeShift:
    if after is None:
        return EdgeShift(*edge, before, None, 0.0, None)
    if before is None:
        return EdgeShift(*edge, None, after, after.error_share, None)
    ratio = after.p95_ms / before.p95_ms if before.p95_ms > 0 else None
    return EdgeShift(*edge, before, after, after.error_share - before.error_share, ratio)


def missing_callees(spans: Iterable[Span], known: Collection[str] = ()) -> list[MissingCallee]:
    """Services whose calls fail without a span of theirs, most silent first.

    `known` are services that emit spans when healthy (from the baseline): only they can go
    missing. Without it every called service counts, uninstrumented ones too.
    """
    calls: dict[str, list[Call]] = {}
    for call in _all_calls(spans):
        if not known or call.callee in known:
            calls.setdefault(call.callee, []).append(call)
    missing = [_missing(service, group) for service, group in calls.items()]
    silent = [m for m in missing if m.unanswered]
    return sorted(silent, key=lambda m: (-m.share, -m.unanswered, m.service))


def _missing(service: str, calls: list[Call]) -> MissingCallee:
    lost = [call for call in calls if call.error and not call.answered]
    callers = tuple(sorted({call.caller for call in lost}))
    return MissingCallee(service, callers, len(calls), len(lost), len(lost) / len(calls))


def _all_calls(spans: Iterable[Span]) -> Iterator[Call]:
    for trace in build_traces(spans):
        yield from calls_of(trace)


def calls_of(trace: Trace) -> Iterator[Call]:
    """The calls of one trace: client spans, and spans whose parent is another service's."""
    for span in trace.spans:
        parent = trace.parent(span)
        if span.kind == "client":
            answer = answers(trace, span)
            callee = answer.service if answer else span.peer
            if callee and callee != span.service:
                failed = span.error or (answer is not None and answer.error)
                yield Call(span.service, callee, span.duration_ms, failed, answer is not None)
        if parent and parent.service != span.service and parent.kind != "client":
            yield Call(parent.service, span.service, span.duration_ms, span.error, True)
