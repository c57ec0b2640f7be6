"""Metrics of OpenTelemetry's protocol into lines of a bundle: those that signals can use.

A name becomes what Prometheus' own receiver makes of it (OpenTelemetry's "Prometheus and
OpenMetrics Compatibility"), so that the conventions hold for both ways.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ...cluster.objects import named
from .conventions import CONVENTIONS, NAME
from .datasource import SourceLabels
from .otlp import NAMES, Row, attributes, fields, nanos, number, objects, text
from .source import EVERYTHING

UNITS = {
    **{"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"},
    **{"min": "minutes", "h": "hours", "d": "days", "By": "bytes", "KiBy": "kibibytes"},
    **{"MiBy": "mebibytes", "GiBy": "gibibytes", "%": "percent", "1": ""},
}
"""UCUM's units in Prometheus' words."""
CUMULATIVE = (2, "AGGREGATION_TEMPORALITY_CUMULATIVE")
NO_RECORDED_VALUE = 1
DELTA = (
    "of delta temporality: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative, or "
    "put the Collector's deltatocumulative before it"
)
EXPONENTIAL = "of exponential histograms: have a view keep explicit buckets"
SUMMARY = "of summaries: have histograms sent"
USUAL = SourceLabels(service=("service_name",))
MOST_CHOSEN = 50_000
"""Pairs of a service and a metric of which the convention is remembered."""


class MetricRows:
    """Translates one document after another. Of two conventions that a service has for one metric
    the first in the table counts, from when it was seen on."""

    def __init__(self) -> None:
        self.chosen: dict[tuple[str, str], int] = {}

    def rows(self, document: Any, refused: Counter[str]) -> list[Row]:
        """The samples of a document (`resourceMetrics`). `refused` counts data points by reason."""
        found = list(self._found(document, refused))
        if len(self.chosen) > MOST_CHOSEN:
            self.chosen.clear()
        for order, row in found:
            key = row["service"], row["name"]
            self.chosen[key] = min(order, self.chosen.get(key, order))
        return [row for order, row in found if self.chosen[row["service"], row["name"]] == order]

    def _found(self, document: Any, refused: Counter[str]) -> Iterator[tuple[int, Row]]:
        for part in objects(fields(document).get("resourceMetrics")):
            resource = attributes(fields(part.get("resource")).get("attributes"))
            for scope in objects(part.get("scopeMetrics")):
                for metric in objects(scope.get("metrics")):
                    for name, point, labels, value in _samples(metric, refused):
                        yield from _row(name, point, labels, value, resource)


Sample = tuple[str, Mapping[str, Any], dict[str, str], float | None]
"""Its name as Prometheus has it, the data point, further labels, the value."""


def _samples(metric: dict[str, Any], refused: Counter[str]) -> Iterator[Sample]:
    """Of the kinds that are read; the others are refused."""
    for kind, problem in (("exponentialHistogram", EXPONENTIAL), ("summary", SUMMARY)):
        if points := objects(fields(metric.get(kind)).get("dataPoints")):
            refused[problem] += len(points)
    for kind in ("gauge", "sum", "histogram"):
        held = fields(metric.get(kind))
        points = objects(held.get("dataPoints"))
        if kind != "gauge" and points and held.get("aggregationTemporality") not in CUMULATIVE:
            refused[DELTA] += len(points)
            continue
        grows = held.get("isMonotonic") is True
        name = prometheus_name(text(metric, "name"), text(metric, "unit"), kind, grows)
        for point in points:
            if _flags(point) & NO_RECORDED_VALUE:
                continue
            read = _histogram(name, point) if kind == "histogram" else _number(name, point)
            yield from ((one, point, labels, value) for one, labels, value in read)


def _number(name: str, point: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], Any]]:
    yield name, {}, number(point.get("asDouble", point.get("asInt")))


def _histogram(name: str, point: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Each bucket holds what is below it too, as Prometheus counts."""
    counts, total = point.get("bucketCounts") or [], number(point.get("count", 0))
    bounds = point.get("explicitBounds") or []
    if isinstance(counts, list) and isinstance(bounds, list) and len(counts) == len(bounds) + 1:
        below = 0.0
        for bound, count in zip(bounds, counts, strict=False):
            below += number(count) or 0.0
            yield f"{name}_bucket", {"le": f"{number(bound) or 0.0:.12g}"}, below
        yield f"{name}_bucket", {"le": "+Inf"}, total
    yield f"{name}_count", {}, total


def _row(
    name: str,
    point: Mapping[str, Any],
    labels: dict[str, str],
    value: float | None,
    resource: Mapping[str, Any],
) -> Iterator[tuple[int, Row]]:
    """The sample by the first convention that knows it, and that one's place in the table."""
    service = text(resource, "service.name")
    said = {named(key): str(one) for key, one in attributes(point.get("attributes")).items()}
    theirs = {NAME: name, **said, **labels, "service_name": service}
    known = (order for order, one in enumerate(CONVENTIONS) if one.holds(theirs))
    if (order := next(known, None)) is None:
        return
    _, owner = CONVENTIONS[order].owner(theirs, EVERYTHING, USUAL)
    ns = nanos(point.get("timeUnixNano"))
    instances = (str(resource[key]) for key in NAMES.instance if resource.get(key))
    ours = CONVENTIONS[order].ours(theirs)
    del ours["service_name"]
    row = {"ts": ns / 1e9 if ns else None, "name": CONVENTIONS[order].named[name]}
    row |= {"service": owner or service, "instance": next(instances, "")}
    yield order, row | {"labels": ours, "value": value}


def _flags(point: Mapping[str, Any]) -> int:
    found = point.get("flags")
    return found if isinstance(found, int) else 0


def prometheus_name(name: str, unit: str, kind: str, grows: bool) -> str:
    """A metric as Prometheus calls it: http.server.request.duration in s is ..._seconds."""
    words = [re.sub(r"_+", "_", re.sub(r"\W", "_", name)).strip("_")]
    unit = re.sub(r"\{[^}]*\}", "", unit)
    top, _, per = unit.partition("/")
    told = [UNITS.get(top, named(top))]
    told += [f"per_{UNITS.get(per, named(per)).removesuffix('s')}"] if per else []
    words += [word for word in told if word and not words[0].endswith(word)]
    if unit == "1" and kind == "gauge":
        words.append("ratio")
    if kind == "sum" and grows:
        words[0] = words[0].removesuffix("_total")
        words.append("total")
    return "_".join(words)
