"""Numbers of one table as arrays that grow with it, and its few different texts by number.

Rows of a table are only ever added, so each is read once. Texts of a row are compared in the
database, by their hash: only the first row of each kind comes out of it as text.
"""

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np

KEY = "hash(trace_id || ' ' || {0})"
"""A span's own number, of trace and span id."""


class Columns:
    """All rows of one table. Not thread-safe: the caller locks.

    Args:
        table: its name.
        numbers: SQL of each numeric column, by name; never NULL.
        texts: SQL of what tells kinds of rows apart.
        kind: makes a kind of those values; equal ones get one number.
    """

    def __init__(
        self, table: str, numbers: dict[str, str], texts: str, kind: Callable[..., Any]
    ) -> None:
        self.table = table
        self.texts = texts
        self.kind = kind
        self.kinds: list[Any] = []
        self.number: dict[Any, int] = {}
        self.known: dict[int, int] = {}  # hash of texts -> number of the kind
        self.select = ", ".join(f"{sql} AS {name}" for name, sql in numbers.items())
        self.columns: dict[str, np.ndarray] = {}
        self.rows = 0  # row ids below are in

    def take(self, db: duckdb.DuckDBPyConnection, held: int) -> dict[str, np.ndarray]:
        """Every column, shape (n,), with `rowid` and `kind` (an index into `kinds`).

        held: rows of the table; where all are in, the database is not asked.
        """
        if self.columns and held == self.rows:
            return self.columns
        query = f"SELECT rowid, {self.select}, hash({self.texts}) AS kind FROM {self.table}"
        found: Any = db.execute(f"{query} WHERE rowid >= ?", [self.rows]).fetchnumpy()
        if self.columns and not found["rowid"].size:
            return self.columns
        found = {name: np.asarray(values) for name, values in found.items()}
        found["kind"] = self._numbered(db, found["kind"], found["rowid"])
        for name, values in found.items():
            known = self.columns.get(name)
            self.columns[name] = values if known is None else np.concatenate([known, values])
        self.rows = int(found["rowid"].max(initial=self.rows - 1)) + 1
        return self.columns

    def _numbered(
        self, db: duckdb.DuckDBPyConnection, hashes: np.ndarray, ids: np.ndarray
    ) -> np.ndarray:
        """The number of each row's kind; kinds not met before are read and added."""
        different, first, place = np.unique(hashes, return_index=True, return_inverse=True)
        new = {int(ids[f]): int(h) for h, f in zip(different, first, strict=True)}
        new = {row: value for row, value in new.items() if value not in self.known}
        if new:
            query = f"SELECT rowid, {self.texts} FROM {self.table}"
            query += " WHERE rowid IN (SELECT unnest(?)) ORDER BY rowid"
            for row, *texts in db.execute(query, [list(new)]).fetchall():
                kind = self.kind(*texts)
                number = self.number.setdefault(kind, len(self.kinds))
                if number == len(self.kinds):
                    self.kinds.append(kind)
                self.known[new[row]] = number
        return np.array([self.known[int(h)] for h in different], np.int64)[place]
