"""What goes wrong in a running process though nobody changed it: it hangs, keeps dying, leaks, runs
out of connections or of processor.
"""

from collections.abc import Iterator

from ...analysis.quantities import in_use, part_of, percent, quantity, times
from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.failures import ErrorGroup
from ...tools.new_failures import Way
from ...tools.shifts import SignalShift
from ...tools.stepped_gauges import Step
from .candidate import Candidate, words
from .demand import most_surging
from .observations import Observations, cite, first, waited_for, where
from .structure import followed, tied_by_rollout
from .suspect_changes import suspicious, time_and_place


def hung(seen: Observations) -> Iterator[Candidate]:
    """Calls to a service go unanswered and it reports nothing, though nothing says it stopped."""
    for service in silent(seen):
        statement = f"{service} accepts calls and answers none: its process hangs"
        candidate = Candidate(service, FaultKind.hung_process, statement)
        edge = seen.unanswered(service)
        waits = _left_waiting(seen, service)
        share = waits * edge.unanswered_share if edge else 0.0
        text = f"{share:.0%} of the calls to {service} get no answer"
        candidate.backed(2.5, share, text, cite(seen.edges, edge, "callee", "unanswered_share"))
        up = seen.signal(service, SignalName.up)
        down = up is not None and (up.current is None or up.current < 0.5)
        text = f"{service} no longer reports metrics"
        quotes = cite(seen.signals, up, "current", "baseline")
        candidate.backed(2.5, waits if down else 0.0, text, quotes)
        _untaken(seen, candidate, 2.5)
        calls = sum(row.requests for row in where(seen.edges, callee=service))
        text = f"{service} leaves no call unanswered: only its metrics are missing"
        candidate.doubted(2.5, float(down and calls >= SERVED and not edge), text)
        text = f"{service} still reports metrics"
        quotes = cite(seen.signals, up, "current")
        candidate.doubted(2.0, 1.0 if up and not down else 0.0, text, quotes)
        candidate.doubted(2.0, seen.own_failures(service) / 0.2, f"{service} itself answers errors")
        yield candidate


def _left_waiting(seen: Observations, service: str) -> float:
    """Share of the failing calls to it that wait; 1 where none is known. Who refuses is gone."""
    calls = list(where(seen.new_failures, callee=service))
    every = sum(row.count for row in calls)
    return sum(row.count for row in calls if row.way != Way.refused) / every if every else 1.0


def crash_loops(seen: Observations) -> Iterator[Candidate]:
    """A service restarts again and again."""
    for row in seen.signals.rows:
        if row.signal != SignalName.restarts or not row.worse:
            continue
        restarts = row.current or 0
        statement = f"{row.service} keeps restarting"
        candidate = Candidate(row.service, FaultKind.crash_loop, statement)
        text = f"{restarts:g} restarts, {row.baseline or 0:g} before"
        candidate.backed(3.0, restarts / 3, text, cite(seen.signals, row, "current"))
        calls = first(seen.new_failures, callee=row.service, way=Way.refused)
        text = f"{calls.count} calls to it were refused: nobody listens" if calls else ""
        quotes = cite(seen.new_failures, calls, "callee", "way", "count")
        candidate.backed(2.0, 1.0 if calls else 0.0, text, quotes)
        _untaken(seen, candidate, 2.0)
        _still_taken(seen, candidate)
        _released_before(seen, candidate)
        yield candidate


def _still_taken(seen: Observations, candidate: Candidate) -> None:
    """Who does jobs as before was started anew, by a release or a person, and stays."""
    row = seen.signal(candidate.service, SignalName.request_rate)
    if candidate.service in waited_for(seen) and row and row.current and row.baseline:
        text = f"it does jobs all the same: {row.current:.3g}/s, {row.baseline:.3g}/s before"
        share = row.current / row.baseline
        candidate.doubted(4.0, share / 0.5, text, cite(seen.signals, row, "current", "baseline"))


def _untaken(seen: Observations, candidate: Candidate, weight: float) -> None:
    """Jobs wait for it longer and longer: nobody takes them."""
    row = waited_for(seen).get(candidate.service)
    if row and row.current is not None:
        text = f"the oldest job waits for {candidate.service} for {quantity(row.current, 's')}"
        candidate.backed(weight, 1.0, text, cite(seen.signals, row, "current", "baseline"))


def _released_before(seen: Observations, candidate: Candidate) -> None:
    """A process that ends at its start since it was released: the release is what to take back.
    Who only takes jobs, and takes none, fails at nothing that a diff could touch."""
    takes = candidate.service in waited_for(seen)
    for row, score in suspicious(seen, "deploy"):
        tied = tied_by_rollout(seen, row, score, 1.0) or (takes and followed(seen, row))
        if row.service == candidate.service and tied:
            candidate.statement += f" since release {row.version}"
            candidate.change = row.id
            quotes = cite(seen.changes, row, "id", "seconds_before")
            candidate.backed(
                1.0, score.score, f"released {row.seconds_before:.0f} s before", quotes
            )
            return


SERVED = 5
"""Requests from which a service works, whatever its telemetry says."""


def unmeasured(seen: Observations) -> set[str]:
    """Services whose telemetry stopped arriving while they go on working."""
    silent = where(seen.stepped_gauges, step=Step.silent)
    return {row.service for row in silent if (row.served or 0) >= SERVED}


def silent(seen: Observations) -> list[str]:
    """Services that leave calls unanswered, or are down."""
    unanswered = {r.service for r in seen.failures.rows if r.reason == "no answer"}
    callees = {r.callee for r in seen.edges.rows if r.unanswered_share >= 0.2}
    down = {
        r.service
        for r in seen.signals.rows
        if r.signal == SignalName.up and (r.current is None or r.current < 0.5)
    }
    outside = seen.of_kind("external", "database")
    return sorted((unanswered | callees | down) - outside - unmeasured(seen))


MEMORY = SignalName.memory_share


def leaks(seen: Observations) -> Iterator[Candidate]:
    """Memory that grows without end towards its limit, or has just begun to."""
    for service in growing(seen):
        statement = f"{service} uses more and more memory"
        candidate = Candidate(service, FaultKind.memory_leak, statement)
        _growth(seen, candidate, service)
        full = first(seen.saturation, service=service, resource="memory")
        used = (full.utilisation or 0) if full else 0.0
        text = f"{part_of(used)} the memory limit in use"
        quotes = cite(seen.saturation, full, "utilisation")
        candidate.backed(2.0, (used - 0.5) / 0.35, text, quotes)
        for change, score in suspicious(seen, "deploy"):
            if change.service == service:
                candidate.change = change.id
                time_and_place(seen, candidate, change, score)
        yield candidate


def growing(seen: Observations) -> list[str]:
    """Services whose memory grows steadily, or is clearly above its healthy level."""
    steady = [r for r in seen.growth.rows if r.signal.startswith("memory") and r.monotonic]
    risen = [r.service for r in seen.signals.rows if r.signal == MEMORY and swollen(r)]
    return list(dict.fromkeys([*(row.service for row in steady), *risen]))


def _growth(seen: Observations, candidate: Candidate, service: str) -> None:
    for row in where(seen.growth, service=service):
        if row.signal.startswith("memory") and row.monotonic:
            text = f"memory grew to {times(1 + row.growth)} its level and does not come back"
            quotes = cite(seen.growth, row, "growth", "now")
            candidate.backed(2.5, row.confidence * min(1.0, row.growth / 0.3), text, quotes)
            return
    row = seen.signal(service, MEMORY)
    risen = (row.ratio or 1.0) - 1.0 if row else 0.0
    text = f"its memory rose to {times(1 + risen)} its level"
    candidate.backed(2.0, risen / 0.5, text, cite(seen.signals, row, "current", "baseline"))


def swollen(row: SignalShift | None) -> bool:
    """Whether a memory signal is clearly and by much above its healthy level."""
    if row is None or not row.worse:
        return False
    return row.score >= 6 and (row.ratio or 0) >= 1.3


def pools(seen: Observations) -> Iterator[Candidate]:
    """Every database connection of a service is taken and its requests wait for one."""
    for row in where(seen.saturation, resource="db pool"):
        service, used = row.service, row.utilisation or 0
        if used < 0.8:
            continue
        statement = f"every database connection of {service} is taken and none comes back"
        candidate = Candidate(service, FaultKind.pool_exhaustion, statement)
        text = f"{part_of(used)} the pool in use"
        quotes = cite(seen.saturation, row, "utilisation", "used")
        candidate.backed(3.0, (used - 0.7) / 0.3, text, quotes)
        share = seen.own_failures(service)
        failing = first(seen.failures, service=service)
        text = f"{share:.0%} of the failures begin in {service}"
        candidate.backed(2.0, share, text, cite(seen.failures, failing, "share", "error"))
        refused = _refused(seen, service)
        text = f"its requests wait for a connection in vain: {refused.message}" if refused else ""
        quotes = cite(seen.errors, refused, "exception", "count")
        candidate.backed(2.0, float(refused is not None), text, quotes)
        candidate.doubted(2.5, working(seen, service), "its statements take longer than before")
        surge = most_surging(seen)
        candidate.doubted(1.5, 1.0 if surge else 0.0, "there is more traffic than before")
        yield candidate


def busy(seen: Observations) -> Iterator[Candidate]:
    """A processor at its limit."""
    for row in where(seen.saturation, resource="cpu"):
        used = row.utilisation or 0
        if used < 0.8:
            continue
        service = row.service
        candidate = Candidate(service, FaultKind.cpu_saturation, f"{service} is out of CPU")
        rise = used - (row.utilisation_before or 0)
        text = f"CPU {in_use(used)}, {percent(row.utilisation_before)} before"
        candidate.backed(2.0, rise / 0.5, text, cite(seen.saturation, row, "utilisation"))
        yield candidate


def _refused(seen: Observations, service: str) -> ErrorGroup | None:
    """A new error of the service that speaks of getting a connection."""
    errors = seen.new_errors(service)
    return next(
        (r for r in errors if words().connection.search(f"{r.exception} {r.message}")), None
    )


def working(seen: Observations, service: str) -> float:
    """1 when statements that succeed got much slower: then the pool is busy, not leaking."""
    rows = [
        row
        for row in where(seen.queries, service=service)
        if row.errors < 0.3 * row.calls and row.calls_before
    ]
    return float(max((row.ratio or 1.0 for row in rows), default=1.0) >= 3)
