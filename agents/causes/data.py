"""Rows that make no sense: code that did not change fails on some of its data."""

import re
from collections.abc import Iterator

from ...incident.finding import FaultKind
from ...tools.backups import BackupDifference
from ...tools.failures import ErrorGroup
from ...tools.new_failures import Way
from .candidate import Candidate, words
from .observations import Observations, cite, first, where
from .said import constant_text

WRITTEN = re.compile(r"(?:\bset|,)\s+\"?([a-z_][a-z0-9_]*)\"?\s*=", re.IGNORECASE)
"""Columns that an UPDATE statement sets."""
TABLE = re.compile(r"\b(?:from|into|update|join)\s+\"?([a-z_][a-z0-9_]*)", re.IGNORECASE)


def corrupted(seen: Observations) -> Iterator[Candidate]:
    """A new error of a service about its data: in its words, or in rows that it reads and that
    are not what they were when it was well."""
    for group in seen.errors.rows:
        service = group.services.split(", ")[0]
        share = seen.own_failures(service)
        said = {word.lower() for word in words().data.findall(_said(seen, service, group))}
        if not group.new or share < 0.2:
            continue
        table = _table(seen, service) if len(said) >= 2 else _damaged_table(seen, service)
        if len(said) < 2 and not table:
            continue
        statement = f"rows of {table or 'a table'} that {service} reads make no sense"
        candidate = Candidate(service, FaultKind.data_corruption, statement, resource=table)
        quotes = cite(seen.errors, group, "exception", "count")
        text = f"the errors speak of data: {group.exception}: {group.message[:80]}"
        candidate.backed(2.0, len(said) / 3, text, quotes)
        failing = first(seen.failures, service=service)
        text = f"{share:.0%} of the failures begin in {service}"
        candidate.backed(2.0, share, text, cite(seen.failures, failing, "share", "error"))
        released = seen.released(service)
        candidate.backed(1.0, float(not released), f"{service} was not released before it")
        candidate.doubted(2.0, float(released), f"{service} was just released")
        _against_backup(seen, candidate, table)
        yield candidate


def _said(seen: Observations, service: str, group: ErrorGroup) -> str:
    """What the service says about its failures: exception, failing spans, log lines."""
    spans = [row.error for row in where(seen.failures, service=service)]
    lines = [r.sample for r in where(seen.patterns, service=service) if r.level == "error"]
    return " ".join([group.exception, *map(constant_text, [group.message, *spans, *lines])])


def damaged(seen: Observations) -> list[BackupDifference]:
    """Columns that differ from the backup in few rows, and that no service writes itself: those
    differ in ordinary business."""
    statements = [row.statement for row in seen.queries.rows]
    written = {name.lower() for text in statements for name in WRITTEN.findall(text)}
    return [r for r in where(seen.backups, suspect=True) if r.column.lower() not in written]


def _against_backup(seen: Observations, candidate: Candidate, table: str) -> None:
    """Held against its backup, where there is one to hold it against."""
    differences = seen.backups
    row = next((row for row in damaged(seen) if row.table == table), None)
    if row:
        text = f"{row.rows_differing} rows of {table} differ from the backup in {row.column}"
        quotes = cite(differences, row, "table", "column", "rows_differing")
        candidate.backed(3.0, 1.0, text, quotes)
    elif not differences.ok:
        candidate.lacking("a backup to hold the rows against")


def _damaged_table(seen: Observations, service: str) -> str:
    """A damaged table that the service reads, where its own code is as it was and fails by itself,
    waiting for nobody; else empty."""
    rows = [row for row in where(seen.new_failures, service=service) if row.way != Way.full]
    own = sum(row.count for row in rows if row.way == Way.own and not row.code)
    if seen.released(service) or not own > sum(row.count for row in rows) / 2:
        return ""
    read = {name.lower() for name in _tables(seen, service)}
    return next((row.table for row in damaged(seen) if row.table.lower() in read), "")


def _tables(seen: Observations, service: str) -> list[str]:
    statements = [row.statement for row in where(seen.queries, service=service)]
    return [name for text in statements for name in TABLE.findall(text)]


def _table(seen: Observations, service: str) -> str:
    """The table that the failing service reads: named in what it says, else by its statements."""
    tables = _tables(seen, service)
    errors = [row.error for row in where(seen.failures, service=service)]
    lines = [row.sample for row in where(seen.patterns, service=service)]
    text = " ".join([*errors, *lines]).lower()
    named = [name for name in tables if name.lower().rstrip("s") in text]
    return (named or tables or [""])[0]
