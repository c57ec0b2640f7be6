"""Rows of the tables into records. A row never changes, so each is built once and kept."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb

from .model import Change, LogRecord, Span, StateFact

LONGEST_MESSAGE, LONGEST_DIFF = 20_000, 1_000_000
"""Characters of a text that are read; attributes are cut as messages are."""
MOST_BYTES = 200 * 2**20
"""What the records that are kept may take, about."""
RECORD_BYTES = 400
"""A record without its texts, about."""
LEVELS = {"warn": "warning", "fatal": "critical", "err": "error", "trace": "debug"}
"""Spellings of other sources, by the name that we use."""


class Records:
    """Records of one table by row id: queries build only the rows not seen before."""

    def __init__(self, table: str, build: Callable[[tuple], Any], most: int = MOST_BYTES) -> None:
        self.table = table
        self.build = build
        self.most = most
        self.size = 0
        self.seen: dict[int, Any] = {}

    def fetch(self, db: duckdb.DuckDBPyConnection, ids: list[int]) -> list[Any]:
        """The records of these rows, in this order."""
        if self.size > self.most:
            self.seen, self.size = {}, 0
        missing = [row for row in ids if row not in self.seen]
        if missing:
            query = f"SELECT rowid, * FROM {self.table} WHERE rowid IN (SELECT unnest(?))"
            for row in db.execute(query, [missing]).fetchall():
                self.seen[row[0]] = self.build(row[1:])
                self.size += RECORD_BYTES + sum(len(v) for v in row if isinstance(v, str))
        return [self.seen[row] for row in ids]


def log_record(row: tuple) -> LogRecord:
    """One row of the table of logs."""
    ts, service, instance, level, message, trace_id, span_id, attributes, _weight = row
    word = (level or "info").lower()
    return LogRecord(
        ts,
        service or "",
        instance or "",
        LEVELS.get(word, word),
        message[:LONGEST_MESSAGE],
        trace_id or "",
        span_id or "",
        _attributes(attributes),
    )


def span(row: tuple) -> Span:
    """One row of the table of spans."""
    start, trace_id, span_id, parent_id, service, instance, name, kind, ms, *rest = row
    status, status_message, attributes, _weight = rest
    return Span(
        trace_id,
        span_id,
        parent_id or "",
        service,
        instance or "",
        name or "",
        (kind or "internal").lower(),
        start,
        ms,
        (status or "unset").lower(),
        (status_message or "")[:LONGEST_MESSAGE],
        _attributes(attributes),
    )


def change(row: tuple) -> Change:
    """One row of the table of changes, of a kind that we know."""
    at, kind, *texts, files, diff = row
    service, id, version, *rest = (text or "" for text in texts)
    known = change_kind(kind or "", bool(version))
    names, cut = _names(files), (diff or "")[:LONGEST_DIFF]
    made = Change(at, known, service, id, version, *rest, files=names, diff=cut)
    return made if known == kind else replace(made, summary=f"{kind}: {made.summary}")


KINDS = {
    "deploy": """deploy deployment release rollout upgrade rollback install publish
        deployed released upgraded rolledback installed published removed""",
    "flag": "flag toggle switch experiment toggled switched",
    "config": "config configuration settings setting env environment secret configmap",
    "scale": "scale scaling autoscale resize scaled resized",
    "restart": "restart reboot bounce restarted rebooted",
    "commit": "commit merge push merged pushed",
}
"""Kinds of change, and words of feeds that mean them."""


def change_kind(word: str, versioned: bool) -> str:
    """The kind that a feed's word means: helm-upgrade is a deploy. A word that nobody knows is
    taken for a deploy where it names a version, else for configuration: never for nothing."""
    return kind_named(word) or ("deploy" if versioned else "config")


def kind_named(word: str) -> str:
    """The kind that a feed's word means; empty: nobody knows."""
    parts = set(re.split(r"[^a-z]+", word.casefold()))
    known = (kind for kind, words in KINDS.items() if parts & {*words.split()})
    return next(known, "")


def state_fact(row: tuple) -> StateFact:
    """One row of the table of state."""
    at, *texts = row
    return StateFact(at, *((text or "")[:LONGEST_MESSAGE] for text in texts))


def _object(text: str | None) -> dict[str, Any]:
    value = decoded(text)
    return value if isinstance(value, dict) else {}


def _attributes(text: str | None) -> dict[str, Any]:
    return {
        key: value[:LONGEST_MESSAGE] if isinstance(value, str) else value
        for key, value in _object(text).items()
    }


def _names(text: str | None) -> tuple[str, ...]:
    value = decoded(text)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def decoded(text: str | None) -> Any:
    """JSON of a column; None for what is none."""
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def labels(text: str | None) -> dict[str, str]:
    """Labels of a series as strings."""
    return {str(key): str(value) for key, value in _object(text).items()}
