"""Failed spans: which of a trace tells most, what it says, and how the call ended."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from ..telemetry.model import STATUS_CODE, Span
from ..yaml_tables import AnyCase, Entry, read_table


class Way(StrEnum):
    """How a request fails: at the callee's answer, for want of one, or by the service's own."""

    own = "own error"
    answered = "answered an error"
    refused = "refused"
    late = "not in time"
    pool = "no connection free"
    full = "no room"


class WayTable(Entry):
    """failure_ways.yaml, which says what each is for."""

    pool: AnyCase
    full: AnyCase
    late: AnyCase
    refused: AnyCase


@cache
def _ways() -> WayTable:
    return read_table("tools/failure_ways.yaml", WayTable)


def deepest(spans: Iterable[Span]) -> list[Span]:
    """Of each failing trace the failed span below which nothing failed: one whose callers failed
    with it up to the root before one that was tolerated, then the last to begin."""
    known = {(span.trace_id, span.span_id): span for span in spans}
    above = {(span.trace_id, span.parent_id) for span in known.values()}
    best: dict[str, tuple[tuple[bool, float], Span]] = {}
    for key, span in known.items():
        if key in above:
            continue
        rank = _reaches_root(span, known), span.start
        if span.trace_id not in best or rank > best[span.trace_id][0]:
            best[span.trace_id] = rank, span
    return sorted((span for _, span in best.values()), key=lambda span: span.start)


def _reaches_root(span: Span, known: dict[tuple[str, str], Span]) -> bool:
    seen: set[str] = set()
    while span.parent_id and span.span_id not in seen:
        seen.add(span.span_id)
        parent = known.get((span.trace_id, span.parent_id))
        if parent is None:
            return False
        span = parent
    return True


def said_by(span: Span) -> str:
    """What a failed span says about its error: type and message, else status and code."""
    named = str(span.attributes.get("exception.type") or span.attributes.get("error.type") or "")
    message = str(span.attributes.get("exception.message") or span.status_message or "").strip()
    short = named.rpartition(".")[2]
    if short and not message.startswith(short):
        message = f"{short}: {message}" if message else short
    message = " ".join(message.partition("\n")[0].split())  # what follows names rows and hints
    return message or (f"HTTP {code}" if (code := span.attributes.get(STATUS_CODE)) else "error")


def way_of(span: Span, text: str, callee: str) -> Way:
    """How it failed, by what it says."""
    if _ways().pool.search(text):
        return Way.pool
    if not callee:
        return Way.full if _ways().full.search(text) else Way.own
    if span.attributes.get(STATUS_CODE):
        return Way.answered
    if _ways().late.search(text):
        return Way.late
    return Way.refused if _ways().refused.search(text) else Way.answered
