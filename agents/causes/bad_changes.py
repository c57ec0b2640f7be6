"""Somebody changed something: a release that fails, a release that is slow, a flag, a setting.

Time alone convicts nobody. A change is blamed for being where the failure begins and for touching
what fails; one that is merely recent is doubted, so an innocent deploy does not take the blame.
"""

from collections.abc import Callable, Iterator

from ...incident.evidence import Quote
from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...tools.change_feed import ChangeRecord
from ...tools.new_failures import NewFailure, Way
from ..reporting.wording import place
from .candidate import Candidate
from .observations import Observations, cite, first, waited_for, where
from .outside import failing_by_ours, failing_providers
from .processes import MEMORY, swollen
from .structure import tied_by_rollout
from .suspect_changes import suspicious, time_and_place


def bad_deploys(seen: Observations) -> Iterator[Candidate]:
    """A release after which its own code raises errors that were not there before."""
    for row, score in suspicious(seen, "deploy"):
        service = row.service or _raised_in(seen, row)
        share = seen.own_failures(service)
        statement = f"release {row.version} of {service} raises errors that it did not before"
        candidate = Candidate(service, FaultKind.bad_deploy, statement, change=row.id)
        time_and_place(seen, candidate, row, score)
        text = f"{share:.0%} of the failures begin in {service}"
        candidate.backed(2.5, share, text, _proof_of_origin(seen, service))
        group = next(seen.new_errors(service), None)
        quotes = cite(seen.errors, group, "exception", "count")
        text = f"new {group.exception} at {place(group.location)}" if group else ""
        candidate.backed(1.5, float(group is not None), text, quotes)
        candidate.doubted(3.0, 1.0 - share / 0.2, f"hardly any failure begins in {service}")
        touched = _touched(seen, service, row)
        candidate.tied = touched or tied_by_rollout(seen, row, score, share)
        untouched = group is not None and not touched
        text = f"the new errors of {service} come from code that the release did not touch"
        candidate.doubted(1.5, float(untouched), text, quotes)
        _silent_callee(seen, candidate)
        _failing_outside(seen, candidate)
        yield candidate


def slow_releases(seen: Observations) -> Iterator[Candidate]:
    """A release after which its own time, or its queries' time, has grown."""
    for row, score in suspicious(seen, "deploy"):
        service, share = row.service, seen.slowness(row.service)
        statement = f"release {row.version} of {service} is slower than the one before"
        candidate = Candidate(service, FaultKind.slow_release, statement, change=row.id)
        time_and_place(seen, candidate, row, score)
        slowest = first(seen.slow, service=service)
        text = f"{share:.0%} of the added latency is {service}'s own time"
        quotes = cite(seen.slow, slowest, "operation", "self_p95_ms")
        candidate.backed(2.5, share * _slower(seen, service), text, quotes)
        _slow_statements(seen, candidate)
        candidate.tied = tied_by_rollout(seen, row, score, share)
        candidate.doubted(3.0, 1.0 - share / 0.2, f"{service} itself is hardly slower")
        raising = first(seen.failures, service=service, reason="own error")
        weight = seen.own_failures(service) if raising and not share > 0.5 else 0.0
        candidate.doubted(1.5, weight, f"{service} raises errors rather than being slow")
        swells = swollen(seen.signal(service, MEMORY))
        candidate.doubted(1.5, float(swells), "its memory grows, which slows it down by itself")
        _silent_callee(seen, candidate)
        _failing_outside(seen, candidate)
        yield candidate


def bad_settings(seen: Observations) -> Iterator[Candidate]:
    """A feature flag turned, or a configuration changed, just before, and the code behind it fails
    or is slow."""
    turned = [(found, FaultKind.bad_flag) for found in suspicious(seen, "flag")]
    turned += [(found, FaultKind.bad_config) for found in suspicious(seen, "config")]
    for (row, score), kind in turned:
        service = row.service or (_origin(seen) if kind is FaultKind.bad_flag else "")
        if not service:
            continue
        statement = f"configuration change {row.id[:10]} of {service}: {row.summary}"
        flag = row.id if kind is FaultKind.bad_flag else ""
        statement = f"feature flag {flag} makes {service} fail" if flag else statement
        candidate = Candidate(service, kind, statement, change=row.id, resource=flag)
        time_and_place(seen, candidate, row, score)
        share = _trouble(seen)(service)
        text = f"{share:.0%} of the trouble begins in {service}"
        candidate.backed(2.5, share, text, _proof_of_origin(seen, service))
        candidate.tied = tied_by_rollout(seen, row, score, share)
        candidate.doubted(3.0, 1.0 - share / 0.2, f"hardly any trouble begins in {service}")
        deployed = seen.released(service)
        candidate.backed(1.0, float(not deployed), f"{service} was not released before it")
        candidate.doubted(1.0, float(deployed), f"{service} was released as well")
        yield candidate


def _silent_callee(seen: Observations, candidate: Candidate) -> None:
    """Who waits for a callee that answers nothing is slow and full without a fault of its own."""
    edge = seen.silent_callee(candidate.service)
    if edge:
        text = f"{candidate.service} waits for {edge.callee}, which does not answer"
        share = edge.unanswered_share
        candidate.doubted(3.0, share, text, cite(seen.edges, edge, "callee", "unanswered_share"))


def _failing_outside(seen: Observations, candidate: Candidate) -> None:
    """Failures that a host outside answers begin there, unless a diff explains them."""
    for provider in failing_providers(seen):
        if provider.service == candidate.service:
            text = f"its calls to {provider.resource} fail, which is outside"
            level = 1.0 - failing_by_ours(seen)[0]
            candidate.doubted(3.0, level, text, provider.reasons[0].quotes)
            return


def _touched(seen: Observations, service: str, change: ChangeRecord) -> bool:
    """Whether a new error of the service was raised in a file that the change touched."""
    files = [name.rsplit("/", 1)[-1] for name in change.files.split(", ") if name]
    errors = list(seen.new_errors(service))
    return any(name in row.location for row in errors for name in files)


def _raised_in(seen: Observations, release: ChangeRecord) -> str:
    """The service that newly fails in a file of a release that names none, as a tag of a repository
    of several does; empty where none does."""
    files = [f"/{name}:" for name in release.files.split(", ") if name]
    return next(
        (
            group.services.split(", ")[0]
            for group in seen.errors.rows
            if group.new and any(name in f"/{group.location}" for name in files)
        ),
        "",
    )


def _slower(seen: Observations, service: str) -> float:
    """1 where the service answers half as slow again or more; a share of hardly anything added
    is hardly a reason."""
    names = (SignalName.latency_p95, SignalName.latency_p50)
    rows = [seen.signal(service, name) for name in names]
    return float(any(row and row.worse and (row.ratio or 0) >= 1.5 for row in rows))


def _slow_statements(seen: Observations, candidate: Candidate) -> None:
    for row in where(seen.queries, service=candidate.service):
        slower = max(row.ratio or 1.0, row.fanout_ratio or 1.0)
        fresh = not row.calls_before and row.mean_ms > 5
        if slower >= 3 or fresh:
            how = "new and slow" if fresh else f"{slower:.0f} times as much work"
            text = f"statement {row.statement[:70]} is {how}"
            candidate.backed(1.5, 1.0, text, cite(seen.queries, row, "mean_ms", "calls"))
            return


def _proof_of_origin(seen: Observations, service: str) -> list[Quote]:
    failing = first(seen.failures, service=service)
    if failing:
        return cite(seen.failures, failing, "share", "error")
    refused = next((row for row in _refusals(seen) if row.service == service), None)
    if refused and not seen.failures.ok:
        return cite(seen.new_failures, refused, "share", "code", "words")
    return cite(seen.slow, first(seen.slow, service=service), "self_p95_ms", "operation")


def _trouble(seen: Observations) -> Callable[[str], float]:
    """A service's share of the failures; without failures, of the new refusals, else of the added
    time; where jobs wait, all is that of who takes them."""
    if seen.failures.ok:
        return seen.own_failures
    if waited := waited_for(seen):
        return lambda name: float(name in waited)
    refused = list(_refusals(seen))
    return (lambda name: _share(refused, name)) if refused else seen.slowness


def _refusals(seen: Observations) -> Iterator[NewFailure]:
    """Answers of services to their callers that are no failure of the system, and are new."""
    return (row for row in where(seen.new_failures, way=Way.own) if row.code and row.code < 500)


def _share(refused: list[NewFailure], service: str) -> float:
    return sum(row.share for row in refused if row.service == service)


def _origin(seen: Observations) -> str:
    """The service in which most of it begins."""
    names = {row.service for row in (seen.failures if seen.failures.ok else seen.slow).rows}
    return max(sorted(names), key=_trouble(seen), default="")
