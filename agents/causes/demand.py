"""More is asked than there is room for, by requests from outside and not by our own calls."""

from collections.abc import Iterator

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.tokens import plain
from ...analysis.quantities import part_of
from ...incident.finding import FaultKind
from ...tools.capacity import ResourceUse
from ...tools.symptoms import Symptom
from ...tools.traffic import TrafficRate, traffic
from .access import tried
from .candidate import Candidate, words
from .machine import waiting, was_starved
from .observations import Observations, cite, first, waited_for
from .outside import EXPLAINED, explained
from .studies import scene, symptom_quotes

LEAST = 1.6
"""Times the usual rate from which demand has risen."""
ONE_SOURCE = 0.6
"""Share of the added requests from which one source is named for them."""
FULL = (M.capacity, M.cpu, M.memory, M.pool, M.ratelimit)
"""What a lack of room looks like."""


def surges(seen: Observations) -> Iterator[Candidate]:
    """More requests than before, from many sides, and a service that has no room for them."""
    row = most_surging(seen)
    if row is None:
        return
    crowded = _crowded(seen)
    service = crowded.service if crowded else seen.case.document.alert.service
    if not service:
        return
    more = row.ratio or 0.0
    statement = f"{more:.1f} times the usual traffic on {row.value}; {service} is full"
    candidate = Candidate(service, FaultKind.traffic_surge, statement, resource=row.value)
    text = f"{row.rate:g} requests/s, {row.rate_before:g} before"
    quotes = cite(seen.traffic, row, "rate", "rate_before", "ratio")
    candidate.backed(3.0, (more - 1.3) / 1.5, text, quotes)
    used = (crowded.utilisation or 0.0) if crowded else 0.0
    text = f"{service}: {part_of(used)} its {crowded.resource if crowded else 'capacity'} in use"
    quotes = cite(seen.saturation, crowded, "utilisation", "resource")
    candidate.backed(2.0, (used - 0.6) / 0.35, text, quotes)
    if service in waited_for(seen):
        text = (
            f"it does {row.rate:g} jobs/s, {row.rate_before:g} before, and they wait all the same"
        )
        candidate.backed(6.0, (more - 1.0) / 0.5, text, cite(seen.traffic, row, "rate"))
    _from_one(seen, candidate)
    candidate.doubted(3.0, float(tried(seen)), "the added requests are failed logins")
    text = "what is usual was measured while the machine had no room"
    candidate.doubted(3.0, was_starved(seen), text, cite(seen.signals, waiting(seen), "baseline"))
    yield candidate


def _from_one(seen: Observations, candidate: Candidate) -> None:
    """Names the source that most of the added requests come from, where it is one."""
    sources = seen.ask(traffic, by="source")
    every = first(sources, value="*")
    rising = [row for row in sources.rows if row is not every and row.score >= 3]
    most = max(rising, key=lambda row: row.rate - row.rate_before, default=None)
    added = every.rate - every.rate_before if every else 0.0
    share = (most.rate - most.rate_before) / added if most and added > 0 else 0.0
    if most and share >= ONE_SOURCE:
        candidate.statement += f"; most of it comes from {most.value}"
        text = f"{most.value}: {most.rate:g} requests/s, {most.rate_before:g} before"
        quotes = cite(sources, most, "value", "rate", "rate_before")
        candidate.backed(0.5, 1.0, text, quotes)


def surging(seen: Observations, path: str) -> bool:
    """Whether the arrivals on routes of this path rose beyond chance."""
    routes = [r for r in seen.traffic.rows if r.value.rpartition(" ")[2].startswith(path)]
    return any(_risen(row) for row in routes)


def most_surging(seen: Observations) -> TrafficRate | None:
    """The route with the most added requests, where arrivals rose beyond chance."""
    rising = [row for row in seen.traffic.rows if _risen(row)]
    routes = [row for row in rising if row.value != "*"]
    return max(routes or rising, key=lambda r: r.rate - r.rate_before, default=None)


def _risen(row: TrafficRate) -> bool:
    return (row.ratio or 0) >= 1.5 and row.score >= 3


def _crowded(seen: Observations) -> ResourceUse | None:
    rows = [r for r in seen.saturation.rows if r.resource in ("concurrency", "cpu", "db pool")]
    full = [row for row in rows if (row.utilisation or 0) >= 0.6]
    return max(full, key=lambda row: row.score, default=None)


def surging_demand(seen: Observations) -> Iterator[Candidate]:
    """The rate of requests rose where they come in, and what takes them is full."""
    row = rising_demand(seen)
    if row is None:
        return
    entry, more, now = row.service, _rise(row), scene(seen)
    statement = f"{more:.1f} times the usual requests at {entry}, more than it has room for"
    candidate = Candidate(entry, FaultKind.traffic_surge, statement, resource=entry)
    quotes = cite(seen.symptoms, row, "service", "text", "before", "now", "ratio")
    text = f"{row.text} of {entry}: {row.now:g}, {row.before:g} before"
    candidate.backed(3.0, (more - 1.3) / 1.5, text, quotes)
    others = [r.service for r in seen.symptoms.rows if _rise(r) and r is not row]
    candidate.backed(1.0, len(others) / 2, f"so it is at {', '.join(others[:3])}", quotes)
    lacks = [now.shown[name] for name in FULL if name in now.shown]
    full = max(lacks, key=lambda found: found.level, default=None)
    crowd = full.symptoms[0] if full else None
    proof = symptom_quotes(seen, crowd, "text")
    room = full.level if full else 0.0
    candidate.backed(2.0, room, f"it lacks room: {crowd.text[:120] if crowd else ''}", proof)
    candidate.doubted(1.5, 1.0 - room, "little says that there is no room for it")
    candidate.doubted(EXPLAINED, *explained(seen, now, frozenset()))
    yield candidate


def rising_demand(seen: Observations) -> Symptom | None:
    """The rate of requests that rose where they come in: at the alerting service, else most."""
    rising = {row.service: row for row in seen.symptoms.rows if _rise(row)}
    entries = [row for row in rising.values() if _from_outside(seen, row, rising)]
    alerting = seen.case.document.alert.service
    return max(entries, key=lambda row: (row.service == alerting, _rise(row)), default=None)


def _rise(row: Symptom) -> float:
    """Times the usual rate of all requests; 0 for what is none or has not risen enough."""
    text = plain(row.text)
    whole = row.source == "metric" and words().rate.search(text) and not words().part.search(text)
    return row.ratio if whole and row.ratio and row.ratio >= LEAST else 0.0


def _from_outside(seen: Observations, row: Symptom, rising: dict[str, Symptom]) -> bool:
    """Nobody calls it, or who calls it gets as much more itself: else the calls are our own."""
    callers = [s.name for s in seen.case.catalogue.services if row.service in s.depends_on]
    return all(c in rising and _rise(rising[c]) >= 0.6 * _rise(row) for c in callers)
