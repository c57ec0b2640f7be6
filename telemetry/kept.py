"""What was computed out of a recording, kept while nothing has come that it rests on.

While an answer is worked out, everything that it reads is noted: this window of the logs, those
metric names. Rows that come later and lie elsewhere leave it as true as it was, so of each table
it is written down what came in when.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, RLock, local
from typing import Any, TypeVar

from .model import Window

T = TypeVar("T")

MOST = 40
"""Answers kept: what thirteen steps ask of two or three pairs of windows, and the tables that hang
on the alert alone."""
Reads = frozenset[Hashable]


@dataclass
class _Cell:
    """One answer; its lock is held while somebody works it out, so that it is done once."""

    lock: RLock = field(default_factory=RLock)
    state: Any = None  # None: not worked out yet
    reads: Reads = frozenset()
    value: Any = None


class Kept:
    """The latest answers by key. Thread-safe.

    What is being made may ask for other keys, never for its own makers' keys: there are no rings.
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.cells: OrderedDict[Hashable, _Cell] = OrderedDict()
        self.lock = Lock()
        self.noting = local()

    def get(
        self,
        key: Hashable,
        state: Hashable,
        make: Callable[[], T],
        differ: Callable[[Any, Any, Reads], bool] = lambda one, other, _reads: one != other,
    ) -> T:
        """The answer under this key, made where there is none that holds.

        differ(then, now, reads): whether what was read may answer otherwise in another state.
        """
        cell = self._cell(key)
        with cell.lock:
            if cell.state is None or differ(cell.state, state, cell.reads):
                with self.noted() as reads:
                    cell.value = make()
                cell.state, cell.reads = state, frozenset(reads)
            for read in cell.reads:
                self.note(read)
            return cell.value

    def note(self, read: Hashable) -> None:
        """Whatever is being worked out in this thread rests on this."""
        if stack := getattr(self.noting, "stack", None):
            stack[-1].add(read)

    def clear(self) -> None:
        """Forget all answers."""
        with self.lock:
            self.cells.clear()

    def _cell(self, key: Hashable) -> _Cell:
        with self.lock:
            cell = self.cells.setdefault(key, _Cell())
            self.cells.move_to_end(key)
            while len(self.cells) > self.most:
                self.cells.popitem(last=False)
            return cell

    @contextmanager
    def noted(self) -> Iterator[set[Hashable]]:
        """What is read in this thread meanwhile."""
        stack = self.noting.__dict__.setdefault("stack", [])
        stack.append(set())
        try:
            yield stack[-1]
        finally:
            stack.pop()


@dataclass
class Arrivals:
    """Rows of one table in order of coming, each advance with the times that it covers. Only ever
    added to; what was true of the first n rows stays so."""

    ends: list[int] = field(default_factory=list)  # rows there were after each
    firsts: list[float] = field(default_factory=list)  # its earliest time, unix seconds
    lasts: list[float] = field(default_factory=list)
    ranges: list[tuple[float, float]] = field(default_factory=list)  # of it and all before it

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.ends[-1] if self.ends else 0

    def add(self, rows: int, first: float, last: float) -> None:
        """Note rows that came in together."""
        start, end = self.ranges[-1] if self.ranges else (first, last)
        self.ends.append(self.rows + rows)
        self.firsts.append(first)
        self.lasts.append(last)
        self.ranges.append((min(start, first), max(end, last)))

    def range(self, rows: int) -> tuple[float, float] | tuple[None, None]:
        """First and last time among the first `rows` rows."""
        known = bisect_right(self.ends, rows)
        return self.ranges[known - 1] if known else (None, None)

    def touched(self, window: Window, one: int, other: int) -> bool:
        """Whether rows of this window are among those between two numbers of rows."""
        low, high = min(one, other), max(one, other)
        return any(
            self.firsts[i] < window.end and self.lasts[i] >= window.start
            for i in range(bisect_right(self.ends, low), bisect_right(self.ends, high))
        )
