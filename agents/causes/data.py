"""Rows that make no sense: code that did not change fails on some of its data."""

import re
from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...tools.base import Row
from ..clues import Clues, cite, first, where
from .candidate import Candidate

# Words that programs use when a record itself is wrong, in exception types and messages.
WORDS = re.compile(
    r"corrupt|invalid|malformed|decode|integrity|constraint|checksum|unexpected value|"
    r"out of range|cannot be read|parse|record|row",
    re.IGNORECASE,
)
TABLE = re.compile(r"\b(?:from|into|update|join)\s+\"?([a-z_][a-z0-9_]*)", re.IGNORECASE)


def corrupted(clues: Clues) -> Iterator[Candidate]:
    """A new data error in a service that nobody released, on some of its requests only."""
    for group in clues.errors.rows:
        words = set(WORDS.findall(f"{group['exception']} {group['message']}".lower()))
        service = group["services"].split(", ")[0]
        if not group["new"] or len(words) < 2 or not clues.own_failures(service):
            continue
        table = _table(clues, service, group)
        statement = f"rows that {service} reads make no sense ({group['exception']})"
        candidate = Candidate(service, FaultKind.data_corruption, statement, resource=table)
        quotes = cite(clues.errors, group, "exception", "count")
        candidate.backed(
            2.0, len(words) / 3, f"the error speaks of data: {group['message']}", quotes
        )
        share = clues.own_failures(service)
        failing = first(clues.failures, service=service)
        candidate.backed(
            2.0,
            share,
            f"{share:.0%} of the failures begin in {service}",
            cite(clues.failures, failing, "share", "error"),
        )
        changed = any(where(clues.changes, service=service, kind="deploy"))
        candidate.backed(1.5, 0.0 if _recent(clues, service) else 1.0, f"{service} did not change")
        candidate.doubted(
            2.0, 1.0 if changed and _recent(clues, service) else 0.0, f"{service} was just released"
        )
        yield candidate


def _recent(clues: Clues, service: str) -> bool:
    """Whether the service was released within the baseline window before the onset."""
    near = clues.case.frame.baseline.seconds
    return any(
        0 <= (row["seconds_before"] or 0) <= near
        for row in where(clues.changes, service=service, kind="deploy")
    )


def _table(clues: Clues, service: str, group: Row) -> str:
    """The table that the failing code reads: named in the error, else by its statements."""
    tables = [
        name
        for row in where(clues.queries, service=service)
        for name in TABLE.findall(row["statement"])
    ]
    text = f"{group['exception']} {group['message']} {group['location']}".lower()
    named = [name for name in tables if name.lower().rstrip("s") in text]
    return (named or tables or [""])[0]
