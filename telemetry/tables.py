"""DuckDB tables of one recording: new lines go in, each modality into its own table.

DuckDB may open nothing but a spool directory of ours: file access is closed to everything else,
so that no query can leave the recording.
"""

import json
import tempfile
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

import duckdb

from ..errors import StoreError
from .columns import MetricColumns
from .event_columns import LogColumns, SpanColumns
from .kept import Arrivals, Kept
from .records import Records, change, decoded, log_record, span, state_fact

WEIGHT = "weight"
"""How many rows of its kind a row of a sample stands for, itself included; 0: for none, since it
was sought out for what it is. Missing: it was not chosen, or nobody knows among how many."""
RECORD = {"service": "VARCHAR", "instance": "VARCHAR"}
TRACED = {"trace_id": "VARCHAR", "span_id": "VARCHAR"}

COLUMNS: dict[str, dict[str, str]] = {
    "metrics": {"ts": "DOUBLE", "name": "VARCHAR", **RECORD, "labels": "JSON", "value": "DOUBLE"},
    "logs": {
        **{"ts": "DOUBLE", **RECORD, "level": "VARCHAR", "message": "VARCHAR"},
        **{**TRACED, "attributes": "JSON", WEIGHT: "DOUBLE"},
    },
    "traces": {
        **{"start": "DOUBLE", **TRACED, "parent_id": "VARCHAR", **RECORD, "name": "VARCHAR"},
        **{"kind": "VARCHAR", "duration_ms": "DOUBLE", "status": "VARCHAR"},
        **{"status_message": "VARCHAR", "attributes": "JSON", WEIGHT: "DOUBLE"},
    },
    "changes": {
        **{"at": "DOUBLE", "kind": "VARCHAR", "service": "VARCHAR", "id": "VARCHAR"},
        **{"version": "VARCHAR", "previous": "VARCHAR", "author": "VARCHAR"},
        **{"summary": "VARCHAR", "files": "JSON", "diff": "VARCHAR"},
    },
    "state": {
        **{"at": "DOUBLE", **RECORD, "kind": "VARCHAR", "object": "VARCHAR"},
        **{"value": "VARCHAR"},
    },
    "kubernetes": {
        **{"at": "DOUBLE", "kind": "VARCHAR", "namespace": "VARCHAR", "name": "VARCHAR"},
        **{"service": "VARCHAR", "cluster": "VARCHAR"},  # of a dump: no cluster's name
        "object": "JSON",  # none: it is gone
    },
}
SPILLED = "8GB"
"""What tables and queries beyond the memory limit may take of the disk."""
SERVICE = "service"
OWN = "warroom_"
"""How metrics begin that we ask for ourselves: counted calls, objectives. Nobody exports them."""
TIME = {"metrics": "ts", "logs": "ts", "traces": "start"}
TIME |= dict.fromkeys(("changes", "state", "kubernetes"), "at")
TS = "ts"
"""The time of every table by one name, for queries: `at` is a reserved word of SQL."""
NEEDED = {
    "metrics": ("ts", "name", "service", "value"),
    "logs": ("ts", "message"),
    "traces": ("start", "trace_id", "span_id", "service", "duration_ms"),
    "changes": ("at",),
    "state": ("at", "service", "kind", "object", "value"),
    "kubernetes": ("at", "kind", "name"),
}

WEIGHED = f" AND coalesce({WEIGHT}, 1) BETWEEN 0 AND 1e9"
SOUND = {
    "logs": WEIGHED,
    "traces": f" AND abs(duration_ms) < 1e12{WEIGHED}",
    "metrics": " AND (NOT isfinite(value) OR abs(value) < 1e100)",
}
"""Sizes that something real may have: the largest float stands for "unknown", and sums of it
overflow. NaN and infinity are values of metrics; no span takes them."""


@dataclass
class Copies:
    """Copies of tables for another process. Rows are only ever added, so each is written once."""

    folder: Path
    parts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """(row that it ends before, file) of each table, in order."""

    def bring_up(
        self, db: duckdb.DuckDBPyConnection, held: Mapping[str, int]
    ) -> dict[str, list[str]]:
        """The files of each table, with its first so many rows."""
        return {table: list(self._files(db, table, rows)) for table, rows in held.items()}

    def _files(self, db: duckdb.DuckDBPyConnection, table: str, held: int) -> list[str]:
        parts = self.parts.setdefault(table, [])
        known = bisect_right(parts, held, key=lambda part: part[0])
        start = parts[known - 1][0] if known else 0
        files = [file for _, file in parts[:known]]
        if held == start:
            return files
        path = str(self.folder / f"{table}.{start}.{held}.parquet")
        new = f"SELECT * FROM {table} WHERE rowid >= {start} AND rowid < {held}"
        db.execute(f"COPY ({new}) TO {quoted(path)} (FORMAT parquet)")
        if known == len(parts):  # else: an older state asks after a newer one
            parts.append((held, path))
        return [*files, path]


class Tables:
    """The tables, on one in-memory connection, and their columns. Rows are only ever added, so the
    first n rows of a table are what it held when it had n. Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.arrivals = {modality: Arrivals() for modality in COLUMNS}
        self.kept = Kept()
        self.metrics, self.logs, self.spans = MetricColumns(), LogColumns(), SpanColumns()
        self.log_records = Records("logs", log_record)
        self.span_records = Records("traces", span)
        self.change_records = Records("changes", change)
        self.state_records = Records("state", state_fact)
        self.clocks: tuple[int, dict[str, list[str]]] | None = None
        """What clocks disagree about, and how many rows had been compared then."""
        self.spool = tempfile.TemporaryDirectory(prefix="warroom-")
        self.copies = Copies(Path(self.spool.name))
        self.db = closed(connected(), self.spool.name, self.spool.name)
        for modality, columns in COLUMNS.items():
            body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.db.execute(f"CREATE TABLE {modality} ({body.replace('JSON', 'VARCHAR')})")

    def close(self) -> None:
        """Give back memory and the spool."""
        self.kept.clear()
        self.db.close()
        self.spool.cleanup()

    def add(self, modality: str, chunk: bytes) -> int:
        """Put complete JSON lines into a table; how many of them were no records and are left
        out. Raises StoreError where the spool is gone or full."""
        path = Path(self.spool.name) / f"{modality}.jsonl"
        try:
            path.write_bytes(chunk)
        except OSError as error:
            raise StoreError(
                f"{self.spool.name} cannot be written ({error.strerror}): keep that folder, make "
                "room on its disk, then run `warroom resume`"
            ) from error
        try:
            rows = self._insert(modality, path)
        except duckdb.Error:  # text that is no UTF-8, a line of many megabytes, deep nesting
            path.write_bytes(_cleaned(chunk))
            rows = self._insert(modality, path)
        path.unlink()
        if rows:
            self._note(modality, rows)
        return _lines(chunk) - rows

    def _note(self, modality: str, rows: int) -> None:
        """Write down which times came in."""
        time, arrivals = f'"{TIME[modality]}"', self.arrivals[modality]
        query = f"SELECT min({time}), max({time}) FROM {modality} WHERE rowid >= ?"
        first, last = self.db.execute(query, [arrivals.rows]).fetchall()[0]
        arrivals.add(rows, first, last)

    def _insert(self, modality: str, path: Path) -> int:
        """How many rows came in."""
        columns = COLUMNS[modality]
        needed = " AND ".join(f'"{name}" IS NOT NULL' for name in NEEDED[modality])
        needed += SOUND.get(modality, "")
        found = self.db.execute(
            f"INSERT INTO {modality} BY NAME SELECT * FROM read_ndjson(?, columns = $columns,"
            f' ignore_errors = true) WHERE {needed} AND isfinite("{TIME[modality]}")'.replace(
                "$columns", _struct(columns)
            ),
            [str(path)],
        ).fetchone()
        return int(found[0]) if found else 0


def connected() -> duckdb.DuckDBPyConnection:
    """A database in memory, within bounds."""
    return duckdb.connect(config={"threads": 2, "memory_limit": "256MB"})


def closed(db: duckdb.DuckDBPyConnection, folder: str, spill: str) -> duckdb.DuckDBPyConnection:
    """The same, closed to everything but a folder; what memory cannot hold spills into another."""
    db.execute(f"SET allowed_directories = [{quoted(folder)}]")
    db.execute(f"SET temp_directory = {quoted(spill)}; SET max_temp_directory_size = '{SPILLED}'")
    return db.execute("SET enable_external_access = false; SET lock_configuration = true")


def as_line(modality: str, row: tuple[Any, ...]) -> bytes:
    """A row as a line of a bundle; what was not there is not there again."""
    fields = {
        name: decoded(value) if kind == "JSON" else value
        for (name, kind), value in zip(COLUMNS[modality].items(), row, strict=True)
        if value is not None
    }
    return json.dumps(fields).encode() + b"\n"


def seen(table: str) -> tuple[str, ...]:
    """The columns of a table as a query sees them: its time is `ts`, whatever it is in a bundle,
    and weights are not offered."""
    return tuple(dict.fromkeys([TS, *(name for name in COLUMNS[table] if name != WEIGHT)]))


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _lines(chunk: bytes) -> int:
    """Lines with something in them; each ends with a newline."""
    every = chunk.count(b"\n")
    if chunk.count(b"\n{") + chunk.startswith(b"{") == every:  # all of them begin as objects do
        return every
    return sum(1 for line in chunk.split(b"\n") if line.strip())


def _struct(columns: dict[str, str]) -> str:
    return "{" + ", ".join(f"\"{name}\": '{kind}'" for name, kind in columns.items()) + "}"


def _cleaned(chunk: bytes, longest: int = 8 * 2**20) -> bytes:
    """The lines that are JSON objects of reasonable size, written again in plain ASCII."""
    kept = []
    for line in chunk.split(b"\n"):
        try:
            value = json.loads(line.decode(errors="replace")) if len(line) <= longest else None
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            kept.append(json.dumps(value).encode())
    return b"\n".join(kept) + b"\n"
