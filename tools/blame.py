"""Who is guilty by metrics and the calls between services alone."""

import numpy as np

from ..analysis.metric_blame import MetricBlame, MetricColumn, Symptom, blame_metrics
from ..telemetry.gauges import gauges
from .base import Bench, Effect, Row, Table, tool
from .columns import requests
from .reading import attempt, cut, number, seconds, signals, table, whole

MEASURED = "metrics"
SHOWN = 30


@tool(Effect.read)
def metric_blame(bench: Bench) -> Table:
    """Services by how far their metrics say that the illness begins with them.

    Any metric counts, whatever its name: latency, failures, availability, CPU, memory, traffic.
    Illness is followed along the calls from callers to callees; `score` is in log-odds, above 0
    likelier than an unknown cause, `probability` the same against the others. `metric` shows it
    most. Reasons for and against and what was not measured are in words.
    """
    columns = _columns(bench)
    symptom = _symptom(bench, columns)
    measured = {column.service for column in columns}
    found = blame_metrics(columns, _calls(bench), symptom) if columns else []
    rows = [_row(blame) for blame in found if blame.service in measured][:SHOWN]
    summary = f"{len(measured)} services measured by {len(columns)} metrics"
    if rows:
        summary += f"; most suspicious {rows[0]['service']} ({rows[0]['probability']:.0%})"
    nothing = f"no metric of any service in {seconds(whole(bench))}"
    return table(rows, summary, nothing, whole(bench))


def _columns(bench: Bench) -> list[MetricColumn]:
    """Canonical signals out of metrics, then every other metric. All on one grid a window."""
    frame = bench.frame
    found = [
        MetricColumn(gauge.service, gauge.name, gauge.before, gauge.now)
        for gauge in attempt(lambda: gauges(bench.telemetry, frame.baseline, frame.incident))
    ]
    made = [
        (item.service, item.name, item.within(frame.baseline), item.within(frame.incident))
        for item in signals(bench, whole(bench))
        if item.source == MEASURED
    ]
    if not found or not made:
        return found or [MetricColumn(*item) for item in made]
    sizes = found[0].before.size, found[0].now.size
    return found + [
        MetricColumn(service, name, _fitted(before, sizes[0]), _fitted(now, sizes[1]))
        for service, name, before, now in made
    ]


def _fitted(values: np.ndarray, size: int) -> np.ndarray:
    """The last `size` values; what is missing at the front is unknown."""
    return np.concatenate([np.full(max(0, size - values.size), np.nan), values])[-size:]


def _calls(bench: Bench) -> set[tuple[str, str]]:
    """Who calls whom, by the catalogue and by spans."""
    catalogue = attempt(bench.telemetry.catalogue)
    listed = {(s.name, callee) for s in catalogue.services for callee in s.depends_on}
    spans = requests(bench).table
    child = np.flatnonzero(spans.parent >= 0)
    pairs = np.unique(
        np.stack([spans.service[spans.parent[child]], spans.service[child]], axis=1), axis=0
    )
    names = spans.services
    return listed | {(names[a], names[b]) for a, b in pairs.tolist() if a != b}


def _symptom(bench: Bench, columns: list[MetricColumn]) -> Symptom | None:
    """What the alert complains of, where it names a service and a metric that is there."""
    frame = bench.frame
    known = {(column.service, column.name) for column in columns}
    if (frame.service, frame.metric) in known:
        return Symptom(frame.service, frame.metric)
    return None


def _row(blame: MetricBlame) -> Row:
    shown = blame.deciding
    return {
        "service": blame.service,
        "probability": number(blame.probability, 3),
        "score": number(blame.score, 3),
        "metric": shown.metric if shown else "",
        "kind": str(shown.kind) if shown else "",
        "before": number(shown.before) if shown else None,
        "now": number(shown.now) if shown else None,
        "reasons_for": cut("; ".join(blame.reasons_for), 400),
        "reasons_against": cut("; ".join(blame.reasons_against), 400),
        "not_available": cut("; ".join(blame.not_available), 200),
    }
