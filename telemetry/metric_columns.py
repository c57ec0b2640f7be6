"""Every sample of a bundle as columns, sorted by series and time once: series are slices."""

from functools import lru_cache

import duckdb
import numpy as np

from .columns import Columns
from .model import Series, Window
from .records import labels

Kind = tuple[str, str, str | None, str | None]
"""Name, service, instance and labels (JSON) of a series."""


class MetricColumns:
    """Not thread-safe: the caller locks."""

    def __init__(self) -> None:
        numbers = {"ts": "ts", "value": "value"}
        self.columns = Columns("metrics", numbers, "name, service, instance, labels", _kind)
        self.sorted = 0  # rows that are in order below
        self.bounds = np.zeros(1, np.int64)  # where each kind begins, and where the last one ends
        self.repeated: frozenset[int] = frozenset()  # kinds with several samples at one time
        self.ts = np.zeros(0)
        self.values = np.zeros(0)

    def series(
        self,
        db: duckdb.DuckDBPyConnection,
        held: int,
        window: Window,
        names: list[str],
        services: list[str] | None,
    ) -> list[Series]:
        """Series of these names inside a window, by name, service, instance and labels."""
        kinds = self.kinds(db, held)
        wanted, ours = set(names), None if services is None else set(services)
        chosen = [
            (kind, number)
            for number, kind in enumerate(kinds)
            if kind[0] in wanted and (ours is None or kind[1] in ours)
        ]
        found = (self._series(kind, number, window) for kind, number in sorted(chosen, key=_order))
        return [one for one in found if one.ts.size]

    def kinds(self, db: duckdb.DuckDBPyConnection, held: int) -> list[Kind]:
        """What tells series apart; each comes with its number."""
        found = self.columns.take(db, held)
        if self.sorted != self.columns.rows or self.bounds.size != len(self.columns.kinds) + 1:
            order = np.lexsort((found["ts"], found["kind"]))
            self.ts, self.values = found["ts"][order], found["value"][order]
            places = np.arange(len(self.columns.kinds) + 1)
            kind = found["kind"][order]
            self.bounds = np.searchsorted(kind, places)
            again = (np.diff(self.ts) <= 0) & (np.diff(kind) == 0)
            self.repeated = frozenset(np.unique(kind[1:][again]).tolist())
            self.sorted = self.columns.rows
        return self.columns.kinds

    def _series(self, kind: Kind, number: int, window: Window) -> Series:
        begin, end = self.bounds[number : number + 2].tolist()
        times = self.ts[begin:end]
        low, high = times.searchsorted((window.start, window.end)).tolist()
        ts, values = times[low:high], self.values[begin:end][low:high]
        if number in self.repeated:  # of several samples at one time the last one counts
            last = np.append(np.diff(ts) > 0, True)[: ts.size]
            ts, values = ts[last], values[last]
        name, service, instance, text = kind
        return Series(name, service, instance or "", dict(_labels(text)), ts, values)


def _kind(name: str, service: str, instance: str | None, text: str | None) -> Kind:
    return name, service, instance, text


def _order(chosen: tuple[Kind, int]) -> tuple:
    """Missing instances and labels last."""
    name, service, instance, text = chosen[0]
    return name, service, instance is None, instance or "", text is None, text or ""


@lru_cache(10_000)
def _labels(text: str | None) -> dict[str, str]:
    return labels(text)
