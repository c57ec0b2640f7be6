"""Too much work or too little room: surges, leaks, exhausted pools, busy processors."""

import re
from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.base import Row
from .candidate import Candidate
from .observations import Observations, cite, first, where
from .timing import suspicious, time_and_place

MEMORY = SignalName.memory_share
CONNECTION = re.compile(r"connection|pool", re.IGNORECASE)


def surges(observations: Observations) -> Iterator[Candidate]:
    """More requests than before, from many sides, and a service that has no room for them."""
    row = _most_surging(observations)
    if row is None:
        return
    crowded = _crowded(observations)
    service = crowded["service"] if crowded else observations.case.document.alert.service
    if not service:
        return
    statement = f"{row['ratio']:.1f} times the usual traffic on {row['value']}; {service} is full"
    candidate = Candidate(service, FaultKind.traffic_surge, statement, resource=row["value"])
    candidate.backed(
        3.0,
        (row["ratio"] - 1.3) / 1.5,
        f"{row['rate']:g} requests/s, {row['rate_before']:g} before",
        cite(observations.traffic, row, "rate", "rate_before", "ratio"),
    )
    used = crowded["utilisation"] if crowded else 0.0
    candidate.backed(
        2.0,
        (used - 0.6) / 0.35,
        f"{service}: {used:.0%} of its {_resource(crowded)} in use",
        cite(observations.saturation, crowded, "utilisation", "resource"),
    )
    attack = any(r["kind"] in ("concentrated", "distributed") for r in observations.logins.rows)
    candidate.doubted(3.0, float(attack), "the added requests are failed logins")
    yield candidate


def leaks(observations: Observations) -> Iterator[Candidate]:
    """Memory that grows without end towards its limit, or has just begun to."""
    for service in _growing(observations):
        statement = f"{service} uses more and more memory"
        candidate = Candidate(service, FaultKind.memory_leak, statement)
        _growth(observations, candidate, service)
        full = first(observations.saturation, service=service, resource="memory")
        used = (full["utilisation"] or 0) if full else 0.0
        candidate.backed(
            2.0,
            (used - 0.5) / 0.35,
            f"{used:.0%} of the memory limit in use",
            cite(observations.saturation, full, "utilisation"),
        )
        for change, score in suspicious(observations, "deploy"):
            if change["service"] == service:
                candidate.change = change["id"]
                time_and_place(observations, candidate, change, score)
        yield candidate


def _growing(observations: Observations) -> list[str]:
    """Services whose memory grows steadily, or is clearly above its healthy level."""
    steady = [
        r for r in observations.growth.rows if r["signal"].startswith("memory") and r["monotonic"]
    ]
    risen = [
        r["service"] for r in observations.signals.rows if r["signal"] == MEMORY and swollen(r)
    ]
    return list(dict.fromkeys([*(row["service"] for row in steady), *risen]))


def _growth(observations: Observations, candidate: Candidate, service: str) -> None:
    for row in where(observations.growth, service=service):
        if row["signal"].startswith("memory") and row["monotonic"]:
            candidate.backed(
                2.5,
                (row["confidence"] or 0) * min(1.0, (row["growth"] or 0) / 0.3),
                f"memory grew by {row['growth'] or 0:.0%} and does not come back",
                cite(observations.growth, row, "growth", "now"),
            )
            return
    row = observations.signal(service, MEMORY)
    risen = (row["ratio"] or 1.0) - 1.0 if row else 0.0
    text = f"its memory rose by {risen:.0%}"
    candidate.backed(2.0, risen / 0.5, text, cite(observations.signals, row, "current", "baseline"))


def swollen(row: Row | None) -> bool:
    """Whether a memory signal is clearly and by much above its healthy level."""
    if row is None or not row["worse"]:
        return False
    return (row["score"] or 0) >= 6 and (row["ratio"] or 0) >= 1.3


def pools(observations: Observations) -> Iterator[Candidate]:
    """Every database connection of a service is taken and its requests wait for one."""
    for row in where(observations.saturation, resource="db pool"):
        service, used = row["service"], row["utilisation"] or 0
        if used < 0.8:
            continue
        statement = f"every database connection of {service} is taken and none comes back"
        candidate = Candidate(service, FaultKind.pool_exhaustion, statement)
        candidate.backed(
            3.0,
            (used - 0.7) / 0.3,
            f"{used:.0%} of the pool in use",
            cite(observations.saturation, row, "utilisation", "used"),
        )
        share = observations.own_failures(service)
        failing = first(observations.failures, service=service)
        candidate.backed(
            2.0,
            share,
            f"{share:.0%} of the failures begin in {service}",
            cite(observations.failures, failing, "share", "error"),
        )
        refused = _refused(observations, service)
        text = (
            f"its requests wait for a connection in vain: {refused['message']}" if refused else ""
        )
        quotes = cite(observations.errors, refused, "exception", "count")
        candidate.backed(2.0, float(refused is not None), text, quotes)
        candidate.doubted(
            2.5, _working(observations, service), "its statements take longer than before"
        )
        surge = _most_surging(observations)
        candidate.doubted(1.5, 1.0 if surge else 0.0, "there is more traffic than before")
        yield candidate


def busy(observations: Observations) -> Iterator[Candidate]:
    """A processor at its limit."""
    for row in where(observations.saturation, resource="cpu"):
        used = row["utilisation"] or 0
        if used < 0.8:
            continue
        service = row["service"]
        candidate = Candidate(service, FaultKind.cpu_saturation, f"{service} is out of CPU")
        rise = used - (row["utilisation_before"] or 0)
        candidate.backed(
            2.0,
            rise / 0.5,
            f"{used:.0%} CPU, {row['utilisation_before'] or 0:.0%} before",
            cite(observations.saturation, row, "utilisation"),
        )
        yield candidate


def _most_surging(observations: Observations) -> Row | None:
    """The route with the most added requests, where arrivals rose beyond chance."""
    rising = [
        row
        for row in observations.traffic.rows
        if (row["ratio"] or 0) >= 1.5 and (row["score"] or 0) >= 3
    ]
    routes = [row for row in rising if row["value"] != "*"]
    return max(routes or rising, key=lambda r: r["rate"] - (r["rate_before"] or 0), default=None)


def _crowded(observations: Observations) -> Row | None:
    rows = [
        r
        for r in observations.saturation.rows
        if r["resource"] in ("concurrency", "cpu", "db pool")
    ]
    full = [row for row in rows if (row["utilisation"] or 0) >= 0.6]
    return max(full, key=lambda row: row["score"] or 0, default=None)


def _resource(row: Row | None) -> str:
    return row["resource"] if row else "capacity"


def _refused(observations: Observations, service: str) -> Row | None:
    """A new error of the service that speaks of getting a connection."""
    for row in observations.errors.rows:
        text = f"{row['exception']} {row['message']}"
        if row["new"] and service in row["services"].split(", ") and CONNECTION.search(text):
            return row
    return None


def _working(observations: Observations, service: str) -> float:
    """1 when statements that succeed got much slower: then the pool is busy, not leaking."""
    rows = [
        row
        for row in where(observations.queries, service=service)
        if (row["errors"] or 0) < 0.3 * row["calls"] and row["calls_before"]
    ]
    return float(max((row["ratio"] or 1.0 for row in rows), default=1.0) >= 3)
