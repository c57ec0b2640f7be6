"""Numbers of one table as arrays that grow with it, and its few different texts by number.

Rows of a table are only ever added, so each is read once, and what the table held when it had n
rows are the first n of each array. Texts of a row are compared in the database, by their hash:
only the first row of each kind comes out of it as text.

Of samples, what came in together is sorted by series and time once: a series is a slice of each
such run.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np

from .model import Series, Window
from .records import labels

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


Kind = tuple[str, str, str | None, str | None]
"""Name, service, instance and labels (JSON) of a series."""
FEW = 4
"""Runs that one read looks through at most: the smallest neighbours are merged beyond that."""


@dataclass(frozen=True)
class Run:
    """Rows of a table from `start` to `end`, by kind and time."""

    start: int
    end: int
    bounds: np.ndarray  # where each kind begins, and where the last one ends
    ts: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, found: dict[str, np.ndarray], start: int, end: int) -> "Run":
        """Sort rows; of several samples of a kind at one time the last one counts."""
        ts, kind = found["ts"][start:end], found["kind"][start:end]
        order = np.lexsort((ts, kind))
        ts, kind, values = ts[order], kind[order], found["value"][start:end][order]
        last = np.append((np.diff(ts) > 0) | (np.diff(kind) > 0), True)[: ts.size]
        ts, kind, values = ts[last], kind[last], values[last]
        bounds = np.searchsorted(kind, np.arange(int(kind.max(initial=-1)) + 2))
        return cls(start, end, bounds, ts, values)

    def inside(self, number: int, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Times and values of one kind inside a window."""
        if number + 1 >= self.bounds.size:  # a kind that came later
            return self.ts[:0], self.values[:0]
        begin, end = self.bounds[number : number + 2].tolist()
        times = self.ts[begin:end]
        low, high = times.searchsorted((window.start, window.end)).tolist()
        return times[low:high], self.values[begin:end][low:high]


class MetricColumns:
    """Every sample. Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        numbers = {"ts": "ts", "value": "value"}
        self.columns = Columns("metrics", numbers, "name, service, instance, labels", _kind)
        self.runs: list[Run] = []

    def series(
        self,
        db: duckdb.DuckDBPyConnection,
        held: int,
        window: Window,
        names: list[str],
        services: list[str] | None,
    ) -> list[Series]:
        """Series of these names inside a window, by name, service, instance and labels."""
        kinds, runs = self.kinds(db, held), list(self._runs(db, held))
        wanted, ours = set(names), None if services is None else set(services)
        chosen = [
            (kind, number)
            for number, kind in enumerate(kinds)
            if kind[0] in wanted and (ours is None or kind[1] in ours)
        ]
        found = (_series(runs, kind, number, window) for kind, number in sorted(chosen, key=_order))
        return [one for one in found if one.ts.size]

    def kinds(self, db: duckdb.DuckDBPyConnection, held: int) -> list[Kind]:
        """What tells series apart among the first `held` rows; each comes with its number."""
        self.columns.take(db, held)
        return self.columns.kinds[: self.columns.kinds_of(held)]

    def _runs(self, db: duckdb.DuckDBPyConnection, held: int) -> Iterator[Run]:
        """The first `held` rows in runs."""
        found = self.columns.take(db, held)
        known = self.runs[-1].end if self.runs else 0
        if held > known:
            self.runs.append(Run.of(found, known, held))
            self._merge(found)
        for run in self.runs:
            if run.end <= held:
                yield run
            elif run.start < held:  # sorted together with rows that came later
                yield Run.of(found, run.start, held)

    def _merge(self, found: dict[str, np.ndarray]) -> None:
        """Put small runs together as soon as there are many, so that few are looked through."""
        while len(self.runs) > FEW:
            sizes = [one.end - one.start for one in self.runs]
            at = min(range(len(sizes) - 1), key=lambda i: sizes[i] + sizes[i + 1])
            merged = Run.of(found, self.runs[at].start, self.runs[at + 1].end)
            self.runs[at : at + 2] = [merged]


def _series(runs: list[Run], kind: Kind, number: int, window: Window) -> Series:
    parts = [part for run in runs if (part := run.inside(number, window))[0].size]
    ts, values = parts[0] if parts else (np.zeros(0), np.zeros(0))
    for later, more in parts[1:]:
        late = later[0] <= ts[-1]
        ts, values = np.concatenate([ts, later]), np.concatenate([values, more])
        if late:
            ts, values = _in_order(ts, values)
    name, service, instance, text = kind
    return Series(name, service, instance or "", dict(_labels(text)), ts, values)


def _in_order(ts: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By time; of several samples at one time the last to come counts."""
    order = np.argsort(ts, kind="stable")
    ts, values = ts[order], values[order]
    last = np.append(np.diff(ts) > 0, True)
    return ts[last], values[last]


def _kind(name: str, service: str, instance: str | None, text: str | None) -> Kind:
    return name, service, instance, text


def _order(chosen: tuple[Kind, int]) -> tuple:
    """Missing instances and labels last."""
    name, service, instance, text = chosen[0]
    return name, service, instance is None, instance or "", text is None, text or ""


@lru_cache(10_000)
def _labels(text: str | None) -> dict[str, str]:
    return labels(text)
