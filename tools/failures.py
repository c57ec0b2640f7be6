"""Where failing requests began to fail."""

from collections import Counter, defaultdict

from ..analysis.origins import Origin, find_origins
from ..telemetry.model import Span
from ..telemetry.span_signals import span_failed
from .base import Bench, Effect, Row, Table, tool
from .reading import cut, graph_spans, number, seconds, spans, table

Key = tuple[str, str, str, str]
"""Blamed service, operation, error, reason."""


@tool(Effect.read)
def failure_origins(bench: Bench) -> Table:
    """The deepest failing span of every failing trace, grouped by service, operation and error.

    Reason is "own error", "no answer" (the service should have answered and left no span),
    "slow callee" (it took the time that ran out) or "uninstrumented callee". Count and share are
    over failing traces of the incident; most frequent first.
    """
    frame = bench.frame
    before, after = spans(bench, frame.baseline), spans(bench, frame.incident)
    known = {span.service for span in before if span.kind == "server"}
    usual = Counter(_keys(before, known).values())
    groups: dict[Key, list[Origin]] = defaultdict(list)
    origins = find_origins(graph_spans(after), known)
    texts = _texts(after)
    for origin in origins:
        groups[_key(origin, texts)].append(origin)
    routes = _routes(after)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    rows = [_row(key, found, len(origins), usual[key], routes) for key, found in ordered]
    summary = f"{len(origins)} failing traces"
    if rows:
        summary += f"; {rows[0]['share']:.0%} begin at {rows[0]['service']} ({rows[0]['reason']})"
    nothing = f"no failing trace among {len(after)} spans of {seconds(frame.incident)}"
    return table(rows, summary, nothing, frame.incident)


def _keys(found: list[Span], known: set[str]) -> dict[str, Key]:
    texts = _texts(found)
    return {o.span.trace_id: _key(o, texts) for o in find_origins(graph_spans(found), known)}


def _texts(found: list[Span]) -> dict[str, str]:
    """What each failed span says about its error, by span id: its type where it has one."""
    return {
        span.span_id: str(
            span.attributes.get("exception.type")
            or span.attributes.get("error.type")
            or span.status_message
            or span.attributes.get("http.response.status_code")
            or "error"
        )
        for span in found
        if span_failed(span)
    }


def _key(origin: Origin, texts: dict[str, str]) -> Key:
    error = texts.get(origin.span.span_id, "slow" if origin.reason == "slow callee" else "error")
    return origin.service, origin.span.name, cut(error, 200), origin.reason


def _routes(found: list[Span]) -> dict[str, str]:
    """The operation at the edge, by trace id."""
    return {span.trace_id: span.name for span in found if not span.parent_id}


def _row(key: Key, found: list[Origin], total: int, before: int, routes: dict[str, str]) -> Row:
    hit = Counter(routes.get(origin.span.trace_id, "") for origin in found)
    return {
        "service": key[0],
        "operation": cut(key[1], 200),
        "error": key[2],
        "reason": key[3],
        "count": len(found),
        "share": number(len(found) / total),
        "before": before,
        "callers": ", ".join(sorted({origin.caller for origin in found if origin.caller})),
        "route": hit.most_common(1)[0][0],
        "trace_id": found[0].span.trace_id,
    }
