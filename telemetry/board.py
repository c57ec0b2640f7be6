"""All raw series of one service on one grid, as the recipes of signals ask for them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from .grid import Grid, Rolled, add, by_instance, increase_cells, roll
from .model import Series, Service
from .promql import VOLUME
from .recording import Recording

Match = Callable[[dict[str, str]], bool]


@dataclass
class Board:
    """The raw series of one service. Methods answer None where nothing was recorded."""

    service: Service
    grid: Grid
    width: int  # cells that a rate looks back over
    series: dict[str, list[Series]] = field(default_factory=dict)
    first_seen: dict[str, float] = field(default_factory=dict)  # by instance
    increases: dict[str, list[tuple[Series, np.ndarray]]] = field(default_factory=dict)

    def counters(self, name: str) -> list[tuple[Series, np.ndarray]]:
        """Every series of a counter with its increases."""
        if name not in self.increases:
            self.increases[name] = [
                (item, increase_cells(item, self.grid, self.first_seen[item.instance]))
                for item in self.series.get(name, [])
            ]
        return self.increases[name]

    def rolled(self, name: str, match: Match | None = None) -> Rolled | None:
        """A counter over the trailing window, summed over the series that match."""
        rows = [cells for item, cells in self.counters(name) if not match or match(item.labels)]
        return roll(rows, self.width, self.grid.step) if rows else None

    def share(self, name: str, match: Match) -> tuple[np.ndarray, np.ndarray] | None:
        """(share of the counter's events that match, events), over the trailing window."""
        every = self.rolled(name)
        if every is None:
            return None
        some = self.rolled(name, match)
        part = np.zeros(self.grid.cells) if some is None else np.nan_to_num(some.total)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(every.total > 0, part / every.total, np.nan), every.total

    def gauge(self, name: str) -> dict[str, np.ndarray]:
        """A gauge by instance; empty where nothing was recorded."""
        return by_instance(self.series.get(name, []), self.grid)

    def total(self, name: str) -> np.ndarray | None:
        """A gauge summed over instances and labels."""
        rows = by_instance(self.series.get(name, []), self.grid, add)
        return _fold(list(rows.values()), add)

    def highest(self, name: str) -> np.ndarray | None:
        """A gauge's highest instance."""
        return _fold(list(self.gauge(name).values()), np.fmax)

    def used(self, name: str, limit: str, fallback: float | None = None) -> np.ndarray | None:
        """Share of a limit in use, of the instance that is closest to it."""
        limits = self.gauge(limit)
        shares = []
        for instance, cells in self.gauge(name).items():
            allowed = limits.get(instance, fallback)
            if allowed is not None:
                with np.errstate(divide="ignore", invalid="ignore"):
                    shares.append(np.where(np.asarray(allowed) > 0, cells / allowed, np.nan))
        return _fold(shares, np.fmax)

    def filled(self, left: str, size: str) -> np.ndarray | None:
        """Share of a size that is not left, of the volume that is fullest."""
        sizes, shares = self._volumes(size), []
        for volume, cells in self._volumes(left).items():
            if volume in sizes:
                with np.errstate(divide="ignore", invalid="ignore"):
                    shares.append(np.where(sizes[volume] > 0, 1 - cells / sizes[volume], np.nan))
        return _fold(shares, np.fmax)

    def _volumes(self, name: str) -> dict[str, np.ndarray]:
        told = self.series.get(name, [])
        apart = [replace(one, instance=f"{one.instance} {one.labels.get(VOLUME)}") for one in told]
        return by_instance(apart, self.grid)

    def busiest(self, name: str) -> np.ndarray | None:
        """A counter's rate, of the instance where it is highest."""
        rows: dict[str, list[np.ndarray]] = {}
        for item, cells in self.counters(name):
            rows.setdefault(item.instance, []).append(cells)
        rates = [roll(cells, self.width, self.grid.step).rate for cells in rows.values()]
        return _fold(rates, np.fmax)

    def buckets(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """A histogram: (upper bounds, cumulative counts [bound, cell] over the trailing window)."""
        rows: dict[float, list[np.ndarray]] = {}
        for item, cells in self.counters(name):
            rows.setdefault(_bound(item.labels.get("le", "")), []).append(cells)
        bounds = sorted(bound for bound in rows if not np.isnan(bound))
        if not bounds:
            return None
        counts = [roll(rows[bound], self.width, self.grid.step).total for bound in bounds]
        return np.array(bounds), np.vstack(counts)


def boards(telemetry: Recording, raw: list[Series], grid: Grid, width: int) -> dict[str, Board]:
    """A board for each service that has raw series; unknown services get an empty entry."""
    catalogue, made = telemetry.catalogue(), dict[str, Board]()
    for item in raw:
        if (board := made.get(item.service)) is None:
            service = catalogue.find(item.service) or Service(name=item.service)
            board = made[item.service] = Board(service, grid, width)
        board.series.setdefault(item.name, []).append(item)
        if item.ts.size:
            first = board.first_seen.get(item.instance, np.inf)
            board.first_seen[item.instance] = min(first, float(item.ts[0]))
    return made


def _fold(
    rows: list[np.ndarray], combine: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray | None:
    return reduce(combine, rows) if rows else None


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
