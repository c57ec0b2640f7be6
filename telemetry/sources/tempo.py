"""Traces of Grafana Tempo: searched by TraceQL, then looked up by id.

Its HTTP API: https://grafana.com/docs/tempo/latest/api_docs/ (`/api/search`, `/api/v2/traces`).
"""

import json
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from .datasource import Datasource
from .http import HttpApi
from .otlp import Row, hex_id, number, objects, span_rows
from .source import About, Asked, Scope, Source
from .traces import Found, Question, Traces

MARGIN_S = 60
"""Blocks are looked into by whole seconds, and a trace is looked up with so much around it."""
STATES = {"failing": "status = error", "slow": "traceDuration >= {ms:.0f}ms", "any": ""}


class Tempo(Traces):
    """Traces of one Tempo, as its tenant sees them."""

    def services(self, scope: Scope, window: Window) -> Sequence[str]:
        """As they are meant; it can search among all of them at once."""
        return sorted(scope.services) if scope.services is not None else [""]

    def queries(self, about: About) -> Iterator[Asked]:
        """A trace is asked for by its id alone."""
        if about.traces:
            yield from (Asked("traceql", trace) for trace in about.traces)
            return
        for service in sorted(about.services) or [""]:
            yield Asked("traceql", trace_ql(Question(service, about.window)))

    def find(self, question: Question) -> Sequence[Found]:
        """The first that its search comes across, in no order."""
        window = question.window
        asked = {"q": trace_ql(question), "limit": question.most, "spss": 1}
        answer = self.api.json("api", "search", params=asked | _between(window))
        known = isinstance(answer, dict) and (not answer or answer.keys() & {"traces", "metrics"})
        if not known or not isinstance(answer.get("traces", []), list):
            raise TelemetryError("answered something that is no search result: is it Tempo?")
        return [self._found(one, window) for one in objects(answer.get("traces"))]

    def _found(self, trace: dict[str, Any], window: Window) -> Found:
        trace_id = hex_id(trace.get("traceID")).zfill(32)  # leading zeros are left out of it
        spans = partial(self.spans, trace_id, window)
        return Found(trace_id, number(trace.get("durationMs")) or 0.0, spans)

    def spans(self, trace_id: str, window: Window) -> Sequence[Row]:
        """Every span of a trace, as far as it lies about that window."""
        around = Window(window.start - MARGIN_S, window.end + MARGIN_S)
        answer = self.api.json("api", "v2", "traces", trace_id, params=_between(around))
        document = answer.get("trace", answer) if isinstance(answer, dict) else None
        rows = list(span_rows(document))
        if not rows:
            raise TelemetryError(f"does not have trace {trace_id} that it found")
        return rows


def trace_ql(question: Question) -> str:
    """The query, with every name quoted as TraceQL wants it."""
    quoted = json.dumps(question.service, ensure_ascii=False)  # Go knows no surrogate pairs
    named = f"resource.service.name = {quoted}" if question.service else ""
    state = STATES[question.sort].format(ms=max(1.0, question.slow_ms))
    return f"{{ {' && '.join(filter(None, [named, state]))} }}"


def _between(window: Window) -> dict[str, int]:
    return {"start": max(0, math.floor(window.start)), "end": max(1, math.ceil(window.end))}


def open_tempo(source: Datasource) -> Sequence[Source]:
    """Its traces."""
    return [Tempo(HttpApi(source))]
