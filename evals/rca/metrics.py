"""The metrics of a root-cause case as one matrix: a row a time, a column a service's metric."""

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from .cases import RcaCase, seed

FILE = "metrics.csv.gz"
HEADS = ["ts", "phase"]
PHASES = ("baseline", "incident")


@dataclass(frozen=True)
class MetricValues:
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


NOTHING = MetricValues(np.empty(0), np.empty(0, bool), [], np.empty((0, 0)))


def measured(case: RcaCase) -> MetricValues:
    """The case's metrics as far as they are shown. Raises InputError as `recorded`."""
    return NOTHING if case.part.hides(FILE) else shown(recorded(case), case)


def recorded(case: RcaCase) -> MetricValues:
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


def shown(found: MetricValues, case: RcaCase) -> MetricValues:
    """Without the cells that are lost, and without healthy rows where none are shown."""
    chance = np.random.default_rng(seed(case.name)).random(found.values.shape)
    values = np.where(chance < case.part.lost, np.nan, found.values)
    rows = np.full(found.ts.size, case.part.healthy) | found.incident
    return MetricValues(found.ts[rows], found.incident[rows], found.columns, values[rows])


def _matrix(file: Path, heads: list[str] | None = None, *rows: list[str]) -> MetricValues:
    if heads is None or heads[:2] != HEADS or not all("|" in head for head in heads[2:]):
        raise InputError(f"{file}: the columns must be ts, phase, then SERVICE|METRIC each")
    if strange := {row[1] for row in rows} - set(PHASES):
        raise InputError(f"{file}: phase {min(strange)!r}; a row is baseline or incident")
    cells = [[float(cell) if cell else np.nan for cell in row[2:]] for row in rows]
    return MetricValues(
        np.array([float(row[0]) for row in rows]),
        np.array([row[1] == "incident" for row in rows], bool),
        [_split(head) for head in heads[2:]],
        np.array(cells, float).reshape(len(rows), len(heads) - 2),
    )


def _split(head: str) -> tuple[str, str]:
    service, _bar, metric = head.rpartition("|")
    return service, metric


GAP_S = 1.0
"""Left between a moved recording and what follows it, seconds."""


@dataclass(frozen=True)
class Timing:
    """Where the incident begins and how far the healthy metrics move."""

    detected_at: float  # unix seconds
    detect_s: float  # the incident window begins so long before that
    metrics_shift: float  # seconds; 0: nothing moves

    @property
    def begin(self) -> float:
        """Begin of the incident window, unix seconds."""
        return self.detected_at - self.detect_s

    def late(self, seconds: float) -> "Timing":
        """As somebody has it who detects so much later; the recordings stay where they are."""
        return replace(self, detected_at=self.detected_at + seconds)


def timing(case: RcaCase, found: MetricValues) -> Timing:
    """The incident begins with its first row, and at least one interval before the detection."""
    first = np.min(found.ts[found.incident], initial=case.detected_at)
    detect_s = max(case.interval_s, case.detected_at - float(first))
    begin = case.detected_at - detect_s
    return Timing(case.detected_at, detect_s, _onto_rows(case, found, begin))


def records_shift(times: Timing, first: float | None, last: float) -> float:
    """Seconds by which healthy logs and spans move; `last` is their last time.

    They end before the guard that a response leaves in front of the incident window (as long as
    `detect_s`), and before `first`, the earliest log or span of the case itself (None: it has
    none), which may lie earlier.
    """
    guarded = times.begin - times.detect_s
    return min(guarded, guarded if first is None else first) - GAP_S - last


def _onto_rows(case: RcaCase, found: MetricValues, begin: float) -> float:
    """The last healthy row comes a whole number of intervals before the first row."""
    if found.incident.all():
        return 0.0
    last, rows = float(found.ts[~found.incident].max()), found.ts[found.incident]
    first = float(rows.min()) if rows.size else begin
    steps = max(1.0, np.floor((first - begin) / case.interval_s) + 1)
    return float(first - steps * case.interval_s - last)
