"""A backend asked further, in its own language: for what is not in the recording. What came back is
kept whole beside the recording, so that the same query reads on in it and asks nobody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import re2

from ..errors import ToolFailed, ToolRetry
from ..telemetry.model import Window
from ..telemetry.sources.further import Answer, Numbers
from .base import MAX_ROWS, Bench, Effect, Frame, Row, Table, tool
from .reading import cut, number

LONGEST, LONGEST_PATTERN = 2000, 200


@dataclass(frozen=True, slots=True)
class SeriesRow(Row):
    """One series of an expression: its mean in both windows, its ends; times in unix seconds."""

    service: str
    series: str
    baseline: float | None
    incident: float | None
    lowest: float | None
    highest: float | None
    highest_at: float | None
    last: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class LineRow(Row):
    """One log line of a store; `ts` in unix seconds."""

    ts: float
    service: str
    instance: str
    level: str
    message: str
    trace_id: str
    attributes: str


@dataclass(frozen=True, slots=True)
class FoundSpan(Row):
    """One span of a trace that was found; `ts` is its begin, unix seconds."""

    ts: float | None
    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    duration_ms: float | None
    status: str
    status_message: str
    attributes: str


@tool(Effect.read, language="promql")
def promql(
    bench: Bench,
    query: str,
    start: float | None = None,
    end: float | None = None,
    having: str = "",
    first_row: int = 1,
) -> Table[Row]:
    """One PromQL expression put to the metrics backend: for a metric that no other tool shows.

    One row a series: mean in the baseline and in the incident, lowest, highest, last. Every
    selector names a service by its label, such as {service="checkout"}; no @. start, end: unix
    seconds within the incident's telemetry, by default all of it. having: only rows with a match of
    this RE2 pattern. The whole answer stays here: ask the same with having or first_row to read on.
    """
    return _asked(bench, "promql", query, (start, end), having, first_row)


@tool(Effect.read, language="logql")
def logql(
    bench: Bench,
    query: str,
    start: float | None = None,
    end: float | None = None,
    having: str = "",
    first_row: int = 1,
) -> Table[Row]:
    """Lines of the log store, or their number over time, by LogQL: for what was not recorded.

    {service_name="checkout"} |= "timeout" | json | status >= 500, or sum by (pod)
    (count_over_time({service_name="checkout"} |= "timeout" [1m])). Every {} names a service. start,
    end: unix seconds within the incident's telemetry, by default all of it. having: only rows with
    a match of this RE2 pattern. The whole answer stays here: ask the same with having or first_row
    to read on in it.
    """
    return _asked(bench, "logql", query, (start, end), having, first_row)


@tool(Effect.read, language="traceql")
def traceql(
    bench: Bench,
    query: str,
    start: float | None = None,
    end: float | None = None,
    having: str = "",
    first_row: int = 1,
) -> Table[Row]:
    """Spans of traces that the trace store finds by TraceQL: for traces that were not recorded.

    { resource.service.name = "checkout" && status = error && duration > 2s }: one set of spans that
    names a service; no pipeline. start, end: unix seconds within the incident's telemetry, by
    default all of it. having: only rows with a match of this RE2 pattern. The whole answer stays
    here: ask the same with having or first_row to read on in it.
    """
    return _asked(bench, "traceql", query, (start, end), having, first_row)


def _asked(
    bench: Bench,
    language: str,
    query: str,
    times: tuple[float | None, float | None],
    having: str,
    first_row: int,
) -> Table[Row]:
    if bench.live is None:
        raise ToolFailed(f"there is no backend to ask by {language}, only what was recorded")
    wanted = _pattern(having)
    whole, (start, end) = bench.live.window, times
    begin = max(whole.start, bench.frame.whole.start) if start is None else start
    span = Window(begin, whole.end if end is None else end)
    allowed = bench.live.check(language, query, span)
    ask = partial(bench.live.ask, language, allowed, span)
    answer = bench.telemetry.remember(("asked", language, allowed.text, span), ask)
    rows = _rows(bench, answer, allowed.service)
    found = [row for row in rows if not having or wanted.search(json.dumps(row.record()))]
    shown = found[max(0, first_row - 1) :][:MAX_ROWS]
    return Table(shown, _told(answer, rows, found, shown, first_row), span, [answer.asked])


def _pattern(having: str) -> Any:
    try:
        if len(having) <= LONGEST_PATTERN:
            return re2.compile(f"(?i){having}")
    except re2.error as error:
        raise ToolRetry(f"having: {error}; write a pattern of RE2") from error
    raise ToolRetry(f"having: a pattern has at most {LONGEST_PATTERN} characters")


def _told(
    answer: Answer, rows: Sequence[Row], found: Sequence[Row], shown: Sequence[Row], first: int
) -> str:
    """How much came back, and how the rest is read: an answer that is large is never none."""
    what = "series" if answer.series else "rows"
    if not rows:
        return f"{answer.asked.datasource} has nothing that this query selects in this window"
    told = [f"{len(rows)} {what} came back"]
    told += [f"{len(found)} of them match"] if len(found) != len(rows) else []
    told += [answer.left_out] if answer.left_out else []
    if len(shown) < len(found):
        last = first - 1 + len(shown)
        told.append(f"these are {first} to {last}: first_row={last + 1} reads on, having= narrows")
    return "; ".join(told)


def _rows(bench: Bench, answer: Answer, service: str) -> list[Row]:
    if answer.series:
        frame = bench.frame
        return [_summed(one, service, frame) for one in answer.series]
    kind = FoundSpan if any("span_id" in row and "start" in row for row in answer.rows) else LineRow
    told = ({**row, "ts": row.get("ts", row.get("start"))} for row in answer.rows)
    texts = (cut(json.dumps(row.get("attributes") or {}), LONGEST) for row in answer.rows)
    return [kind.of({**row, "attributes": text}) for row, text in zip(told, texts, strict=True)]


def _summed(one: Numbers, service: str, frame: Frame) -> SeriesRow:
    ts, values = np.array(one.points, dtype=float).reshape(-1, 2).T
    known = np.isfinite(values)
    ts, values = ts[known], values[known]

    def mean(window: Window) -> float | None:
        inside = values[(ts >= window.start) & (ts < window.end)]
        return number(float(inside.mean())) if inside.size else None

    labels = ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(one.labels.items()))
    ends = (
        [float(values.min()), float(values.max()), float(values[-1])] if values.size else [None] * 3
    )
    return SeriesRow(
        service=service or one.labels.get("service", ""),
        series=cut(f"{{{labels}}}", 500),
        baseline=mean(frame.baseline),
        incident=mean(frame.incident),
        lowest=number(ends[0]),
        highest=number(ends[1]),
        highest_at=float(ts[values.argmax()]) if values.size else None,
        last=number(ends[2]),
        samples=int(values.size),
    )
