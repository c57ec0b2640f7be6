"""SQL over a bundle's tables: one SELECT, read-only, within rows, time and memory.

The connection can open nothing outside the bundle (see `tables`), and `sql_guard` lets through
nothing but a SELECT over its tables.
"""

import math
import threading
from dataclasses import dataclass
from typing import Any

import duckdb

from ..errors import ToolFailed, ToolRetry
from .sql_guard import allowed, schema

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


def run(db: duckdb.DuckDBPyConnection, sql: str, most: int, seconds: float) -> Answer:
    """The first `most` rows of one SELECT.

    Raises ToolRetry, which says what to correct, for a statement that is not allowed or wrong;
    ToolFailed when it takes longer than `seconds` or more memory than there is.
    """
    cursor = db.cursor()
    timer = threading.Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return _answer(cursor, allowed(cursor, sql), most)
    except duckdb.InterruptException:
        hint = "narrow ts, or aggregate before joining"
        raise ToolFailed(f"the query was stopped after {seconds:g} s; {hint}") from None
    except (duckdb.OutOfMemoryException, MemoryError):
        hint = "narrow ts, select fewer columns, or aggregate before joining"
        raise ToolFailed(f"the query needs more memory than it may take; {hint}") from None
    except duckdb.Error as error:
        raise ToolRetry(f"the query does not run: {_first_lines(error)}; {schema()}") from None
    finally:
        timer.cancel()
        cursor.close()  # ends the transaction as well


def _answer(cursor: duckdb.DuckDBPyConnection, sql: str, most: int) -> Answer:
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    described = cursor.execute(f"DESCRIBE SELECT * FROM ({sql}\n)").fetchall()
    if len(described) > MOST_COLUMNS:
        count = f"{len(described)} columns are more than {MOST_COLUMNS}"
        raise ToolRetry(f"{count}; name those you need")
    columns = ", ".join(_column(name, kind) for name, kind, *_ in described)
    found = cursor.execute(f"SELECT {columns} FROM ({sql}\n) LIMIT {most + 1}").fetchall()
    names = [name for name, *_ in described]
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found[:most]]
    return Answer(rows, more=len(found) > most)


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
