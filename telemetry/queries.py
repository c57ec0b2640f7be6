"""SQL over the tables of a recording: one SELECT, within rows, time and memory, in a process apart.

A statement that a model wrote may never come back, or take the memory of the machine: DuckDB looks
up between blocks of rows only. So it runs in a sandbox, over a copy of the tables as Parquet files;
there DuckDB can open nothing but those.

What is let through is one SELECT over our tables, of functions that are known to be harmless.
DuckDB does not count the strings that functions build towards its memory limit, so functions that
multiply text (repeat, lpad, printf; strftime by a format that is not written out, replace by more
than was there) are not offered, nor those that take the square of a text (levenshtein), nor what
tells about the machine.
"""

import json
import math
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ..errors import ToolFailed, ToolRetry
from ..sandbox import run as apart
from ..yaml_tables import Entry, Words, read_table
from .tables import COLUMNS, TIME, TS, WEIGHT, closed, connected, quoted, seen

LONGEST_CELL = 500
MOST_COLUMNS = 40


@dataclass(frozen=True)
class QueryAnswer:
    """Rows of plain JSON values, and whether there are more than were asked for."""

    rows: list[dict[str, Any]]
    more: bool


def run(
    folder: Path, parts: dict[str, list[str]], sql: str, most: int, seconds: float
) -> QueryAnswer:
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
    return QueryAnswer(rows, more)


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
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = " ".join(lines[:2])[:300]  # without the drawing of where
        raise ToolRetry(
            f"the query does not run: {told}{_instead(sql, told)}; {schema()}"
        ) from None


def _instead(sql: str, told: str) -> str:
    """What to write instead, where that can be said."""
    if "Parser Error" in told and RESERVED.search(sql):
        return "; `at` is a reserved word: the time of every table is `ts`"
    missing = re.search(r'column "?([^"\s]+)"? not found', told)
    columns = sorted({name for table in COLUMNS for name in _shown(table)})
    near = get_close_matches(missing[1], columns, 3, 0.5) if missing else []
    return f"; write {' or '.join(near)}" if near else ""


def _opened(folder: str, spill: str, parts: dict[str, list[str]]) -> duckdb.DuckDBPyConnection:
    """A database of views over the files, closed to everything else."""
    db = connected()
    for table, files in parts.items():
        columns = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in COLUMNS[table].items())
        empty = f"SELECT {columns.replace('JSON', 'VARCHAR')} LIMIT 0"
        listed = ", ".join(map(quoted, files))
        content = f"SELECT * FROM read_parquet([{listed}])" if files else empty
        also = "" if TS in COLUMNS[table] else f'"{TIME[table]}" AS {TS}, '
        but = f" EXCLUDE ({WEIGHT})" if WEIGHT in COLUMNS[table] else ""
        db.execute(f"CREATE VIEW {table} AS SELECT {also}*{but} FROM ({content})")
    return closed(db, folder, spill)


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
    if kind in offered().plain_types:
        return quoted
    return f"left(CAST({quoted} AS VARCHAR), {LONGEST_CELL + 1})"


def _plain(value: Any) -> Any:
    """A value as JSON has it: no NaN, no endless text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        return f"{value[: LONGEST_CELL - 2]} …"
    return value


LONGEST_SQL = 3000
MOST_JOINED = 10
"""How often a statement may put texts together: each time may double them."""
SYSTEM = re.compile(r"(?i)duckdb_|pragma_|sqlite_|pg_|information_schema")
"""Names of views about the database: a named subquery may not be called so, or they could be read
where it is not in scope."""
LONGEST_FORMAT = 60
LONGEST_PATTERN = 200
MOST_REPEATED = 100
"""Times that a pattern may ask for the same again: RE2 writes them all out."""
RESERVED = re.compile(r"(?i)(?<![\w\"'])at(?![\w\"'])(?! time zone)")


class Offered(Entry):
    """What a statement may use, out of `sql.yaml`."""

    functions: Words
    table_functions: Words
    joining: Words
    """Functions that put texts together."""
    plain_types: Words
    """Types whose values are JSON as they are."""
    keeping: Words
    """Functions whose result still is what was recorded: provenance.py."""
    aggregates: Words
    """Those of them that take many rows to one."""


@cache
def offered() -> Offered:
    """The words of sql.yaml."""
    return read_table("telemetry/sql.yaml", Offered)


def allowed(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The statement written anew, if it is one SELECT over our tables.

    Raises ToolRetry with what to correct; duckdb.Error for what is no SQL.
    """
    if len(sql) > LONGEST_SQL:
        raise ToolRetry(f"the query is {len(sql)} characters; at most {LONGEST_SQL} are taken")
    statements = duckdb.extract_statements(sql.encode(errors="replace").decode())
    if len(statements) != 1:
        raise ToolRetry(f"give exactly one SELECT statement, not {len(statements)}")
    kind = statements[0].type
    if kind is not duckdb.StatementType.SELECT:
        raise ToolRetry(f"only SELECT is answered, not {kind.name}; rewrite it as one SELECT")
    tree = _tree(cursor, statements[0].query)
    _check(json.loads(tree))
    # Written anew from what was checked: nothing hides in comments, nothing is parsed twice.
    written = cursor.execute("SELECT json_deserialize_sql(?)", [tree]).fetchone()
    return written[0] if written else ""


def _tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The parsed statement as DuckDB writes it down, JSON."""
    found = cursor.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    text = found[0] if found else '{"error": true}'
    try:
        tree = json.loads(text)
    except RecursionError:
        raise ToolRetry("the query is nested too deeply; write a simpler SELECT") from None
    if tree.get("error"):
        raise ToolRetry(f"this is no plain SELECT: {str(tree.get('error_message'))[:200]}")
    return text


def _check(tree: Any) -> None:
    """Raises ToolRetry for a table or function that is not offered."""
    found = list(nodes(tree))
    ours = {entry["key"] for node in found for entry in node.get("map", []) if "key" in entry}
    tables = COLUMNS.keys() | {n for n in ours if n.isidentifier() and not SYSTEM.match(n)}
    sources = {id(n.get("function")): n for n in found if n.get("type") == "TABLE_FUNCTION"}
    joined = 0
    for node in found:
        if node.get("type") == "BASE_TABLE":
            _table(node, tables)
        name = str(node.get("function_name", "")).lower()
        if id(node) in sources:
            _check_name(name, offered().table_functions, "table function")
        elif name:
            _check_name(name, offered().functions, "function")
        joined += name in offered().joining
        if name == "strftime":
            _written_out(node)
        if name == "replace":
            _no_longer(node)
        if name.startswith("regexp_"):
            _bounded(node)
    if joined > MOST_JOINED:
        raise ToolRetry(f"texts are put together {joined} times; {MOST_JOINED} at most")


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, without recursion: a query may be nested deeply."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            yield here
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)


def _table(node: dict[str, Any], tables: set[str]) -> None:
    name = str(node.get("table_name", ""))
    elsewhere = node.get("schema_name") not in ("", "main") or node.get("catalog_name")
    if elsewhere or name.lower() not in {table.lower() for table in tables}:
        raise ToolRetry(f"there is no table {name[:60]!r}; {schema()}")


def _written_out(node: dict[str, Any]) -> None:
    """Each `%…` of a format becomes up to a dozen characters, of a text of any length."""
    *_, last = [entry.get("expression", {}) for entry in node.get("arguments", [])] or [{}]
    text = last.get("literal", {}).get("text")
    if not isinstance(text, str) or len(text) > LONGEST_FORMAT:
        raise ToolRetry(f"strftime takes a format of at most {LONGEST_FORMAT} characters; use '%H'")


def _literal(node: dict[str, Any], place: int) -> str | None:
    """The text of one argument of a function, where it is written out."""
    arguments = node.get("arguments", [])
    found = arguments[place].get("expression", {}) if place < len(arguments) else {}
    text = found.get("literal", {}).get("text")
    return text if isinstance(text, str) else None


def _no_longer(node: dict[str, Any]) -> None:
    """A text may be replaced by a shorter one: else a few steps make gigabytes."""
    old, new = _literal(node, 1), _literal(node, 2)
    if not old or new is None or not 0 <= len(new) <= len(old):
        raise ToolRetry("use replace with two written texts, the second no longer than the first")


def _bounded(node: dict[str, Any]) -> None:
    """A pattern is written out, short, and repeats nothing many hundred times."""
    pattern = _literal(node, 1)
    if pattern is None or len(pattern) > LONGEST_PATTERN:
        raise ToolRetry(
            f"a pattern is a text of at most {LONGEST_PATTERN} characters; use contains"
        )
    if sum(int(n) for n in re.findall(r"[{,](\d{1,9})(?=[,}])", pattern)) > MOST_REPEATED:
        raise ToolRetry(f"the pattern repeats more than {MOST_REPEATED} times; use * or +")


def _check_name(name: str, known: Words, what: str) -> None:
    if name in known:
        return
    close = get_close_matches(name, known, 3, 0.5) or sorted(known - {"!"})[:4]
    raise ToolRetry(f"{what} {name[:60]} is not offered; use {', '.join(close)} or do without")


def schema() -> str:
    """The tables and their columns in one line; the time of each is `ts`."""
    tables = (f"{name}({', '.join(_shown(name))})" for name in COLUMNS)
    return f"the tables are {', '.join(tables)}"


def _shown(table: str) -> list[str]:
    return [name for name in seen(table) if name == TS or name != TIME[table]]
