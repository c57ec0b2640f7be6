"""Exemplars (OpenMetrics): single requests behind a metric's samples, with the ids of their traces.

Prometheus (with --enable-feature=exemplar-storage) and Mimir keep some, VictoriaMetrics none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..signal_catalogue import FAILED, REQUEST_BUCKETS, REQUESTS
from .metric_plan import Selection
from .otlp import fields, number, objects
from .prometheus import Prometheus
from .source import About, Scope

SECONDS = 4.0
"""That one answer may take."""
TRACE_IDS = ("trace_id", "traceID", "traceId", "TraceID")
"""Labels of an exemplar that hold it, in the spellings of the field's libraries."""
HEX_ID = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?")
BEHIND = frozenset({REQUESTS, REQUEST_BUCKETS})
"""Metrics, by our names, whose exemplars are requests."""


@dataclass(frozen=True)
class Exemplar:
    """One request; `seconds` that it took, where its metric measures them."""

    ts: float
    service: str
    metric: str  # theirs
    trace_id: str
    seconds: float | None
    failed: bool


def exemplars(source: Prometheus, about: About) -> Iterator[Exemplar]:
    """Requests of these services and this window. Raises TelemetryError where none can be asked."""
    span = {"start": f"{about.window.start:.3f}", "end": f"{about.window.end:.3f}"}
    for selection, scope, text in source.selected(about.services, BEHIND):
        for one in objects(source.data("query_exemplars", {"query": text, **span}, SECONDS)):
            yield from _behind(source, selection, scope, one)


def _behind(
    source: Prometheus, selection: Selection, scope: Scope, answer: dict[str, Any]
) -> Iterator[Exemplar]:
    """Those of one series."""
    series, convention = fields(answer.get("seriesLabels")), selection.convention
    if not convention.holds(series):
        return
    whose, service = convention.owner(series, scope, source.source.whose)
    metric, labels = series["__name__"], convention.ours(series)
    timed = convention.named[metric] == REQUEST_BUCKETS
    for one in objects(answer.get("exemplars")) if whose == selection.whose else ():
        own = fields(one.get("labels"))
        trace = next((str(own[name]).lower() for name in TRACE_IDS if own.get(name)), "")
        ts, value = number(one.get("timestamp")), number(one.get("value"))
        if HEX_ID.fullmatch(trace) and ts is not None and value is not None:
            seconds = value * convention.le_unit if timed else None
            yield Exemplar(ts, service, metric, trace.zfill(32), seconds, FAILED(labels))
