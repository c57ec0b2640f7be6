"""Anomalies of metrics, requests and log lines as findings. An alert that none of them backs is
noise.
"""

from collections.abc import Iterator

from ...analysis.fusion import CONCLUSIVE
from ...analysis.quantities import change, percent, portion, quantity, unit_of
from ...analysis.rates import binomial_tail, rate_change
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import MEASURED, SignalName, definition
from ...tools.base import Result
from ...tools.health import ObjectiveState
from ...tools.requests import ChangedPath
from ...tools.shifts import SignalShift
from ...tools.traffic import RouteImpact
from ..causes.clusters import backing
from ..causes.observations import Observations, cite, finding, first, where
from ..reporting.wording import wait_words, way_words

CLEAR = 6.0
"""Anomaly score from which a signal alone counts as something wrong."""
ERRORS = ("error", "critical")
NEARLY_FULL = 0.7
"""Share of a limit in use from which a resource is about to run out."""
GROWING = (SignalName.memory_bytes, SignalName.db_pool_waiting, SignalName.restarts)
GROWING += (SignalName.queue_oldest_s, SignalName.dead_letters)
MUCH = 1.5
"""Times the healthy level."""
STEADY = 0.8
"""Confidence from which growth is steady."""
SOON_S = 3600.0
"""A limit this near, seconds, is trouble already."""
MANY = 3
"""Events below this prove nothing."""
CHANCE = 2.0
"""A rise counts when chance explains it in less than one of 10^2 cases."""
CHANGED = 4.0
"""The same for outcomes of routes, of which there are many."""
FEWEST_BAD = 2
"""Bad requests from which an objective is missed."""
OTHERWISE = 0.5
"""Weight from which another way of requests, or a wait, is beyond chance."""
SLOW = 0.05
"""Share of slow requests at the edge that users notice."""
LIKELY = 0.1
"""Probability from which a service's metric is worth a finding."""
MOST = 3
"""Findings of a kind: the rest stays in the evidence."""
SLOWER = {f"anomaly:{name}" for name in (SignalName.latency_p50, SignalName.latency_p95)}
FAILING = ("condition", "outcomes", "slo", f"anomaly:{SignalName.error_rate}")
"""Kinds of findings on metrics, of requests that took long and of those that failed."""


def backed(seen: Observations) -> list[Finding]:
    """Findings that back the alert, strongest first; none: nothing does."""
    found = [
        *_condition(seen),
        *_outcomes(seen),
        *_signals(seen),
        *_alerted(seen),
        *_growing(seen),
        *_failing(seen.impact),
        *_missed(seen.objectives),
        *_traces(seen),
        *_patterns(seen),
        *_attacks(seen),
        *other_ways(seen, OTHERWISE),
        *slower(seen, OTHERWISE),
        *moved(seen),
        *backing(seen),
    ]
    return [exemplified(seen, one) for one in found]


def exemplified(seen: Observations, told: Finding) -> Finding:
    """With the traces of a few requests that failed, or took longest, where a backend of metrics
    keeps some."""
    slow = told.kind in SLOWER
    if not (slow or told.kind in FAILING) or seen.exemplars is None:
        return told
    rows = where(seen.exemplars, service=told.service)
    meant = [one for one in rows if (one.duration_s if slow else one.failed)][:MOST]
    traces = [quote for one in meant for quote in cite(seen.exemplars, one, "trace_id")]
    return told.model_copy(update={"quotes": [*told.quotes, *traces]})


def _condition(seen: Observations) -> Iterator[Finding]:
    """The alert's own rule, where it still holds."""
    for row in where(seen.condition, alerted=True, holds=True):
        if row.rule not in MEASURED:  # a signal by itself is judged with its level, below
            text = f"the alert's own condition holds: {row.words}"
            proof = ("rule", "holds", "value")
            yield finding("condition", text, seen.condition, row, *proof)


def _outcomes(seen: Observations) -> Iterator[Finding]:
    """Routes that are answered otherwise than they were; at the edge first."""
    rows = [row for row in seen.outcomes.rows if row.score >= CHANGED]
    for row in sorted(rows, key=lambda row: not row.edge)[:MOST]:
        shares = ("completed_share_before", "completed_share", "status")
        rates = ("completed_per_s_before", "completed_per_s")
        proof = ("service", "route", *(rates if row.change == "fewer" else shares))
        yield finding("outcomes", row.words(), seen.outcomes, row, *proof, at=row.since)


def _signals(seen: Observations) -> Iterator[Finding]:
    rows = [r for r in seen.signals.rows if r.worse and r.score >= CLEAR]
    ill = {(row.service, row.signal) for row in rows}
    for row in [row for row in rows if _matters(seen, row, ill)][:5]:
        text = f"{row.service} {row.signal} {row.note or 'changed'}"
        if row.current is not None and row.baseline is not None:
            unit = definition(row.signal).unit
            text = f"{row.service} {row.signal} {change(row.baseline, row.current, unit)}"
        proof = ("service", "current", "baseline", "score")
        yield finding(f"anomaly:{row.signal}", text, seen.signals, row, *proof)


def _alerted(seen: Observations) -> Iterator[Finding]:
    """The very metric that the alert names, whatever it is called, left its level."""
    alert = seen.case.document.alert
    metric = alert.labels.get("metric", "")
    row = first(seen.symptoms, service=alert.service, source="metric", text=metric)
    if metric and row:
        text = f"{row.service} {metric} {change(row.before, row.now, unit_of(metric))}"
        proof = ("service", "text", "now", "before")
        yield finding(f"anomaly:{metric}", text, seen.symptoms, row, *proof)


def _matters(seen: Observations, row: SignalShift, ill: set[tuple[str, str]]) -> bool:
    """Whether a clear anomaly is trouble: nearly full, gone, or too slow for what is promised.

    Shares of few requests jump with each failure, so failures are counted below; a P95 jumps
    with each slow request, so it counts where the median moved as well.
    """
    signal, current, ratio = row.signal, row.current, row.ratio
    if current is None:
        return signal == SignalName.up
    if signal == SignalName.up:
        return current < 0.5
    if signal == SignalName.latency_p95:
        return (row.service, SignalName.latency_p50) in ill and _too_slow(seen, row)
    if definition(signal).resource:
        return current >= NEARLY_FULL
    return signal in GROWING and (ratio or 0) >= MUCH


def _too_slow(seen: Observations, row: SignalShift) -> bool:
    """Slower than the service's latency objective; without one, three times slower."""
    service = seen.case.catalogue.find(row.service)
    goals = [slo.threshold_ms for slo in (service.slos if service else []) if slo.threshold_ms]
    if goals and row.current is not None:
        return row.current * 1000 > min(goals)
    return (row.ratio or 0) >= 2 * MUCH


def _growing(seen: Observations) -> Iterator[Finding]:
    """What grows steadily towards a limit: calm today, an outage within the hour."""
    for row in seen.growth.rows:
        left = row.seconds_to_limit
        if row.monotonic and row.confidence >= STEADY and left is not None and left <= SOON_S:
            full = f"reaches its limit in {quantity(left, 's')}"
            text = f"{row.service} {row.signal} grows steadily and {full}"
            proof = ("service", "now", "seconds_to_limit")
            yield finding(f"anomaly:{row.signal}", text, seen.growth, row, *proof)


def _failing(traffic: Result[RouteImpact]) -> Iterator[Finding]:
    total = first(traffic, route="*")
    if not total or not total.requests:
        return
    counts = total.failed_before, total.failed, total.requests_before or 1, total.requests
    if total.failed >= MANY and _beyond_chance(*counts):
        before = percent(total.share_before)
        text = f"{portion(total.failed, total.requests)} at the edge fail, {before} before"
        yield finding("impact", text, traffic, total, "share", "share_before")
    slow = total.slow or 0
    if slow >= MANY * max(1.0, total.requests / 100) and slow / total.requests >= SLOW:
        text = f"{slow} of {total.requests} requests at the edge miss the latency goal"
        yield finding("impact", text, traffic, total, "slow", "requests")


def _missed(objectives: Result[ObjectiveState]) -> Iterator[Finding]:
    """Objectives that are missed beyond chance."""
    for row in objectives.rows:
        if missed(row):
            levels = f"{percent(row.current)} good, {percent(row.objective)} wanted"
            text = f"{row.service} misses its objective {row.name}: {levels}"
            yield finding("slo", text, objectives, row, "service", "current", "objective")


def missed(row: ObjectiveState) -> bool:
    """Whether an objective is missed by more than chance makes of few requests."""
    total, bad = row.total or 0, (row.total or 0) - (row.good or 0)
    if not row.breached or bad < FEWEST_BAD:
        return False
    return binomial_tail(bad, total, 1 - row.objective) <= 10**-CHANCE


def _beyond_chance(before: int, after: int, of_before: float, of_after: float) -> bool:
    change = rate_change(before, after, of_before, of_after)
    return change.direction > 0 and change.log10_p <= -CHANCE


def _traces(seen: Observations) -> Iterator[Finding]:
    """Failures behind the edge, which users may not have noticed yet."""
    rows = seen.failures.rows
    after, before = sum(r.count for r in rows), sum(r.before for r in rows)
    frame = seen.case.frame
    seconds = max(frame.baseline.seconds, 1), frame.incident.seconds or 1
    if after >= MANY and _beyond_chance(before, after, *seconds):
        row = rows[0]
        text = f"{after} traces fail, {before} before; most begin in {row.service}"
        yield finding("error-origin", text, seen.failures, row, "service", "count", "share")


def _patterns(seen: Observations) -> Iterator[Finding]:
    rows = [
        row
        for row in seen.patterns.rows
        if row.kind in ("new", "surging")
        and row.level in ERRORS
        and row.after >= MANY
        and (row.score or 0) >= CHANCE
    ]
    for row in rows[:MOST]:
        text = f"{row.service} logs {row.kind} errors: {row.sample[:120]}"
        yield finding("log", text, seen.patterns, row, "service", "after", "sample")


def _attacks(seen: Observations) -> Iterator[Finding]:
    rows = [r for r in seen.logins.rows if r.kind in ("concentrated", "distributed")]
    for row in rows[:MOST]:
        text = f"{row.failures} failed logins from {row.value}"
        yield finding("auth", text, seen.logins, row, "value", "failures")


def other_ways(seen: Observations, least: float) -> Iterator[Finding]:
    """Requests that take another way, the clearest of each service."""
    rows: dict[str, ChangedPath] = {}
    for row in seen.paths.rows:
        if row.weight >= least:
            rows.setdefault(row.service, row)
    for row in list(rows.values())[:MOST]:
        proof = ("service", "event", "share", "share_before")
        yield finding("path", way_words(row), seen.paths, row, *proof, at=row.first)


def slower(seen: Observations, least: float) -> Iterator[Finding]:
    """Services that add time to requests."""
    for row in [row for row in seen.waits.rows if row.strength >= least][:MOST]:
        proof = ("service", "place", "added_ms", "times_noise")
        yield finding("wait", wait_words(row), seen.waits, row, *proof, at=row.first)


def moved(seen: Observations) -> Iterator[Finding]:
    """Metrics of any other name by which somebody is more likely ill than nobody."""
    rows = [row for row in seen.measured.rows if not row.signal]
    if sum(row.probability or 0 for row in rows) < CONCLUSIVE:
        return
    shown = [row for row in rows if (row.probability or 0) >= LIKELY and row.now is not None]
    for row in shown[:MOST]:
        text = f"{row.service} {row.metric} {change(row.before, row.now, unit_of(row.metric))}"
        proof = ("service", "metric", "before", "now")
        yield finding(f"anomaly:{row.metric}", text, seen.measured, row, *proof)
