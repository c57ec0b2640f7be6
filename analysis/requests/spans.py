"""Spans into traces: the call tree of each request, and where its time goes.

Sources: exclusive (self) time as in Sigelman et al., "Dapper" (Google, 2010); the critical path
as in Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures"
(USENIX ATC 2022): walk back from the end, always into the child that finished last.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """One span, as much of it as analysis needs."""

    trace_id: str
    span_id: str
    parent_id: str
    """"" for a root."""
    service: str
    name: str
    kind: str
    """server, client, internal, producer or consumer."""
    start: float
    """Unix seconds."""
    duration_ms: float
    error: bool = False
    peer: str = ""
    """The called service, as the caller names it (server.address, peer.service)."""

    @property
    def end(self) -> float:
        """Unix seconds."""
        return self.start + self.duration_ms / 1000


class Trace:
    """The spans of one request as a forest: orphans are roots too, loops are cut."""

    def __init__(self, spans: Iterable[Span]) -> None:
        by_id = {span.span_id: span for span in sorted(spans, key=_by_time)}
        self.spans: tuple[Span, ...] = tuple(by_id.values())
        """In order of start; of spans with one id, the last."""
        self._parent = {s.span_id: by_id[s.parent_id] for s in self.spans if s.parent_id in by_id}
        self._cut_loops()
        self.roots: tuple[Span, ...] = tuple(
            span for span in self.spans if span.span_id not in self._parent
        )
        self._children: dict[str, list[Span]] = {}
        for span in self.spans:
            parent = self._parent.get(span.span_id)
            if parent is not None:
                self._children.setdefault(parent.span_id, []).append(span)

    def parent(self, span: Span) -> Span | None:
        """The span that called this one; None for a root."""
        return self._parent.get(span.span_id)

    def children(self, span: Span) -> tuple[Span, ...]:
        """In order of start."""
        return tuple(self._children.get(span.span_id, ()))

    def ancestors(self, span: Span) -> Iterator[Span]:
        """Parent, grandparent … up to the root."""
        above = self.parent(span)
        while above is not None:
            yield above
            above = self.parent(above)

    def depth(self, span: Span) -> int:
        """0 for a root."""
        return sum(1 for _ in self.ancestors(span))

    def _cut_loops(self) -> None:
        """Broken ids can make a span its own ancestor: make one span of each loop a root."""
        sound: set[str] = set()
        for span in self.spans:
            seen: set[str] = set()
            at = span.span_id
            while at in self._parent and at not in sound:
                if at in seen:
                    del self._parent[at]
                    break
                seen.add(at)
                at = self._parent[at].span_id
            sound |= seen


def build_traces(spans: Iterable[Span]) -> list[Trace]:
    """One Trace per trace id, in order of first appearance. Span ids need only be unique within
    a trace."""
    grouped: dict[str, list[Span]] = {}
    for span in spans:
        grouped.setdefault(span.trace_id, []).append(span)
    return [Trace(group) for group in grouped.values()]


def _by_time(span: Span) -> tuple[float, str]:
    return span.start, span.span_id


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
