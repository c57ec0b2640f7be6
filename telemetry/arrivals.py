"""What came into one table, and when: each advance with its rows and the times that they cover."""

from bisect import bisect_right
from dataclasses import dataclass, field

from .model import Window


@dataclass
class Arrivals:
    """Rows in order of coming. Only ever added to; what was true of the first n rows stays so."""

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
