"""What arrives at the edge, seen by one of its attributes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from ..telemetry.model import Window
from .base import Bench
from .edge_requests import edge_requests, edge_services
from .logins import is_failed_login, status_code
from .reading import logs

FIELDS = {
    "source": ("client", "client.address"),
    "user_agent": ("agent", "user_agent.original"),
    "path": ("path", "url.path"),
    "route": ("route", "http.route"),
}
"""Name of a request at the edge, and of an attribute of a log record."""


@dataclass(frozen=True)
class Arrival:
    """One request: its value, and whether the answer was 400 or above."""

    value: str
    refused: bool


def arrivals(bench: Bench, by: str) -> tuple[list[Arrival], list[Arrival], str]:
    """(baseline, incident, what they were counted in); both windows from the same source.

    Spans are complete. Access logs may be a sample and stand in where spans lack the attribute.
    """
    readers: list[tuple[str, Callable[[Window], list[Arrival]]]] = [
        ("requests", lambda window: _from_spans(bench, window, by)),
        ("logged requests", lambda window: _from_logs(bench, window, by, edge_services(bench))),
        ("log lines", lambda window: _from_logs(bench, window, by, None)),
    ]
    for name, read in readers:
        before, after = read(bench.frame.baseline), read(bench.frame.incident)
        if before or after:
            return before, after, name
    return [], [], "requests"


def _from_spans(bench: Bench, window: Window, by: str) -> list[Arrival]:
    return [
        Arrival(value, request.failed or (request.status or 0) >= 400)
        for request in edge_requests(bench, window)
        if (value := getattr(request, FIELDS[by][0]))
    ]


def _from_logs(bench: Bench, window: Window, by: str, services: list[str] | None) -> list[Arrival]:
    """Log lines that carry the attribute, one a trace: several tell of the same request."""
    found: dict[str, Arrival] = {}
    numbers = count()
    name = FIELDS[by][1]
    for log in logs(bench, window, services, having=[name]):
        value = str(log.attributes.get(name) or "")
        if value:
            refused = status_code(log.attributes) >= 400 or is_failed_login(log)
            key = log.trace_id or f"line {next(numbers)}"
            known = found.get(key)
            found[key] = Arrival(value, refused or (known is not None and known.refused))
    return list(found.values())
