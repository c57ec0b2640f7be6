"""From a figure to a request behind it: the exemplars that a metrics backend keeps."""

from collections import defaultdict
from dataclasses import dataclass

from ..telemetry.sources.exemplars import Exemplar
from .base import Bench, Effect, Row, Table, tool
from .reading import number

OF_EACH = 10
"""Failing and slow requests of one service that are shown."""
LINKED = 3


@dataclass(frozen=True, slots=True)
class RequestBehind(Row):
    """One request behind a metric; `ts` in unix seconds. Its trace may not be recorded here."""

    service: str
    metric: str
    ts: float
    trace_id: str
    duration_s: float | None
    failed: bool


@tool(Effect.read, language="promql")
def exemplars(bench: Bench) -> Table[RequestBehind]:
    """Single requests behind the incident's metrics, with the ids of their traces, as the metrics
    backend keeps them beside its figures: of each service those that failed and the slowest. Few
    of all requests: they show what is behind a rise, and count nothing."""
    window = bench.frame.incident
    found = list(bench.live.exemplars(window)) if bench.live else []
    rows = [_row(one) for one in _telling(found)]
    asked = bench.live.behind(window, [row.trace_id for row in rows[:LINKED]]) if bench.live else []
    summary = f"{len(rows)} of {len(found)} exemplars, each the trace of one request"
    nothing = (
        "the metrics backend keeps no exemplars of these services: Prometheus does with "
        "--enable-feature=exemplar-storage where they are exposed, VictoriaMetrics does not"
    )
    return Table(rows, summary if rows else nothing, window, asked)


def _row(one: Exemplar) -> RequestBehind:
    duration = number(one.seconds)
    return RequestBehind(one.service, one.metric, one.ts, one.trace_id, duration, one.failed)


def _telling(found: list[Exemplar]) -> list[Exemplar]:
    """Of each service the failing ones and the slowest, those first, each trace once."""
    services = defaultdict[str, dict[str, Exemplar]](dict)
    for one in sorted(found, key=lambda one: (one.failed, one.seconds or 0.0, one.ts)):
        services[one.service][one.trace_id] = one
    telling = list[Exemplar]()
    for one_each in services.values():
        slowest = sorted(one_each.values(), key=lambda one: one.seconds or 0.0, reverse=True)
        failing = [one for one in slowest if one.failed]
        telling += dict.fromkeys([*slowest[:OF_EACH], *failing[:OF_EACH]])
    return sorted(telling, key=lambda one: (one.service, -(one.seconds or 0.0)))
