"""Login attempts one by one, out of logs and of requests."""

import re
from typing import Any

from ..analysis.sources import AuthEvent
from ..telemetry.model import LogRecord, Span, Window
from .base import Bench

LOGIN_WORDS = r"(?:log[- ]?in|sign[- ]?in|auth(?:entication)?|password|credentials?)"
REFUSAL_WORDS = r"(?:fail|invalid|denied|reject|wrong|bad\b|incorrect)"
FAILED = re.compile(
    rf"\b{LOGIN_WORDS}\b.*\b{REFUSAL_WORDS}|\b{REFUSAL_WORDS}.*\b{LOGIN_WORDS}\b|unauthori[sz]ed",
    re.IGNORECASE,
)
LOGIN = re.compile(r"/(?:log-?in|sign-?in|auth|session|token)s?\b", re.IGNORECASE)
REFUSED = (401, 403)

Attempts = tuple[list[AuthEvent], list[AuthEvent]]
"""Of the baseline and of the incident."""


def login_attempts(bench: Bench) -> Attempts:
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
    return failures[0] + successes[0], failures[1] + successes[1]


def is_failed_login(log: LogRecord) -> bool:
    """Whether a log line says that somebody was refused at a login; a crash is no refusal."""
    known = "user.name" in log.attributes or "client.address" in log.attributes
    return known and "exception.type" not in log.attributes and bool(FAILED.search(log.message))


def status_code(attributes: dict[str, Any]) -> int:
    """The HTTP status of a span or log record; 0 where it carries none."""
    text = str(attributes.get("http.response.status_code") or "")
    return int(text) if text.isdecimal() else 0


def _failures(bench: Bench, window: Window) -> list[AuthEvent]:
    """One event a trace: several services may log the same refusal."""
    found: dict[str, AuthEvent] = {}
    for number, log in enumerate(
        bench.telemetry.logs(window, having=("user.name", "client.address"))
    ):
        if is_failed_login(log):
            key = log.trace_id or f"line {number}"
            known = found.get(key, AuthEvent("", "", True))
            source = known.source or str(log.attributes.get("client.address") or "")
            user = known.user or str(log.attributes.get("user.name") or "")
            found[key] = AuthEvent(source, user, True)
    return list(found.values())


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
