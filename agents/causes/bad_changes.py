"""Somebody changed something: a release that fails, a release that is slow, a flag, a setting.

Time alone convicts nobody. A change is blamed for being where the failure begins and for touching
what fails; one that is merely recent is doubted, so an innocent deploy does not take the blame.
"""

from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.change_feed import ChangeRecord
from ..reporting.wording import place
from .candidate import Candidate
from .observations import Observations, cite, first, where
from .processes import MEMORY, swollen
from .structure import tied_by_rollout
from .suspect_changes import suspicious, time_and_place


def bad_deploys(seen: Observations) -> Iterator[Candidate]:
    """A release after which its own code raises errors that were not there before."""
    for row, score in suspicious(seen, "deploy"):
        service = row.service
        statement = f"release {row.version} of {service} raises errors that it did not before"
        candidate = Candidate(service, FaultKind.bad_deploy, statement, change=row.id)
        time_and_place(seen, candidate, row, score)
        _own_failures(seen, candidate, service)
        group = next(seen.new_errors(service), None)
        quotes = cite(seen.errors, group, "exception", "count")
        text = f"new {group.exception} at {place(group.location)}" if group else ""
        candidate.backed(1.5, 1.0 if group else 0.0, text, quotes)
        failing = seen.own_failures(service)
        candidate.doubted(3.0, 1.0 - failing / 0.2, f"hardly any failure begins in {service}")
        touched = _touched(seen, service, row)
        candidate.tied = touched or tied_by_rollout(seen, row, score, failing)
        untouched = group is not None and not touched
        text = f"the new errors of {service} come from code that the release did not touch"
        candidate.doubted(1.5, float(untouched), text, quotes)
        _silent_callee(seen, candidate, service)
        yield candidate


def slow_releases(seen: Observations) -> Iterator[Candidate]:
    """A release after which its own time, or its queries' time, has grown."""
    for row, score in suspicious(seen, "deploy"):
        service = row.service
        statement = f"release {row.version} of {service} is slower than the one before"
        candidate = Candidate(service, FaultKind.slow_release, statement, change=row.id)
        time_and_place(seen, candidate, row, score)
        share = seen.slowness(service)
        slowest = first(seen.slow, service=service)
        text = f"{share:.0%} of the added latency is {service}'s own time"
        quotes = cite(seen.slow, slowest, "operation", "self_p95_ms")
        candidate.backed(2.5, share * _slower(seen, service), text, quotes)
        _slow_statements(seen, candidate, service)
        candidate.tied = tied_by_rollout(seen, row, score, share)
        candidate.doubted(3.0, 1.0 - share / 0.2, f"{service} itself is hardly slower")
        raising = first(seen.failures, service=service, reason="own error")
        weight = seen.own_failures(service) if raising and not share > 0.5 else 0.0
        candidate.doubted(1.5, weight, f"{service} raises errors rather than being slow")
        swells = swollen(seen.signal(service, MEMORY))
        candidate.doubted(1.5, float(swells), "its memory grows, which slows it down by itself")
        _silent_callee(seen, candidate, service)
        yield candidate


def bad_flags(seen: Observations) -> Iterator[Candidate]:
    """A feature flag turned just before, and the code behind it fails or is slow."""
    for row, score in suspicious(seen, "flag"):
        service = row.service or _origin(seen)
        if not service:
            continue
        statement = f"feature flag {row.id} makes {service} fail"
        candidate = Candidate(
            service, FaultKind.bad_flag, statement, change=row.id, resource=row.id
        )
        time_and_place(seen, candidate, row, score)
        share = seen.own_failures(service) if seen.failures.ok else seen.slowness(service)
        text = f"{share:.0%} of the trouble begins in {service}"
        candidate.backed(2.5, share, text, _proof_of_origin(seen, service))
        candidate.tied = tied_by_rollout(seen, row, score, share)
        candidate.doubted(3.0, 1.0 - share / 0.2, f"hardly any trouble begins in {service}")
        deployed = seen.released(service)
        candidate.backed(1.0, 0.0 if deployed else 1.0, f"{service} was not released before it")
        candidate.doubted(1.0, 1.0 if deployed else 0.0, f"{service} was released as well")
        yield candidate


def bad_configurations(seen: Observations) -> Iterator[Candidate]:
    """A configuration change just before, on the service where it starts."""
    for row, score in suspicious(seen, "config"):
        service = row.service
        if not service:
            continue
        statement = f"configuration change {row.id[:10]} of {service}: {row.summary}"
        candidate = Candidate(service, FaultKind.bad_config, statement, change=row.id)
        time_and_place(seen, candidate, row, score)
        _own_failures(seen, candidate, service)
        candidate.tied = tied_by_rollout(seen, row, score, seen.own_failures(service))
        text = f"failures do not begin in {service}"
        candidate.doubted(2.0, 1.0 - seen.own_failures(service) / 0.2, text)
        yield candidate


def _own_failures(seen: Observations, candidate: Candidate, service: str) -> None:
    share = seen.own_failures(service)
    text = f"{share:.0%} of the failures begin in {service}"
    candidate.backed(2.5, share, text, _proof_of_origin(seen, service))


def _silent_callee(seen: Observations, candidate: Candidate, service: str) -> None:
    """Who waits for a callee that answers nothing is slow and full without a fault of its own."""
    edge = seen.silent_callee(service)
    if edge:
        text = f"{service} waits for {edge.callee}, which does not answer"
        share = edge.unanswered_share
        candidate.doubted(3.0, share, text, cite(seen.edges, edge, "callee", "unanswered_share"))


def _touched(seen: Observations, service: str, change: ChangeRecord) -> bool:
    """Whether a new error of the service was raised in a file that the change touched."""
    files = [name.rsplit("/", 1)[-1] for name in change.files.split(", ") if name]
    errors = list(seen.new_errors(service))
    return any(name in row.location for row in errors for name in files)


def _slower(seen: Observations, service: str) -> float:
    """1 where the service answers half as slow again or more; a share of hardly anything added
    is hardly a reason."""
    names = (SignalName.latency_p95, SignalName.latency_p50)
    rows = [seen.signal(service, name) for name in names]
    return float(any(row and row.worse and (row.ratio or 0) >= 1.5 for row in rows))


def _slow_statements(seen: Observations, candidate: Candidate, service: str) -> None:
    for row in where(seen.queries, service=service):
        slower = max(row.ratio or 1.0, row.fanout_ratio or 1.0)
        fresh = not row.calls_before and row.mean_ms > 5
        if slower >= 3 or fresh:
            how = "new and slow" if fresh else f"{slower:.0f} times as much work"
            text = f"statement {row.statement[:70]} is {how}"
            candidate.backed(1.5, 1.0, text, cite(seen.queries, row, "mean_ms", "calls"))
            return


def _proof_of_origin(seen: Observations, service: str):
    failing = first(seen.failures, service=service)
    if failing:
        return cite(seen.failures, failing, "share", "error")
    return cite(seen.slow, first(seen.slow, service=service), "self_p95_ms", "operation")


def _origin(seen: Observations) -> str:
    """The service in which most of the failures begin; without failures, of the added time."""
    names = {row.service for row in (seen.failures if seen.failures.ok else seen.slow).rows}
    share = seen.own_failures if seen.failures.ok else seen.slowness
    return max(sorted(names), key=share, default="")
