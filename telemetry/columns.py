"""Numbers of one table as arrays that grow with it, and its few different texts by number.

Rows of a table are only ever added, so each is read once, and what the table held when it had n
rows are the first n of each array. Texts of a row are compared in the database, by their hash:
only the first row of each kind comes out of it as text.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np

KEY = "hash(trace_id || ' ' || {0})"
"""A span's own number, of trace and span id."""


class Growing:
    """An array that is added to at its end. What was handed out is never written over."""

    def __init__(self, first: np.ndarray) -> None:
        self.space, self.size = first, first.size

    def add(self, values: np.ndarray) -> None:
        """More values."""
        size = self.size + values.size
        if size > self.space.size:
            space = np.empty(max(size, 2 * self.size), self.space.dtype)
            space[: self.size] = self.space[: self.size]
            self.space = space
        self.space[self.size : size] = values
        self.size = size


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
        self.first: list[int] = []  # row where each kind was met first, ascending
        self.number: dict[Any, int] = {}
        self.known: dict[int, int] = {}  # hash of texts -> number of the kind
        self.select = ", ".join(f"{sql} AS {name}" for name, sql in numbers.items())
        self.columns: dict[str, Growing] = {}
        self.rows = 0  # rows below are in

    def take(self, db: duckdb.DuckDBPyConnection, held: int) -> dict[str, np.ndarray]:
        """The first `held` rows of every column, with `rowid` and `kind` (an index into `kinds`).

        Shared: never written into. The database is asked for what is not in yet.
        """
        if not self.columns or held > self.rows:
            query = f"SELECT rowid, {self.select}, hash({self.texts}) AS kind FROM {self.table}"
            query += " WHERE rowid >= ? AND rowid < ?"
            found: Any = db.execute(query, [self.rows, held]).fetchnumpy()
            found = {name: np.asarray(values) for name, values in found.items()}
            found["kind"] = self._numbered(db, found["kind"], found["rowid"])
            for name, values in found.items():
                if name in self.columns:
                    self.columns[name].add(values)
                else:
                    self.columns[name] = Growing(values)
            self.rows = held
        return {name: values.space[:held] for name, values in self.columns.items()}

    def kinds_of(self, held: int) -> int:
        """How many kinds there are among the first `held` rows: the first ones."""
        return bisect_left(self.first, held)

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
                    self.first.append(row)
                self.known[new[row]] = number
        return np.array([self.known[int(h)] for h in different], np.int64)[place]
