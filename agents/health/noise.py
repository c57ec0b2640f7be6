"""Does anything in telemetry back the alert? What does, as findings; nothing means noise."""

from ...analysis.rates import rate_change
from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName, definition
from ...tools.base import Result, Row
from ..causes.observations import Observations, cite, first
from .otherwise import moved, other_ways, slower

CLEAR = 6.0
"""Anomaly score from which a signal alone counts as something wrong."""
ERRORS = ("error", "critical")
NEARLY_FULL = 0.7
"""Share of a limit in use from which a resource is about to run out."""
GROWING = (SignalName.memory_bytes, SignalName.db_pool_waiting, SignalName.restarts)
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
OTHERWISE = 0.5
"""Weight from which another way of requests, or a wait, is beyond chance."""
SLOW = 0.05
"""Share of slow requests at the edge that users notice."""


def backed(observations: Observations, traffic: Result, objectives: Result) -> list[Finding]:
    """Findings that back the alert, strongest first; an empty list means noise."""
    return [
        *_signals(observations),
        *_alerted(observations),
        *_growing(observations),
        *_failing(traffic),
        *_missed(objectives),
        *_traces(observations),
        *_patterns(observations),
        *_attacks(observations),
        *other_ways(observations, OTHERWISE),
        *slower(observations, OTHERWISE),
        *moved(observations),
    ]


def _signals(observations: Observations) -> list[Finding]:
    rows = [r for r in observations.signals.rows if r["worse"] and (r["score"] or 0) >= CLEAR]
    ill = {(row["service"], row["signal"]) for row in rows}
    rows = [row for row in rows if _matters(observations, row, ill)]
    return [
        Finding(
            statement=f"{row['service']} {row['signal']} is {row['current']:.3g}, "
            f"healthy {row['baseline']:.3g}"
            if row["current"] is not None and row["baseline"] is not None
            else f"{row['service']} {row['signal']} {row['note'] or 'changed'}",
            service=row["service"],
            kind=f"anomaly:{row['signal']}",
            quotes=cite(observations.signals, row, "service", "current", "baseline", "score"),
        )
        for row in rows[:5]
    ]


def _alerted(observations: Observations) -> list[Finding]:
    """The very metric that the alert names, whatever it is called, left its level."""
    alert = observations.case.document.alert
    metric = alert.labels.get("metric", "")
    row = first(observations.symptoms, service=alert.service, source="metric", text=metric)
    if not metric or row is None:
        return []
    return [
        Finding(
            statement=f"{row['service']} {metric} is {row['now'] or 0:.3g}, "
            f"healthy {row['before'] or 0:.3g}",
            service=row["service"],
            kind=f"anomaly:{metric}",
            quotes=cite(observations.symptoms, row, "service", "text", "now", "before"),
        )
    ]


def _matters(observations: Observations, row: Row, ill: set[tuple[str, str]]) -> bool:
    """Whether a clear anomaly is trouble: nearly full, gone, or too slow for what is promised.

    Shares of few requests jump with each failure, so failures are counted below; a P95 jumps
    with each slow request, so it counts where the median moved as well.
    """
    signal, current, ratio = row["signal"], row["current"], row["ratio"]
    if current is None:
        return signal == SignalName.up
    if signal == SignalName.up:
        return current < 0.5
    if signal == SignalName.latency_p95:
        return (row["service"], SignalName.latency_p50) in ill and _too_slow(observations, row)
    if definition(signal).resource:
        return current >= NEARLY_FULL
    return signal in GROWING and (ratio or 0) >= MUCH


def _too_slow(observations: Observations, row: Row) -> bool:
    """Slower than the service's latency objective; without one, three times slower."""
    service = observations.case.catalogue.find(row["service"])
    goals = [slo.threshold_ms for slo in (service.slos if service else []) if slo.threshold_ms]
    if goals:
        return row["current"] * 1000 > min(goals)
    return (row["ratio"] or 0) >= 2 * MUCH


def _growing(observations: Observations) -> list[Finding]:
    """What grows steadily towards a limit: calm today, an outage within the hour."""
    return [
        Finding(
            statement=f"{row['service']} {row['signal']} grows steadily and reaches its limit in "
            f"{row['seconds_to_limit']:.0f} s",
            service=row["service"],
            kind=f"anomaly:{row['signal']}",
            quotes=cite(observations.growth, row, "service", "now", "seconds_to_limit"),
        )
        for row in observations.growth.rows
        if row["monotonic"]
        and (row["confidence"] or 0) >= STEADY
        and row["seconds_to_limit"] is not None
        and row["seconds_to_limit"] <= SOON_S
    ]


def _failing(traffic: Result) -> list[Finding]:
    total = first(traffic, route="*")
    if not total or not total["requests"]:
        return []
    failed = _rise(total, ("failed", "failed_before"), ("requests", "requests_before"))
    slow = total["slow"] >= MANY * max(1.0, total["requests"] / 100) if total["slow"] else False
    found = []
    if failed:
        before = total["share_before"] or 0.0
        text = f"{total['share']:.1%} of requests at the edge fail, {before:.1%} before"
        quotes = cite(traffic, total, "share", "share_before")
        found.append(Finding(statement=text, kind="impact", quotes=quotes))
    if slow and total["slow"] / total["requests"] >= SLOW:
        text = f"{total['slow']} of {total['requests']} requests at the edge miss the latency goal"
        quotes = cite(traffic, total, "slow", "requests")
        found.append(Finding(statement=text, kind="impact", quotes=quotes))
    return found


def _missed(objectives: Result) -> list[Finding]:
    """Objectives that are missed by more than a few requests."""
    return [
        Finding(
            statement=f"{row['service']} misses its objective {row['name']}: "
            f"{row['current']:.2%} good, {row['objective']:.2%} wanted",
            service=row["service"],
            kind="slo",
            quotes=cite(objectives, row, "service", "current", "objective"),
        )
        for row in objectives.rows
        if row["breached"] and (row["total"] or 0) - (row["good"] or 0) > MANY
    ]


def _rise(row: Row, counts: tuple[str, str], totals: tuple[str, str]) -> bool:
    """Whether a share rose beyond chance, and by more than a handful of events."""
    after, before = row[counts[0]] or 0, row[counts[1]] or 0
    change = rate_change(before, after, row[totals[1]] or 1, row[totals[0]])
    return after >= MANY and change.direction > 0 and change.log10_p <= -CHANCE


def _traces(observations: Observations) -> list[Finding]:
    """Failures behind the edge, which users may not have noticed yet."""
    rows = observations.failures.rows
    after, before = sum(r["count"] or 0 for r in rows), sum(r["before"] or 0 for r in rows)
    frame = observations.case.frame
    change = rate_change(before, after, max(frame.baseline.seconds, 1), frame.incident.seconds or 1)
    if after < MANY or change.direction <= 0 or change.log10_p > -CHANCE:
        return []
    row = rows[0]
    text = f"{after} traces fail, {before} before; most begin in {row['service']}"
    quotes = cite(observations.failures, row, "service", "count", "share")
    return [Finding(statement=text, service=row["service"], kind="error-origin", quotes=quotes)]


def _patterns(observations: Observations) -> list[Finding]:
    rows = [
        row
        for row in observations.patterns.rows
        if row["kind"] in ("new", "surging")
        and row["level"] in ERRORS
        and (row["after"] or 0) >= MANY
        and (row["score"] or 0) >= CHANCE
    ]
    return [
        Finding(
            statement=f"{row['service']} logs {row['kind']} errors: {row['sample'][:120]}",
            service=row["service"],
            kind="log",
            quotes=cite(observations.patterns, row, "service", "after", "sample"),
        )
        for row in rows[:3]
    ]


def _attacks(observations: Observations) -> list[Finding]:
    rows = [r for r in observations.logins.rows if r["kind"] in ("concentrated", "distributed")]
    return [
        Finding(
            statement=f"{row['failures']} failed logins from {row['value']}",
            kind="auth",
            quotes=cite(observations.logins, row, "value", "failures"),
        )
        for row in rows[:3]
    ]
