"""What one span says: whom it calls, and whether the system failed in it."""

from collections.abc import Iterable
from typing import Any

from .model import Span

CALLEES = ("peer.service", "server.address", "db.system")
"""Attributes that say whom a client span calls, the best first."""
STATUS_CODE = "http.response.status_code"


def peer(span: Span) -> str:
    """The service that a client span calls; empty where it does not say."""
    return called(span.attributes.get(name) for name in CALLEES)


def called(names: Iterable[Any]) -> str:
    """Whom a call is for, by the values of CALLEES: the first that says something."""
    return str(next((name for name in names if name), ""))


def span_failed(span: Span) -> bool:
    """Whether a span is a failure of the system."""
    return is_failure(span.status, span.attributes.get(STATUS_CODE))


def is_failure(status: str, code: Any) -> bool:
    """Whether this status with this HTTP code is a failure of the system.

    OpenTelemetry marks every 4xx on a client span as an error; a wrong password or a missing
    page is none. Timeouts, refusals for load and callers that gave up are.
    """
    if status != "error":
        return False
    return not (isinstance(code, int) and 400 <= code < 500 and code not in (408, 429, 499))
