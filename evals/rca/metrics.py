"""The metrics of a root-cause case as one matrix: a row a time, a column a service's metric."""

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import InputError
from .cases import RcaCase
from .part import seed

FILE = "metrics.csv.gz"
HEADS = ["ts", "phase"]
PHASES = ("baseline", "incident")


@dataclass(frozen=True)
class Measured:
    """Values by row and column; rows are as shipped, so their times need not be in order."""

    ts: np.ndarray  # shape (n,), unix seconds
    incident: np.ndarray  # shape (n,), bool; False: baseline
    columns: list[tuple[str, str]]  # length m, (service, metric)
    values: np.ndarray  # shape (n, m); NaN: not measured

    def services(self) -> list[str]:
        """Every service with a metric, in the order of the columns."""
        return list(dict.fromkeys(service for service, _metric in self.columns))

    def highest(self, scores: Iterable[float]) -> dict[str, float]:
        """Per service the highest score of its columns; none where all of them are NaN."""
        found: dict[str, float] = {}
        for (service, _metric), score in zip(self.columns, scores, strict=True):
            if not np.isnan(score):
                found[service] = max(score, found.get(service, -np.inf))
        return found


NOTHING = Measured(np.empty(0), np.empty(0, bool), [], np.empty((0, 0)))


def measured(case: RcaCase) -> Measured:
    """The case's metrics as far as they are shown. Raises InputError as `recorded`."""
    return NOTHING if case.part.hides(FILE) else shown(recorded(case), case)


def recorded(case: RcaCase) -> Measured:
    """All metrics of a case, whatever is shown; nothing measured where it has no such file.

    Raises InputError for a file that is not in the format.
    """
    file = case.folder / FILE
    if not file.exists():
        return NOTHING
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        try:
            return _matrix(file, *csv.reader(lines))
        except (ValueError, OSError, EOFError, csv.Error) as error:
            raise InputError(f"{file} cannot be read: {error}; export it again") from error


def shown(found: Measured, case: RcaCase) -> Measured:
    """Without the cells that are lost, and without healthy rows where none are shown."""
    chance = np.random.default_rng(seed(case.name)).random(found.values.shape)
    values = np.where(chance < case.part.lost, np.nan, found.values)
    rows = np.full(found.ts.size, case.part.healthy) | found.incident
    return Measured(found.ts[rows], found.incident[rows], found.columns, values[rows])


def _matrix(file: Path, heads: list[str] | None = None, *rows: list[str]) -> Measured:
    if heads is None or heads[:2] != HEADS or not all("|" in head for head in heads[2:]):
        raise InputError(f"{file}: the columns must be ts, phase, then SERVICE|METRIC each")
    if strange := {row[1] for row in rows} - set(PHASES):
        raise InputError(f"{file}: phase {min(strange)!r}; a row is baseline or incident")
    cells = [[float(cell) if cell else np.nan for cell in row[2:]] for row in rows]
    return Measured(
        np.array([float(row[0]) for row in rows]),
        np.array([row[1] == "incident" for row in rows], bool),
        [_split(head) for head in heads[2:]],
        np.array(cells, float).reshape(len(rows), len(heads) - 2),
    )


def _split(head: str) -> tuple[str, str]:
    service, _bar, metric = head.rpartition("|")
    return service, metric
