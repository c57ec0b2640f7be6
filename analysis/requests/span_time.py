"""Where a request's time goes: each span's own time, and the critical path.

Sources: exclusive (self) time as in Sigelman et al., "Dapper" (Google, 2010); the critical path
as in Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures"
(USENIX ATC 2022): walk back from the end, always into the child that finished last.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .spans import Span, Trace


def exclusive_ms(trace: Trace) -> dict[str, float]:
    """Span id -> milliseconds in which the span ran and none of its children did.

    Children are clipped to their parent, so a skewed clock or a child that outlives its parent
    never makes a negative time.
    """
    return {
        span.span_id: max(0.0, span.duration_ms - _covered_ms(span, trace.children(span)))
        for span in trace.spans
    }


def _covered_ms(parent: Span, children: Sequence[Span]) -> float:
    """Length of the union of the children's intervals inside the parent; children by start."""
    covered, reached = 0.0, parent.start
    for child in children:
        start, end = max(child.start, reached), min(child.end, parent.end)
        if end > start:
            covered += end - start
            reached = end
    return covered * 1000


def critical_path(trace: Trace) -> list[Span]:
    """Spans whose shortening would shorten the request, in order of start.

    Of several roots the longest counts. Empty for a trace without spans.
    """
    if not trace.roots:
        return []
    root = max(trace.roots, key=lambda span: (span.duration_ms, span.span_id))
    found: list[Span] = []
    pending = [(root, root.end)]
    while pending:
        span, until = pending.pop()
        found.append(span)
        for child in sorted(trace.children(span), key=_by_end, reverse=True):
            end = min(child.end, span.end)
            # The next link must have finished before the one after it began.
            if end <= until + 1e-9 and child.start < until:
                pending.append((child, end))
                until = max(child.start, span.start)
    return sorted(found, key=lambda span: (span.start, trace.depth(span), span.span_id))


def _by_end(span: Span) -> tuple[float, str]:
    return span.end, span.span_id
