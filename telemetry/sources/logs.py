"""What sources of logs have in common: whose lines are asked for, and which of too many.

Where there are few lines, all are read. Of many, those that tell of something wrong are read
whole, the rest by time: the first part of each stretch of equal length, on the clock's own grid, so
that rates of one kind of line before and during an incident can still be compared. How many there
were is counted by the store and said.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...cluster.objects import named
from ..model import Window
from .datasource import Datasource
from .http import HttpApi
from .log_lines import Line
from .source import About, Asked, Batch, Scope, SourceQuery, closed

MOST_LINES = 30_000
"""Of one kind in one window; of more, a part is read."""
STRETCHES, SHORTEST_S = 30, 10.0
"""Into how many stretches a window is cut, and how short they are at least, seconds."""
WRONG, OTHERS = "lines that tell of something wrong", "other lines"
"""Kinds that most stores part lines into."""
MOST_SAID = 3
"""Of reasons why some lines are missing."""
KNOWN_S = 300.0
"""How long it holds which labels there are."""


@dataclass(frozen=True)
class Whose:
    """Lines of these services, told by a label."""

    label: str
    services: tuple[str, ...]  # none: every value


@dataclass(frozen=True)
class Sample:
    """The first part of each stretch of time."""

    every_s: float
    share: float
    count: int  # of lines in the window that it was made for
    over_s: float  # length of that window

    def words(self, kind: str) -> str:
        """What was there, and what of it is here."""
        return (
            f"{self.count} {kind} in {self.over_s:.0f} s: from then on those of the first "
            f"{self.every_s * self.share:.2g} s of every {self.every_s:.3g} s are here"
        )

    def parts(self, window: Window) -> Iterator[Window]:
        """What of a window is read, oldest first."""
        start = window.start // self.every_s * self.every_s
        while start < window.end:
            part = Window(max(window.start, start), start + self.every_s * self.share)
            if part.start < min(part.end, window.end):
                yield Window(part.start, min(part.end, window.end))
            start += self.every_s


class LogSource(ABC):
    """The logs of one datasource. A store says how its questions are written and asked."""

    modality = "logs"
    whole = False
    language: str

    def __init__(self, source: Datasource) -> None:
        self.source, self.api = source, HttpApi(source)
        self.name = f"{source.name}, {source.type} at {source.url}"
        self.known: dict[Scope, tuple[float, list[Whose]]] = {}
        self.samples: dict[tuple[Scope, Whose, str], Sample] = {}
        """Kept once made: a rate must not jump because more is read."""
        self.begun: Scope | None = None
        self.until = 0.0  # monotonic seconds
        self.crowded = False  # some moment had more lines than are taken
        self.missing: list[str] = []
        """Why some of the lines are not here, in words."""

    @abstractmethod
    def names(self, window: Window) -> Iterable[str]:
        """The labels that lines have."""

    @abstractmethod
    def values(self, label: str, window: Window) -> Iterable[str]:
        """The values of one."""

    @abstractmethod
    def select(self, whose: Whose) -> str:
        """A query for all lines of these services."""

    @abstractmethod
    def kinds(self, whose: Whose) -> dict[str, str]:
        """Queries that part these lines by kind; each line is of one kind."""

    @abstractmethod
    def count(self, query: str, window: Window, rough: bool = False) -> int:
        """How many lines there are; roughly: quickly, and maybe none although there are."""

    @abstractmethod
    def first(self, query: str, window: Window, most: int) -> Iterable[Line]:
        """The first lines of a window, oldest first."""

    def read(self, ask: SourceQuery) -> Batch:
        """The lines of the scope and window, or a stated part of them."""
        window, said = closed(ask.window), list[str]()
        self.until, self.crowded = time.monotonic() + ask.budget.seconds, False
        self.missing.clear()
        rows = list(self._rows(self._with_always(ask.scope), window, said))
        if self.crowded:
            said.append(f"of {self.source.name}'s busiest moments not all lines are here")
        said += list(dict.fromkeys(self.missing))[:MOST_SAID]
        sampled = self.crowded or bool(self.samples or self.missing)
        facts = {"left_out": tuple(said), "gap": self.api.clock(), "sampled": sampled}
        return Batch.of(rows, ask.budget, **facts)

    def queries(self, about: About) -> Iterator[Asked]:
        """For all lines of these services."""
        for one in (whose for _made, found in self.known.values() for whose in found):
            meant = about.services.intersection(one.services) if one.services else about.services
            if meant or not about.services:
                services = tuple(sorted(meant or one.services))
                yield Asked(self.language, self.select(Whose(one.label, services)))

    @property
    def seconds(self) -> float:
        """That are left for the next question."""
        return max(0.1, self.until - time.monotonic())

    def _with_always(self, scope: Scope) -> Scope:
        """The first scope has those of whom every incident is asked, no other has."""
        self.begun = self.begun or scope
        always = frozenset(self.source.jsonData.always)
        if scope.services is None or not always:
            return scope
        return Scope(scope.services | always if scope == self.begun else scope.services - always)

    def _rows(self, scope: Scope, window: Window, said: list[str]) -> Iterator[dict[str, Any]]:
        usual = self.source.whose
        for whose in self._whose(scope, window, said):
            for line in self._some(scope, whose, window, said):
                labels = {named(name): value for name, value in line.labels.items()}
                service = labels.get(named(whose.label), "")
                inside = window.start <= line.ns / 1e9 < window.end
                if inside and service and scope.holds(service):
                    yield line.row(service, usual)

    def _whose(self, scope: Scope, window: Window, said: list[str]) -> list[Whose]:
        """By which label the services of a scope are told, the first that knows each."""
        made, found = self.known.get(scope, (0.0, []))
        if not found or time.monotonic() - made > KNOWN_S:
            found = list(self._found(scope, window))
            self.known[scope] = time.monotonic(), found
        tried = self.source.whose.service
        if not any(found for _made, found in self.known.values()):  # else the labels are right
            who = ", ".join(sorted(scope.services or ())[:3]) or "any service"
            said.append(f"no lines of {who} by {', '.join(tried)}: name another in labels.service")
        elif len(tried) > 1 and {named(one.label) for one in found} == {named(tried[-1])}:
            said.append(f"services are told by {tried[-1]} alone")
        return found

    def _found(self, scope: Scope, window: Window) -> Iterator[Whose]:
        there = {named(name): name for name in self.names(window)}
        labels = [there[named(one)] for one in self.source.whose.service if named(one) in there]
        if scope.services is None:
            yield from (Whose(label, ()) for label in labels[:1])
            return
        left = set(scope.services) - {""}
        for label in dict.fromkeys(labels):
            if services := left.intersection(self.values(label, window)) if left else set():
                yield Whose(label, tuple(sorted(services)))
                left -= services

    def _some(self, scope: Scope, whose: Whose, window: Window, said: list[str]) -> Iterable[Line]:
        """All lines where they are few, else a part of each kind."""
        query, kinds = self.select(whose), self.kinds(whose)
        sampled = any((scope, whose, kind) in self.samples for kind in kinds)
        if not sampled and self.count(query, window, rough=True) <= MOST_LINES:
            lines = list(self.first(query, window, MOST_LINES + 1))
            if len(lines) <= MOST_LINES:
                return lines
        return [
            line
            for kind, query in kinds.items()
            for line in self._part((scope, whose, kind), query, window, said)
        ]

    def _part(
        self, key: tuple[Scope, Whose, str], query: str, window: Window, said: list[str]
    ) -> Iterator[Line]:
        """The lines of one kind: whole, or as many as are bearable."""
        if key not in self.samples:
            count = self.count(query, window)
            if count <= MOST_LINES:
                yield from self.first(query, window, 2 * MOST_LINES)
                return
            every = max(SHORTEST_S, window.seconds / STRETCHES)
            self.samples[key] = Sample(every, MOST_LINES / count, count, window.seconds)
        sample, most = self.samples[key], 4 * MOST_LINES // STRETCHES
        said.append(f"{self.source.name} had {sample.words(key[-1])}")
        for part in sample.parts(window):
            lines = list(self.first(query, part, most))
            self.crowded |= len(lines) == most
            yield from (replace(line, weight=1 / sample.share) for line in lines)


class Pages(LogSource):
    """Logs of a store whose pages go on from a time."""

    @abstractmethod
    def lines(self, query: str, start_ns: int, end_ns: int) -> list[Line]:
        """The first lines from `start_ns` on, oldest first, `jsonData.maxLines` at most."""

    def first(self, query: str, window: Window, most: int) -> Iterator[Line]:
        """Lines page by page; the last moment of a page is asked for again."""
        start, end = int(window.start * 1e9), int(window.end * 1e9)
        seen, given = set[tuple[int, str, str]](), 0
        while given < most and start < end:
            page = self.lines(query, start, end)
            new = [line for line in page if line.key not in seen]
            yield from new[: most - given]
            given += len(new)
            if len(page) < self.source.jsonData.maxLines:
                return
            newest = page[-1].ns
            seen = {line.key for line in page if line.ns == newest}
            crowded = page[0].ns == newest
            self.crowded |= crowded
            start = newest + 1 if crowded or not new else newest
