"""Who comes in and how: failed logins and access patterns."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from ..analysis.rates import rate_change
from ..analysis.sources import (
    AttackSource,
    AuthEvent,
    SourceReport,
    attacking_networks,
    attacking_sources,
    by_network,
)
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import arrivals
from .logins import login_attempts
from .reading import cut, durations, number, one_of, seconds, table

Lengths = tuple[float, float]
"""Seconds of the baseline and of the incident."""


@dataclass(frozen=True, slots=True)
class FailedLogins(Row):
    """Failed logins of one source or user. `share` is of all failed logins, `score` -log10 of the
    probability that so many more come by chance, `confidence` that it is an attack."""

    value: str
    attempts: int
    failures: int
    share: float
    users: int  # by user: sources
    baseline_failures: int
    ratio: float | None
    score: float
    pattern: str  # stuffing, brute force, or empty
    kind: str  # concentrated, distributed, none
    confidence: float


@tool(Effect.read)
def auth_failures(bench: Bench, by: str = "source") -> Table[FailedLogins]:
    """Failed logins of the incident by source address or by user, against the baseline.

    Kind says whether the attack is "concentrated" on sources that can be named, "distributed"
    over too many, or "none" (no attack seen). Where single addresses explain little but a few
    IPv4 networks do, the networks are the values. Pattern is "stuffing" (many users) or "brute
    force" (few) for attackers, else empty. By user, `users` counts the sources that tried.
    """
    one_of("by", by, ("source", "user"))
    frame, (before, after) = bench.frame, login_attempts(bench)
    failures, usual = sum(e.failed for e in after), sum(e.failed for e in before)
    if by == "user":
        before, after = _turned(before), _turned(after)
    before, after = [e for e in before if e.source], [e for e in after if e.source]
    lengths = durations(bench)
    report = attacking_sources(before, after, *lengths)
    if by == "source":
        report, before, after = _widened(report, before, after, lengths)
    rows = _auth_rows(before, after, lengths, report, by)
    summary = f"{failures} failed logins in {seconds(frame.incident)}"
    summary += f" ({usual} in {seconds(frame.baseline)} before)"
    nothing = f"{summary}, none with a {by}" if failures else f"{summary}: nothing to look at"
    return table(rows, f"{summary}; pattern {report.kind}", nothing, frame.incident)


def _turned(events: list[AuthEvent]) -> list[AuthEvent]:
    """Users in the place of sources."""
    return [AuthEvent(event.user, event.source, event.failed) for event in events]


def _widened(
    report: SourceReport, before: list[AuthEvent], after: list[AuthEvent], lengths: Lengths
) -> tuple[SourceReport, list[AuthEvent], list[AuthEvent]]:
    """The report by network, where that names the attackers and addresses do not."""
    found: tuple[AttackSource, ...] = ()
    if report.kind == "distributed":
        found = attacking_networks(before, after, *lengths)
    if not found:
        return report, before, after
    names = {attack.source for attack in found}
    report = replace(
        report, kind="concentrated", sources=found, confidence=max(a.confidence for a in found)
    )
    return report, _renamed(before, names), _renamed(after, names)


def _renamed(events: list[AuthEvent], names: set[str]) -> list[AuthEvent]:
    """Sources that lie in one of the networks, by its name."""
    wide = by_network(events)
    return [w if w.source in names else e for e, w in zip(events, wide, strict=True)]


def _auth_rows(
    before: list[AuthEvent],
    after: list[AuthEvent],
    lengths: Lengths,
    report: SourceReport,
    by: str,
) -> list[FailedLogins]:
    attackers = {attack.source: attack for attack in report.sources}
    usual = Counter(event.source for event in before if event.failed)
    attempts = Counter(event.source for event in after)
    users: dict[str, list[str]] = defaultdict(list)
    for event in after:
        if event.failed:
            users[event.source].append(event.user)
    total = sum(map(len, users.values()))
    everywhere = report.confidence if report.kind == "distributed" else 0.0
    rows: list[FailedLogins] = []
    for source, tried in users.items():
        attack = attackers.get(source)
        change = rate_change(usual[source], len(tried), *lengths)
        pattern = "" if attack is None else attack.pattern if by == "source" else "brute force"
        rows.append(
            FailedLogins(
                value=cut(source, 200),
                attempts=attempts[source],
                failures=len(tried),
                share=number(len(tried) / total) or 0.0,
                users=len(set(tried)),
                baseline_failures=usual[source],
                ratio=number(attack.ratio if attack else change.ratio, 3),
                score=number(-change.log10_p if change.direction > 0 else 0.0, 3) or 0.0,
                pattern=pattern,
                kind=report.kind,
                confidence=number(attack.confidence if attack else everywhere, 3) or 0.0,
            )
        )
    return sorted(rows, key=lambda row: (-row.confidence, -row.failures, row.value))
