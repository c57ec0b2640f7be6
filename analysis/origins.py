"""Which span of a failing request failed first.

An error travels up the call tree, so its origin is the deepest span in error whose children are
not. Two cases need more: a caller's span in error with no answering span below it points at the
callee (it did not answer, or it is not instrumented), and one whose callee answered too late
points at whatever took the callee's time.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .span_time import exclusive_ms
from .spans import Span, Trace, answers, build_traces

Reason = Literal["own error", "no answer", "slow callee", "uninstrumented callee"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one failing trace began to fail."""

    service: str
    """The service to blame."""
    span: Span
    """The span that shows it: the failed one, the unanswered call, or the slow one."""
    reason: Reason
    caller: str
    """Who called the blamed service; "" where it is the root."""
    path: tuple[str, ...]
    """Services from the root to the blamed one."""
    reached_root: bool
    """Whether the error reached the request's root; else it was retried or tolerated."""


def find_origin(trace: Trace, instrumented: Collection[str] = ()) -> Origin | None:
    """The origin of a trace's failure; None when no span is in error.

    `instrumented` are services known to emit spans; without it a call that nothing answers is
    put down to an uninstrumented callee. Errors that reached the root go before tolerated ones,
    then the deepest, then the first.
    """
    failed = [s for s in trace.spans if s.error]
    leaves = [s for s in failed if not any(child.error for child in trace.children(s))]
    if not leaves:
        return None

    def order(span: Span) -> tuple[bool, int, float, str]:
        return not _reached_root(trace, span), -trace.depth(span), span.start, span.span_id

    return _explain(trace, min(leaves, key=order), instrumented)


def find_origins(spans: Iterable[Span], instrumented: Collection[str] = ()) -> list[Origin]:
    """One origin per failing trace. Services with a server span among `spans` count as
    instrumented; add those known from the baseline."""
    spans = list(spans)
    known = {s.service for s in spans if s.kind == "server"} | set(instrumented)
    origins = (find_origin(trace, known) for trace in build_traces(spans))
    return [origin for origin in origins if origin is not None]


def origin_shares(origins: Sequence[Origin]) -> dict[str, float]:
    """Service -> share of failing traces that began there, largest first; sums to 1.

    A call to an uninstrumented callee (a database, say) failed for the caller's fault or the
    callee's: from the spans alone nobody knows, so each takes half.
    """
    blame: dict[str, float] = {}
    for origin in origins:
        halves = origin.reason == "uninstrumented callee" and origin.caller
        for service in (origin.service, origin.caller if halves else origin.service):
            blame[service] = blame.get(service, 0.0) + 0.5 / len(origins)
    return dict(sorted(blame.items(), key=lambda item: (-item[1], item[0])))


def _explain(trace: Trace, span: Span, instrumented: Collection[str]) -> Origin:
    reached, path = _reached_root(trace, span), trace.path(span)
    answer = answers(trace, span) if span.kind == "client" else None
    if span.kind == "client" and answer is None and span.peer and span.peer != span.service:
        reason = "no answer" if span.peer in instrumented else "uninstrumented callee"
        return Origin(span.peer, span, reason, span.service, (*path, span.peer), reached)
    if answer is not None and answer.end >= span.end:
        slow = _slowest(trace, answer)
        return Origin(
            slow.service, slow, "slow callee", _caller(trace, slow), trace.path(slow), reached
        )
    return Origin(span.service, span, "own error", _caller(trace, span), path, reached)


def _reached_root(trace: Trace, span: Span) -> bool:
    return all(above.error for above in trace.ancestors(span))


def _slowest(trace: Trace, top: Span) -> Span:
    """The span at or below `top` with the most time of its own."""
    own = exclusive_ms(trace)
    below, pending = [], [top]
    while pending:
        span = pending.pop()
        below.append(span)
        pending += trace.children(span)
    return max(below, key=lambda span: (own[span.span_id], span.span_id))


def _caller(trace: Trace, span: Span) -> str:
    others = (above.service for above in trace.ancestors(span) if above.service != span.service)
    return next(others, "")
