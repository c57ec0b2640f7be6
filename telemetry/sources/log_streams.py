"""Logs of stores that hand out lines and neither search nor count them.

A window is read once, and what is taken of it is chosen here, by the same rule and from counts of
what was read.
"""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ..model import Window
from .datasource import Datasource
from .log_lines import Line
from .logs import OTHERS, SHORTEST_S, STRETCHES, WRONG, LogSource, Whose
from .source import Scope

MOST_HELD = 200_000
"""Lines of one window; of a stream with more than its share, the beginning of each stretch."""

Stream = Callable[[Window], Iterable[Line]]
"""The lines of a window, oldest first. They are asked for as they are taken."""


class LogStreams(LogSource):
    """The logs of one such store. A query is a kind of the lines that were read last, or a person's
    command for all of them."""

    def __init__(self, source: Datasource) -> None:
        super().__init__(source)
        self.held: dict[str, list[Line]] = {}

    @abstractmethod
    def streams(self, whose: Whose, window: Window, said: list[str]) -> Sequence[Stream]:
        """What has lines of these services."""

    def kinds(self, whose: Whose) -> dict[str, str]:
        """By what a line says, or its level."""
        return {WRONG: WRONG, OTHERS: OTHERS}

    def count(self, query: str, window: Window, rough: bool = False) -> int:
        """Of those that are held."""
        return len(self.first(query, window, MOST_HELD))

    def first(self, query: str, window: Window, most: int) -> list[Line]:
        """Of those that are held."""
        lines = self.held.get(query, [])
        ends = (int(window.start * 1e9), int(window.end * 1e9))
        start, end = (bisect_left(lines, ns, key=lambda line: line.ns) for ns in ends)
        return lines[start : min(end, start + most)]

    def _some(self, scope: Scope, whose: Whose, window: Window, said: list[str]) -> Iterable[Line]:
        streams = self.streams(whose, window, said)
        most = MOST_HELD // max(1, len(streams))
        read = [line for stream in streams for line in self._of(stream, window, most)]
        read.sort(key=lambda line: line.ns)
        self.held = {self.select(whose): read, WRONG: [], OTHERS: []}
        for line in read:
            self.held[WRONG if line.wrong else OTHERS].append(line)
        return super()._some(scope, whose, window, said)

    def _of(self, stream: Stream, window: Window, most: int) -> list[Line]:
        """All lines of a stream, or as many of each stretch of time."""
        lines = list(islice(stream(window), most + 1))
        if len(lines) <= most:
            return lines
        self.crowded, share = True, most // STRETCHES
        return [line for part in _stretches(window) for line in islice(stream(part), share)]


def _stretches(window: Window) -> Iterator[Window]:
    every, start = max(SHORTEST_S, window.seconds / STRETCHES), window.start
    while start < window.end:
        yield Window(start, min(start + every, window.end))
        start += every
