"""Somewhere in this service: the place is known, the kind of fault only as far as it shows."""

from collections.abc import Iterator

from ...incident.evidence import Quote
from ...incident.finding import FaultKind
from ...tools.logs import LogPattern
from ...tools.requests import AddedWait, ChangedPath
from ..reporting.wording import wait_words, way_words
from .candidate import PLACE, Candidate
from .observations import Observations, cite, first

UNKNOWN = 1.5
"""Log-odds that "something else" holds when hypotheses are weighed; metrics count theirs as 0."""
AS_BEFORE = 0.5
"""Log-odds against a service whose requests are seen and show nothing: some faults leave none."""
AGAINST = 0.1
"""Log-odds of what metrics say against a service: their score has it already, people see it."""
LOGGED, EXPLAINED = 2.5, 0.3
"""Log-odds of errors in log lines that name no request; what is left where a callee logs some."""
BLAMED = 2.0
"""Log-odds of blame that follows the calls. Weak on purpose: a named kind outranks it."""
CLEAR = 0.5
"""Weight from which another way of requests says more than a resource."""
SHARED = 0.5
"""What a service's metrics count where its failures may be those of a callee without spans."""
FEW = 8
"""Services looked at for each kind of sign."""


def somewhere(seen: Observations) -> Iterator[Candidate]:
    """The services that requests' ways, their waits, metrics or the calls' blame point at."""
    pointed = [
        *(row.service for row in seen.paths.rows[: 4 * FEW]),
        *(row.service for row in seen.waits.rows[:FEW] if row.strength),
        *(row.service for row in seen.measured.rows[:FEW]),
        *(row.service for row in seen.patterns.rows[:FEW] if not seen.measured.rows),
        *(row.service for row in seen.origin.rows[:3]),
    ]
    for service in dict.fromkeys(pointed):
        yield _candidate(seen, service)


def _candidate(seen: Observations, service: str) -> Candidate:
    way, wait = (first(seen.paths, service=service), first(seen.waits, service=service))
    other, slow = way.weight if way else 0.0, wait.strength if wait else 0.0
    candidate = Candidate(service, *_named(seen, service, other, slow, wait))
    tuning = seen.case.frame.tuning
    if way:
        candidate.backed(tuning.other_way, other, way_words(way), _proof_of_way(seen, way))
    if wait:
        quotes = cite(seen.waits, wait, "service", "added_ms", "times_noise", "place")
        candidate.backed(tuning.waiting, slow, wait_words(wait), quotes)
    if not traced(seen) and not seen.measured.rows:
        _logs(seen, candidate)
    if way is None and wait is None:
        _quiet(seen, candidate)
    _metrics(seen, candidate, SHARED if way and way.callee else 1.0)
    _calls(seen, candidate)
    return candidate


def _quiet(seen: Observations, candidate: Candidate) -> None:
    """No request through it goes otherwise: none was seen, or all go as before."""
    if not traced(seen):
        missing = f"requests through {candidate.service} before and during the incident"
        candidate.lacking(missing)
        return
    for row in seen.edges.rows:
        if candidate.service in (row.caller, row.callee) and row.requests:
            text = f"requests through {candidate.service} go as they did"
            candidate.doubted(AS_BEFORE, 1.0, text, cite(seen.edges, row, "callee", "requests"))
            return


def _metrics(seen: Observations, candidate: Candidate, part: float) -> None:
    row = first(seen.measured, service=candidate.service)
    if row is None:
        candidate.lacking(f"metrics of {candidate.service}")
        return
    least = seen.case.frame.tuning.measured if traced(seen) else 1.0
    weight = max(0.0, (row.score or 0.0) + UNKNOWN) * least * part
    quotes = cite(seen.measured, row, "service", "metric", "before", "now", "score")
    candidate.backed(weight, 1.0, f"metrics: {row.reasons_for or row.metric}", quotes)
    if row.reasons_against:
        against = cite(seen.measured, row, "service", "reasons_against")
        candidate.doubted(AGAINST, 1.0, f"metrics: {row.reasons_against}", against)
    for missing in filter(None, row.not_available.split("; ")):
        candidate.lacking(f"{candidate.service}: {missing}")


def _calls(seen: Observations, candidate: Candidate) -> None:
    blame = first(seen.origin, service=candidate.service)
    if blame:
        text = f"blame follows the calls to it: {blame.path}"
        quotes = cite(seen.origin, blame, "blame", "path")
        candidate.backed(BLAMED, blame.blame, text, quotes)


def traced(seen: Observations) -> bool:
    """Whether requests of both windows could be compared."""
    both = any(row.requests and row.requests_before for row in seen.edges.rows)
    return both or bool(seen.paths.rows or seen.waits.rows)


def _logs(seen: Observations, candidate: Candidate) -> None:
    """New errors in its log lines, where nothing but lines is known: callers log what their
    callees do to them. Those of a callee explain its own."""
    row = _error(seen, candidate.service)
    if row is None:
        return
    entry = seen.case.catalogue.find(candidate.service)
    below = next((c for c in (entry.depends_on if entry else []) if _error(seen, c)), "")
    many = 1.0 - 0.5**row.after  # one line proves little
    text = f"{candidate.service} logs a {row.kind} {row.level}: {row.sample[:100]}"
    quotes = cite(seen.patterns, row, "service", "kind", "after", "sample")
    candidate.backed(LOGGED * (EXPLAINED if below else 1.0), many, text, quotes)


def _error(seen: Observations, service: str) -> LogPattern | None:
    """The clearest new or surging error that the service logs, or None."""
    for row in seen.patterns.rows:
        loud = row.level in ("error", "critical") and row.kind in ("new", "surging")
        if loud and row.service == service:
            return row
    return None


def _named(
    seen: Observations, service: str, other: float, slow: float, wait: AddedWait | None
) -> tuple[FaultKind, str]:
    """Kind of fault and statement, by what shows most."""
    row = first(seen.measured, service=service)
    if row and row.kind == "cpu" and other < CLEAR and (row.score or 0) > 0:
        return FaultKind.cpu_saturation, f"{service} uses more CPU than it did and slows down"
    if wait and slow > other:
        if "->" in wait.place:
            return FaultKind.network, f"calls that {service} takes part in wait on the way"
        return FaultKind.unknown, f"{service} takes longer for the same work"
    if other > 0:
        return FaultKind.application, f"{service} does not do what it used to do"
    return FaultKind.unknown, PLACE.format(service)


def _proof_of_way(seen: Observations, row: ChangedPath) -> list[Quote]:
    return cite(seen.paths, row, "service", "event", "share", "share_before")
