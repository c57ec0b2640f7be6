"""SQL over the tables of a recording: one SELECT, within rows, time and memory, in a process apart.

A statement that a model wrote may never come back, or take the memory of the machine: DuckDB looks
up between blocks of rows only. So it runs in a sandbox, over a copy of the tables as Parquet files;
there DuckDB can open nothing but those, and `sql_guard` lets through nothing but a SELECT of them.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ..errors import ToolFailed, ToolRetry
from ..sandbox import run as apart
from .sql_guard import allowed, schema
from .tables import COLUMNS, SPILLED, quoted

LONGEST_CELL = 500
MOST_COLUMNS = 40
PLAIN = {
    "DOUBLE",
    "FLOAT",
    "BOOLEAN",
    *(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")),
    "INTEGER",
    "UINTEGER",
}
"""Types whose values are JSON as they are."""


@dataclass(frozen=True)
class Answer:
    """Rows of plain JSON values, and whether there are more than were asked for."""

    rows: list[dict[str, Any]]
    more: bool


def run(folder: Path, parts: dict[str, list[str]], sql: str, most: int, seconds: float) -> Answer:
    """The first `most` rows of one SELECT over the tables in these files below `folder`.

    Raises ToolRetry, which says what to correct, for a statement that is not allowed or wrong;
    ToolFailed when it takes longer than `seconds` or more memory than there is.
    """
    with tempfile.TemporaryDirectory(prefix="spill-", dir=folder) as spill:
        try:
            rows, more = apart(select, seconds, str(folder), spill, parts, sql, most)
        except ToolFailed as error:
            hint = "narrow ts, select fewer columns, or aggregate before joining"
            raise ToolFailed(f"the query failed: {error}; {hint}") from None
    return Answer(rows, more)


def select(
    folder: str, spill: str, parts: dict[str, list[str]], sql: str, most: int
) -> tuple[list[dict[str, Any]], bool]:
    """The sandbox's job: (the first rows, whether there are more)."""
    db = _opened(folder, spill, parts)
    try:
        return _answer(db, allowed(db, sql), most)
    except duckdb.OutOfMemoryException:
        raise ToolFailed("it needs more memory than it may take") from None
    except duckdb.Error as error:
        raise ToolRetry(f"the query does not run: {_first_lines(error)}; {schema()}") from None


def _opened(folder: str, spill: str, parts: dict[str, list[str]]) -> duckdb.DuckDBPyConnection:
    """A database of views over the files, closed to everything else."""
    db = duckdb.connect(config={"threads": 2, "memory_limit": "256MB"})
    for table, files in parts.items():
        columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in COLUMNS[table].items())
        empty = f"SELECT {columns.replace('JSON', 'VARCHAR')} LIMIT 0"
        listed = ", ".join(map(quoted, files))
        content = f"SELECT * FROM read_parquet([{listed}])" if files else empty
        db.execute(f"CREATE VIEW {table} AS {content}")
    db.execute(f"SET allowed_directories = [{quoted(folder)}]")
    db.execute(f"SET temp_directory = {quoted(spill)}; SET max_temp_directory_size = '{SPILLED}'")
    db.execute("SET enable_external_access = false; SET lock_configuration = true")
    return db


def _answer(
    db: duckdb.DuckDBPyConnection, sql: str, most: int
) -> tuple[list[dict[str, Any]], bool]:
    db.execute("BEGIN TRANSACTION READ ONLY")
    described = db.execute(f"DESCRIBE SELECT * FROM ({sql}\n)").fetchall()
    if len(described) > MOST_COLUMNS:
        count = f"{len(described)} columns are more than {MOST_COLUMNS}"
        raise ToolRetry(f"{count}; name those you need")
    columns = ", ".join(_column(name, kind) for name, kind, *_ in described)
    found = db.execute(f"SELECT {columns} FROM ({sql}\n) LIMIT {most + 1}").fetchall()
    names = [name for name, *_ in described]
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found[:most]]
    return rows, len(found) > most


def _column(name: str, kind: str) -> str:
    """The column as number, truth or text that is cut while it is still in the database."""
    quoted = f'"{name.replace(chr(34), chr(34) * 2)}"'
    if kind.startswith("DECIMAL"):
        return f"CAST({quoted} AS DOUBLE)"
    if kind in PLAIN:
        return quoted
    return f"left(CAST({quoted} AS VARCHAR), {LONGEST_CELL + 1})"


def _plain(value: Any) -> Any:
    """A value as JSON has it: no NaN, no endless text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        return f"{value[: LONGEST_CELL - 2]} …"
    return value


def _first_lines(error: duckdb.Error) -> str:
    """What DuckDB says, without the drawing of where."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
