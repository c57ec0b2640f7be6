"""Which traces of a backend are recorded: failing, slow and other ones in stated shares.

A window is cut into slices, so that what was before is seen as well as what is now, and each slice
of each service has the same room; what idle ones leave of it goes to the busy ones, which are cut
finer. Where it holds no more traces than that, all are taken. Whole traces are: a trace is of a
scope when one of its spans is. One that was sought out because it fails or is slow weighs nothing:
shares are those of the others.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from statistics import median
from typing import Literal, TypeVar

from ...errors import TelemetryError
from ..model import Window
from ..tables import WEIGHT
from .datasource import Datasource
from .http import HttpApi
from .otlp import Row
from .source import Batch, Scope, SourceQuery, closed

T = TypeVar("T")
R = TypeVar("R")
Sort = Literal["failing", "slow", "any"]
SOUGHT: tuple[Sort, ...] = ("failing", "slow")
SHARES: dict[Sort, float] = {"any": 0.7, "failing": 0.2, "slow": 0.1}
"""Of the room of a slice. Any come first: they show what is slow, and whether these are all."""
SLOW = 3.0
"""A trace is slow that takes so many times the median."""
TRACES = 240
"""Of one ask, at most: what a backend has to look up."""
SLICES = 12
SERVICES = 24
"""Of one ask, at most."""
SHORTEST_S = 10.0
"""Of a slice."""
AT_A_TIME = 3
"""Slices in which failing and slow ones are searched by one question."""
LATE_S, SETTLED_S = 30.0, 15.0
"""So much of the past is searched again, since traces come late, and a trace looked up again."""
SECONDS = 15.0
"""That an ask may take, whatever the budget: others wait for it."""
LATE = "took too long: not all of it was asked for"
MOST_SPANS = 5000
"""Of one trace."""
AT_ONCE = 4
"""Questions at the same time."""
PATIENCE = 3
"""Traces that cannot be had until no more are asked for."""


@dataclass(frozen=True)
class Question:
    """Which traces are looked for."""

    service: str  # empty: of every one
    window: Window
    sort: Sort = "any"
    slow_ms: float = 0.0
    most: int = 1


@dataclass(frozen=True)
class Found:
    """A trace that a search found."""

    id: str
    ms: float
    """How long it took, as far as a search of this backend for slow ones measures it."""
    spans: Callable[[], Sequence[Row]]
    """Its spans; looked up only when called where a search does not bring them."""


@dataclass(frozen=True)
class Place:
    """Where reading stands."""

    until: float = -math.inf  # read up to here, unix seconds
    settled: frozenset[str] = frozenset()  # traces to which nothing is added any more
    busy: Mapping[str, float] = field(default_factory=dict)
    """Services with more traces than are taken, and until when each was searched: what comes late
    of these is left out as others are, and what is new is searched once there is a slice of it."""


class Traces(ABC):
    """Traces of one backend."""

    modality = "traces"
    whole = False

    def __init__(self, api: HttpApi) -> None:
        self.api = api

    @property
    def name(self) -> str:
        """As a person knows it."""
        return f"{self.api.source.type} at {self.api.root}"

    @property
    def source(self) -> Datasource:
        """Where it is."""
        return self.api.source

    @abstractmethod
    def services(self, scope: Scope, window: Window) -> Sequence[str]:
        """Which services to look for, by name; "" for every one at once."""

    @abstractmethod
    def find(self, question: Question) -> Sequence[Found]:
        """Traces that are so, at most `most`."""

    def read(self, ask: SourceQuery) -> Batch:
        """A sample of the traces of a window; what is missing is said.

        Raises TelemetryError where there is nothing because the backend gives nothing.
        """
        place: Place = ask.after or Place()
        window = closed(replace(ask.window, start=max(ask.window.start, place.until - LATE_S)))
        begun, half = time.monotonic(), min(SECONDS, ask.budget.seconds) / 2
        shortest = LATE_S if place.settled else SHORTEST_S
        sample = Sample(self, ask, window, place, begun + half, begun + 2 * half, shortest)
        rows = list(sample.rows())
        if sample.gap and not rows:
            raise TelemetryError(sample.gap)
        clock = f"{self.name}: {words}" if (words := self.api.clock()) else ""
        said = tuple(dict.fromkeys(filter(None, [*sample.said, clock])))
        gap = f"{self.name}: {sample.gap}" if sample.gap else ""
        until = place.until if gap else window.end  # of what there is a part, all is asked again
        after = Place(until, place.settled | sample.settled, place.busy if gap else sample.busy)
        facts = {"left_out": said, "gap": gap, "after": after, "sampled": sample.chosen}
        return Batch.of(rows, ask.budget, **facts)


@dataclass
class Sample:
    """What is taken of one window."""

    traces: Traces
    ask: SourceQuery
    window: Window
    place: Place
    half: float  # when searching has to be over, of the monotonic clock
    until: float  # when all of it has to be
    shortest: float  # slice, seconds
    found: dict[str, Found] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    sought: set[str] = field(default_factory=set)  # found only since they fail or are slow
    busy: dict[str, float] = field(default_factory=dict)
    chosen: bool = False  # there was more
    said: list[str] = field(default_factory=list)
    gap: str = ""

    def rows(self) -> Iterator[Row]:
        """The spans that lie in the window, of traces with a span in the scope."""
        try:
            self._search()
        except TelemetryError as error:
            self.gap, self.chosen = str(error), True
        for trace, rows in self._looked_up():
            if all(row["start"] and row["start"] < self.window.end - SETTLED_S for row in rows):
                self.settled.add(trace.id)
            if len(rows) > MOST_SPANS:
                self.said.append(f"spans beyond {MOST_SPANS} of one trace were left out")
            if any(self.ask.scope.holds(row["service"]) for row in rows):
                for row in (row for row in rows[:MOST_SPANS] if _within(row, self.ask.window)):
                    yield row | {WEIGHT: 0.0} if trace.id in self.sought else row

    def _search(self) -> None:
        """Any traces of each slice, then failing and slow ones where there are more."""
        cells, most = self._cells()
        room = {sort: max(1, round(most * share)) for sort, share in SHARES.items()}
        full = self._finer(self._take([replace(cell, most=room["any"]) for cell in cells]))
        asked = {cell.service for cell in cells}
        newest = {one.service for one in full if one.window.end == self.window.end}
        self.busy = {name: at for name, at in self.place.busy.items() if name not in asked}
        self.busy |= dict.fromkeys(newest, self.window.end)
        if not full:
            return
        self.chosen, drawn = True, set(self.found)
        share = min(1.0, self.window.seconds / (SLICES * SHORTEST_S))  # of a first ask's time
        spare = (share * TRACES - len(drawn)) / len(full) / (1 - SHARES["any"])
        room |= {sort: max(room[sort], int(spare * SHARES[sort])) for sort in SOUGHT}
        self.said.append(
            f"traces beyond {room['failing']} failing, {room['slow']} slow (of {SLOW:g} times the "
            f"median) and {room['any']} others of a service in each slice of time were left out: "
            "a sample, whose shares are not the system's"
        )
        slow_ms = SLOW * median(one.ms for one in self.found.values())
        for sort in SOUGHT:
            sought = {"sort": sort, "slow_ms": slow_ms}
            cells = [replace(c, **sought, most=room[sort] * c.most) for c in _together(full)]
            self._take(cells)
            self.sought = set(self.found) - drawn

    def _finer(self, full: list[Question]) -> list[Question]:
        """Cuts the full ones while others leave room; those that are full to the end."""
        done = list[Question]()
        while full:
            spare = TRACES * SHARES["any"] - len(self.found)
            parts = 1 + int(spare // sum(cell.most for cell in full))
            if parts < 2:
                break
            done += [cell for cell in full if cell.window.seconds < 2 * self.shortest]
            finer = [
                replace(cell, window=part)
                for cell in full
                if (most := int(cell.window.seconds // self.shortest)) > 1
                for part in cut(cell.window, min(parts, most))
            ]
            full = self._take(finer)
        return done + full

    def _cells(self) -> tuple[list[Question], int]:
        """Slices of services, the newest first, and how many traces of one there is room for."""
        services = self.traces.services(self.ask.scope, self.window)
        if (more := len(services) - SERVICES) > 0:
            self.said.append(f"traces of {more} of {len(services)} services were not asked for")
            services, self.chosen = services[:SERVICES], True
        since = {name: self.place.busy.get(name, -math.inf) for name in services}
        due = [name for name in services if self.window.end - since[name] >= SHORTEST_S]
        slices = min(SLICES // max(1, len(due)), int(self.window.seconds // self.shortest))
        begins = [max(self.window.start, since[name]) for name in due]
        parts = [cut(replace(self.window, start=begin), max(1, slices)) for begin in begins]
        rows = list(zip(*parts, strict=True))[::-1]
        cells = [Question(*one) for row in rows for one in zip(due, row, strict=True)]
        return cells, TRACES // max(1, len(cells), SLICES)

    def _take(self, questions: Sequence[Question]) -> list[Question]:
        """Those of the questions to which there may be more answers."""
        full = []
        for question, answer in self._asked(self.traces.find, questions, self.half):
            found = answer[: question.most]
            self.found |= {one.id: one for one in found}
            full += [question] * (len(found) == question.most)
        return full

    def _looked_up(self) -> Iterator[tuple[Found, Sequence[Row]]]:
        """The spans of what was found, what there is least of first."""
        every = sorted(self.found.values(), key=lambda one: one.id not in self.sought)
        every = [one for one in every if one.id not in self.place.settled]
        had, problems = 0, list[str]()
        try:
            for trace, rows in self._asked(_spans, every, self.until):
                if isinstance(rows, str):
                    problems.append(rows)
                    if len(problems) == PATIENCE:
                        break
                else:
                    had += 1
                    yield trace, rows
        except TelemetryError as error:
            problems.append(str(error))
        if had < len(every):
            missing = f"{len(every) - had} of {len(every)} traces could not be had"
            self.gap = "; ".join(dict.fromkeys([*filter(None, [self.gap]), missing, *problems[:1]]))

    def _asked(self, ask: Callable[[T], R], of: Sequence[T], until: float) -> Iterator[tuple[T, R]]:
        """The answers, some at the same time. Raises TelemetryError once time is up."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(of), AT_ONCE):
                if time.monotonic() > until:
                    raise TelemetryError(LATE)
                part = of[start : start + AT_ONCE]
                yield from zip(part, pool.map(ask, part), strict=True)


def _together(cells: Iterable[Question]) -> Iterator[Question]:
    """Some slices of a service as one, with the room of as many: what is sought is rare, and what
    lies between them is known whole."""
    every = sorted(cells, key=lambda cell: (cell.service, cell.window.start))
    for _, own in groupby(every, lambda cell: cell.service):
        while part := list(islice(own, AT_A_TIME)):
            window = part[0].window.to(part[-1].window)
            yield replace(part[0], window=window, most=len(part))


def _spans(found: Found) -> Sequence[Row] | str:
    """The spans of a trace, or why there are none."""
    try:
        return found.spans()
    except TelemetryError as error:
        return str(error)


def cut(window: Window, parts: int) -> Iterable[Window]:
    """A window in equal parts."""
    step = window.seconds / parts
    begins = [window.start + number * step for number in range(parts)]
    return [Window(a, b) for a, b in zip(begins, [*begins[1:], window.end], strict=True)]


def _within(row: Row, window: Window) -> bool:
    """Whether a span begins in it; one that does not say when is the recording's to count."""
    return row["start"] is None or window.start <= row["start"] < window.end
