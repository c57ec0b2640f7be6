"""Login attempts one by one, out of logs and of requests, and who fails too often."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from ..analysis.rates import rate_change
from ..analysis.sources import (
    AttackSource,
    AuthEvent,
    SourceReport,
    attacking_networks,
    attacking_sources,
    by_network,
)
from ..telemetry.model import STATUS_CODE, LogRecord, Span, Window
from .base import Bench, Effect, Row, Table, tool
from .guards import AUTHENTICATION, CATEGORY, FAILURE, OUTCOME
from .reading import Lengths, Spelled, cut, durations, number, seconds, table

LOGIN_WORDS = r"(?:log[- ]?in|sign[- ]?in|auth(?:entication)?|password|credentials?)"
REFUSAL_WORDS = r"(?:fail|invalid|denied|reject|wrong|bad\b|incorrect)"
FAILED = re.compile(
    rf"\b{LOGIN_WORDS}\b.*\b{REFUSAL_WORDS}|\b{REFUSAL_WORDS}.*\b{LOGIN_WORDS}\b|unauthori[sz]ed",
    re.IGNORECASE,
)
LOGIN = re.compile(r"/(?:log-?in|sign-?in|auth|session|token)s?\b", re.IGNORECASE)
REFUSED = (401, 403)
PATH = re.compile(r"(?<![\w.])/[\w./{}%-]+")
"""A route or path in a line."""


def login_attempts(bench: Bench) -> tuple[list[AuthEvent], list[AuthEvent]]:
    """Every attempt of both windows; source and user are empty where nobody wrote them down.

    Failures come from the logs, which know the user. Where neither window logs any they come
    from refused requests to a login route, as successes do.
    """
    windows = bench.frame.baseline, bench.frame.incident
    requests = [_requests(bench, window) for window in windows]
    failures = [_failures(bench, window) for window in windows]
    if not any(failures):
        failures = [[_event(s) for s in found if _code(s) in REFUSED] for found in requests]
    successes = [[_event(s) for s in found if 0 < _code(s) < 400] for found in requests]
    successes = [one + _let_in(bench, w) for one, w in zip(successes, windows, strict=True)]
    return failures[0] + successes[0], failures[1] + successes[1]


def is_failed_login(log: LogRecord) -> bool:
    """Whether a log line says that somebody was refused at a login. A crash is no refusal, nor is
    any other answer than that of who checks passwords; the name of a route says nothing."""
    facts = log.attributes
    if facts.get(CATEGORY) == AUTHENTICATION:
        return facts.get(OUTCOME) == FAILURE
    known = "user.name" in facts or "client.address" in facts
    if not known or "exception.type" in facts or status_code(facts) not in (0, *REFUSED):
        return False
    return bool(FAILED.search(PATH.sub(" ", log.message)))


def status_code(attributes: dict[str, Any], name: str = STATUS_CODE) -> int:
    """The HTTP status of a span or log record; 0 where it carries none."""
    text = str(attributes.get(name) or "")
    return int(text) if text.isdecimal() else 0


def _failures(bench: Bench, window: Window) -> list[AuthEvent]:
    """One event a trace: several services may log the same refusal."""
    found: dict[str, AuthEvent] = {}
    lines = bench.telemetry.logs(window, having=("user.name", "client.address"))
    for place, log in enumerate(lines):
        if is_failed_login(log):
            key = log.trace_id or f"line {place}"
            known = found.get(key, AuthEvent("", "", True))
            source = known.source or str(log.attributes.get("client.address") or "")
            user = known.user or str(log.attributes.get("user.name") or "")
            found[key] = AuthEvent(source, user, True)
    return list(found.values())


def _let_in(bench: Bench, window: Window) -> list[AuthEvent]:
    """Logins that whoever checks passwords let in, where it writes that down."""
    lines = (log.attributes for log in bench.telemetry.logs(window, having=(CATEGORY,)))
    return [
        AuthEvent(str(facts.get("client.address") or ""), str(facts.get("user.name") or ""), False)
        for facts in lines
        if facts.get(CATEGORY) == AUTHENTICATION and facts.get(OUTCOME) == "success"
    ]


def _requests(bench: Bench, window: Window) -> list[Span]:
    """The outermost server span at a login route of each trace: it saw the client."""
    found: dict[str, Span] = {}
    for span in bench.telemetry.spans(window, route=LOGIN.pattern):
        route = str(span.attributes.get("http.route") or span.name)
        if span.kind == "server" and LOGIN.search(route):
            found.setdefault(span.trace_id, span)
    return list(found.values())


def _event(span: Span) -> AuthEvent:
    facts = span.attributes
    source, user = facts.get("client.address") or "", facts.get("user.name") or ""
    return AuthEvent(str(source), str(user), _code(span) >= 400)


def _code(span: Span) -> int:
    return status_code(span.attributes)


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


@tool(Effect.read, counts=("traces",))
def auth_failures(
    bench: Bench, by: Annotated[Literal["source", "user"], Spelled] = "source"
) -> Table[FailedLogins]:
    """Failed logins of the incident by source address or by user, against the baseline.

    Kind says whether the attack is "concentrated" on sources that can be named, "distributed"
    over too many, or "none" (no attack seen). Where single addresses explain little but a few
    IPv4 networks do, the networks are the values. Pattern is "stuffing" (many users) or "brute
    force" (few) for attackers, else empty. By user, `users` counts the sources that tried.
    """
    frame, (before, after) = bench.frame, login_attempts(bench)
    failures, usual = sum(e.failed for e in after), sum(e.failed for e in before)
    if by == "user":  # users in the place of sources
        before, after = (
            [AuthEvent(e.user, e.source, e.failed) for e in w] for w in (before, after)
        )
    before, after = ([e for e in w if e.source] for w in (before, after))
    lengths = durations(bench)
    report = attacking_sources(before, after, *lengths)
    if by == "source":
        report, before, after = _widened(report, before, after, lengths)
    rows = _failed(before, after, lengths, report, by)
    summary = f"{failures} failed logins in {seconds(frame.incident)}"
    summary += f" ({usual} in {seconds(frame.baseline)} before)"
    nothing = f"{summary}, none with a {by}" if failures else f"{summary}: nothing to look at"
    return table(rows, f"{summary}; pattern {report.kind}", nothing, frame.incident)


def _widened(
    report: SourceReport,
    before: list[AuthEvent],
    after: list[AuthEvent],
    lengths: Lengths,
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


def _failed(
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
