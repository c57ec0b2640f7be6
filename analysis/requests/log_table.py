"""Log lines as columns: a million of them in arrays; texts stay where they are until needed."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LogTable:
    """Log lines of a window, oldest first; arrays of shape (n,)."""

    services: tuple[str, ...]
    """What the numbers in `service` stand for."""
    levels: tuple[str, ...]
    """What the numbers in `level` stand for, in our spelling: info, warning, error …"""
    ts: NDArray[np.float64]
    """Unix seconds."""
    service: NDArray[np.int64]
    level: NDArray[np.int64]
    span: NDArray[np.uint64]
    """`key` of the span that wrote the line, as in SpanTable; 0 where it names none."""
    row: NDArray[np.int64]
    """Where the line stands at its source: texts are asked for by it."""

    def __len__(self) -> int:
        return self.ts.size

    def chosen(self, lines: NDArray[np.bool_]) -> "LogTable":
        """Only these lines (a mask)."""
        ts, service, level = self.ts[lines], self.service[lines], self.level[lines]
        names = self.services, self.levels
        return LogTable(*names, ts, service, level, self.span[lines], self.row[lines])

    def of_services(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which lines are of one of these services."""
        return np.array([service in names for service in self.services], bool)[self.service]

    def of_levels(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which lines have one of these levels."""
        return np.array([level in names for level in self.levels], bool)[self.level]


def no_lines() -> LogTable:
    """A table without rows."""
    ints, floats = np.zeros(0, np.int64), np.zeros(0)
    return LogTable((), (), floats, ints, ints, ints.astype(np.uint64), ints)
