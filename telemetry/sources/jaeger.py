"""Traces of Jaeger's query service, and of what speaks as it does (VictoriaTraces under
/select/jaeger).

Its internal JSON API, as its own pages use it: https://www.jaegertracing.io/docs/latest/apis/
(`/api/services`, `/api/traces`; times in microseconds).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ...errors import TelemetryError
from ..model import Window
from .datasource import Datasource
from .http import HttpApi
from .otlp import KINDS, STATUS, Row, fields, number, objects, span_row, text, word
from .source import About, Asked, Scope, Source
from .traces import Found, Question, Traces

Parts = dict[str, Any]
FAILED = '{"error":"true"}'
NEAR, LEAST_S = 3.0, 0.5
"""Of the part of a window that is searched first: so many times what the newest took, at least."""


class Jaeger(Traces):
    """Traces of one Jaeger."""

    def __init__(self, api: HttpApi) -> None:
        super().__init__(api)
        self.there = set[str]()
        self.took = dict[str, float]()  # a service: of how many seconds the last full answer was

    def services(self, scope: Scope, window: Window) -> Sequence[str]:
        """Those that are meant and sent spans: others are called and say nothing. It searches one
        at a time, so it is asked which there are as long as one is not there."""
        if scope.services is None or not scope.services <= self.there:
            self.there.update(str(name) for name in self._data("services", params={}))
        return sorted(self.there if scope.services is None else scope.services & self.there)

    def queries(self, about: About) -> Iterator[Asked]:
        """Pages of its own: a trace, or a search."""
        if about.traces:
            yield from (Asked("jaeger", trace, ("trace", trace)) for trace in about.traces)
            return
        span = {"start": about.window.start, "end": about.window.end}
        times = tuple((name, str(int(at * 1e6))) for name, at in span.items())
        for service in sorted(about.services):
            asked = (("service", service), *times)
            yield Asked("jaeger", f"service={service}", ("search",), asked)

    def find(self, question: Question) -> Sequence[Found]:
        """The newest that are so, each with all of its spans. It reads all that there are of a
        window to answer with the newest, so their part of it is searched first where that is known.
        """
        window, name = question.window, question.service
        part = NEAR * max(self.took.get(name, math.inf), LEAST_S)
        if question.sort == "any" and part < window.seconds:
            near = replace(question, window=Window(window.end - part, window.end))
            found = self._searched(near)
            if len(found) >= question.most:
                return found
        return self._searched(question)

    def _searched(self, question: Question) -> Sequence[Found]:
        window = question.window
        asked: dict[str, str | int] = {"service": question.service, "limit": question.most}
        asked |= {"start": int(window.start * 1e6), "end": int(window.end * 1e6)}
        asked |= {"tags": FAILED} if question.sort == "failing" else {}
        if question.sort == "slow":
            asked["minDuration"] = f"{question.slow_ms * 1000:.0f}us"
        found = [one for one in self._data("traces", params=asked) if isinstance(one, dict)]
        begun = [at for trace in found for at in _begun(trace, question)]
        if question.sort == "any" and begun and len(found) >= question.most:
            self.took[question.service] = window.end - min(begun) / 1e6
        return [_found(trace, question.service) for trace in found]

    def _data(self, *path: str, params: Mapping[str, str | int]) -> list[Any]:
        answer = self.api.json("api", *path, params=params)
        data = answer.get("data", 0) if isinstance(answer, dict) else 0
        if data is not None and not isinstance(data, list):
            raise TelemetryError("answered something without `data`: is it Jaeger's query port?")
        return data or []


def _own(trace: Parts, service: str) -> list[Parts]:
    spans = objects(trace.get("spans"))
    return [span for span in spans if _process(trace, span).get("serviceName") == service]


def _begun(trace: Parts, question: Question) -> Iterator[float]:
    """When the service had to do with it first within the window, microseconds."""
    times = (number(span.get("startTime")) for span in _own(trace, question.service))
    inside = [at for at in times if at is not None and at >= question.window.start * 1e6]
    yield from [min(inside)] if inside else []


def _found(trace: Parts, service: str) -> Found:
    spans, own = objects(trace.get("spans")), _own(trace, service)
    longest = max((number(span.get("duration")) or 0.0 for span in own), default=0.0)
    return Found(text(trace, "traceID"), longest / 1000, partial(_rows, trace, spans))


def _rows(trace: Parts, spans: list[Parts]) -> Sequence[Row]:
    return [_row(span, _process(trace, span)) for span in spans]


def _row(span: Parts, process: Parts) -> Row:
    facts = _tags(span.get("tags"))
    for event in objects(span.get("logs")):
        said = _tags(event.get("fields"))
        if said.get("event") in ("exception", "error"):
            facts |= {name: value for name, value in said.items() if name != "event"}
    start, lasted = number(span.get("startTime")), number(span.get("duration"))
    failed = facts.pop("error", False) in (True, "true")
    status = "error" if failed else facts.get("otel.status_code")
    return span_row(
        (span.get("traceID"), span.get("spanID"), next(_above(span), "")),
        span.get("operationName"),
        None if start is None else start / 1e6,
        None if lasted is None else lasted / 1e3,
        kind=word(facts.pop("span.kind", ""), "", KINDS),
        status=(word(status, "", STATUS), facts.pop("otel.status_description", "")),
        facts=facts,
        resource=_tags(process.get("tags")) | {"service.name": process.get("serviceName")},
    )


def _above(span: Parts) -> Iterator[str]:
    """The spans of the same trace that it says it is of; older clients have one field for it."""
    for link in objects(span.get("references")):
        if link.get("refType") == "CHILD_OF" and link.get("traceID") == span.get("traceID"):
            yield text(link, "spanID")
    yield text(span, "parentSpanID")


def _process(trace: Parts, span: Parts) -> Parts:
    return fields(fields(trace.get("processes")).get(text(span, "processID")))


def _tags(pairs: Any) -> Parts:
    return {text(tag, "key"): tag.get("value") for tag in objects(pairs)}


def open_jaeger(source: Datasource) -> Sequence[Source]:
    """Its traces."""
    return [Jaeger(HttpApi(source))]
