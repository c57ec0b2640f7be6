"""Who comes in and how: failed logins and access patterns."""

import re
from collections import Counter

from ..analysis.rates import rate_change
from ..analysis.sources import AuthEvent, SourceReport, attacking_sources
from ..telemetry.model import LogRecord, Window
from .base import Bench, Effect, Row, Table, tool
from .edge_requests import edge_requests
from .reading import cut, logs, number, one_of, ratio, seconds, spans, table

FAILED = re.compile(
    r"(?:log-?in|sign-?in|authentication|auth|password)\b.*\b(?:fail|invalid|denied|reject|wrong)"
    r"|(?:failed|invalid|rejected).*\b(?:log-?in|password|credentials|authentication)"
    r"|unauthori[sz]ed",
    re.IGNORECASE,
)
LOGIN = re.compile(r"/(?:log-?in|sign-?in|auth|session|token)s?\b", re.IGNORECASE)
SUCCEEDED = 400
MOST_ROWS = 50


@tool(Effect.read)
def auth_failures(bench: Bench, by: str = "source") -> Table:
    """Failed logins of the incident by source address or by user, against the baseline.

    Kind says whether failures are "concentrated" on few sources, "distributed" over many, or
    "none" (no attack seen); `confidence` is that of the named attacker, 0 for the rest. Pattern
    is "stuffing" (many users) or "brute force" (few users).
    """
    one_of("by", by, ("source", "user"))
    frame = bench.frame
    before, after = _events(bench, frame.baseline), _events(bench, frame.incident)
    if by == "user":
        before, after = _turned(before), _turned(after)
    lengths = max(frame.baseline.seconds, 1e-3), max(frame.incident.seconds, 1e-3)
    report = attacking_sources(before, after, *lengths)
    rows = _auth_rows(before, after, lengths, report)
    failures = sum(event.failed for event in after)
    summary = f"{failures} failed logins in {seconds(frame.incident)}"
    summary += f" ({sum(event.failed for event in before)} in {seconds(frame.baseline)} before)"
    summary += f"; pattern {report.kind}"
    nothing = f"no failed login in the logs of {seconds(frame.incident)}"
    return table(rows[:MOST_ROWS], summary, nothing, frame.incident)


def _auth_rows(
    before: list[AuthEvent],
    after: list[AuthEvent],
    lengths: tuple[float, float],
    report: SourceReport,
) -> list[Row]:
    attackers = {source.source: source for source in report.sources}
    usual = Counter(event.source for event in before if event.failed)
    failed = Counter(event.source for event in after if event.failed)
    attempts = Counter(event.source for event in after)
    total = sum(failed.values())
    rows: list[Row] = []
    for source, count in failed.items():
        attacker = attackers.get(source)
        change = rate_change(usual[source], count, *lengths)
        rows.append(
            {
                "value": cut(source, 200),
                "attempts": attempts[source],
                "failures": count,
                "share": number(count / total),
                "users": len({e.user for e in after if e.failed and e.source == source}),
                "baseline_failures": usual[source],
                "ratio": number(attacker.ratio if attacker else change.ratio, 3),
                "score": number(-change.log10_p, 3),
                "pattern": attacker.pattern if attacker else "",
                "kind": report.kind,
                "confidence": number(attacker.confidence, 3) if attacker else 0.0,
            }
        )
    return sorted(rows, key=lambda row: (-row["confidence"], -row["failures"], row["value"]))


def _events(bench: Bench, window: Window) -> list[AuthEvent]:
    """Failed logins out of logs, successful ones out of login requests at the server."""
    failed = [
        AuthEvent(_fact(log, "client.address"), _fact(log, "user.name"), True)
        for log in logs(bench, window)
        if _is_failure(log)
    ]
    succeeded = [
        AuthEvent(str(span.attributes.get("client.address") or ""), "", False)
        for span in spans(bench, window)
        if span.kind == "server"
        and not span.parent_id
        and LOGIN.search(str(span.attributes.get("http.route") or span.name))
        and _status(span.attributes.get("http.response.status_code")) < SUCCEEDED
    ]
    return [*failed, *succeeded]


def _is_failure(log: LogRecord) -> bool:
    known = "user.name" in log.attributes or "client.address" in log.attributes
    return known and bool(FAILED.search(log.message)) and "exception.type" not in log.attributes


def _fact(log: LogRecord, name: str) -> str:
    return str(log.attributes.get(name) or "")


def _status(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


def _turned(events: list[AuthEvent]) -> list[AuthEvent]:
    """Users in the place of sources."""
    return [AuthEvent(e.user, e.source, e.failed) for e in events if e.user]


@tool(Effect.read)
def access_patterns(bench: Bench, by: str = "source") -> Table:
    """Requests at the edge by source address, user agent, path or route, against the baseline:
    what appeared or surged first. Score is -log10 of the probability of chance."""
    one_of("by", by, ("source", "user_agent", "path", "route"))
    frame = bench.frame
    before, after = _values(bench, frame.baseline, by), _values(bench, frame.incident, by)
    lengths = max(frame.baseline.seconds, 1e-3), max(frame.incident.seconds, 1e-3)
    usual, now = Counter(value for value, _ in before), Counter(value for value, _ in after)
    errors = Counter(value for value, failed in after if failed)
    rows: list[Row] = []
    for value in now | usual:
        change = rate_change(usual[value], now[value], *lengths)
        rate, rate_before = now[value] / lengths[1], usual[value] / lengths[0]
        rows.append(
            {
                "value": cut(value, 200),
                "requests": now[value],
                "requests_before": usual[value],
                "rate": number(rate),
                "rate_before": number(rate_before),
                "share": number(now[value] / len(after)) if after else None,
                "errors": errors[value],
                "error_share": number(errors[value] / now[value]) if now[value] else None,
                "ratio": ratio(rate, rate_before),
                "score": number(-change.log10_p * (1 if change.direction > 0 else 0), 3) or 0.0,
            }
        )
    rows.sort(key=lambda row: (-row["score"], -row["requests"], row["value"]))
    summary = f"{len(now)} values of {by} in {len(after)} requests"
    summary += f"; first: {rows[0]['value']} ({rows[0]['requests']} requests)" if rows else ""
    nothing = f"no requests at the edge that carry a {by} in {seconds(frame.incident)}"
    return table(rows[:MOST_ROWS], summary, nothing, frame.incident)


def _values(bench: Bench, window: Window, by: str) -> list[tuple[str, bool]]:
    """(value, whether the answer was 4xx or 5xx) per request; agents may be only in logs."""
    if by == "user_agent":
        return [
            (str(log.attributes["user_agent.original"]), _status(_code(log)) >= SUCCEEDED)
            for log in logs(bench, window)
            if log.attributes.get("user_agent.original") and not _is_failure(log)
        ]
    field = {"source": "client", "path": "path", "route": "route"}[by]
    return [
        (value, request.failed or (request.status or 0) >= SUCCEEDED)
        for request in edge_requests(bench, window)
        if (value := getattr(request, field))
    ]


def _code(log: LogRecord) -> object:
    return log.attributes.get("http.response.status_code")
