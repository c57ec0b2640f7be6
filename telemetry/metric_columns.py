"""Every sample of a recording as columns. What came in together is sorted by series and time once:
a series is a slice of each such run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import duckdb
import numpy as np

from .columns import Columns
from .model import Series, Window
from .records import labels

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
    """Not thread-safe: the caller locks."""

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
