"""What a source of telemetry is: one modality of one backend, asked for rows.

    these rows, of this scope, in this window, within this budget -> a batch, and what is not in it

Rows are JSON lines as a bundle has them (docs/bundle.md), so a source translates and does nothing
else: what is kept, and how it is read again, is the recording's business.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..model import Window
from .datasource import Datasource

EVER = Window(float("-inf"), float("inf"))
BEYOND = "what is beyond the budget of this recording"
MODALITIES = ("metrics", "logs", "traces", "changes", "state", "kubernetes")
OPTIONAL = ("state", "kubernetes")
"""Nobody misses these where they are not recorded."""


@dataclass(frozen=True)
class Scope:
    """The services that are meant; None: every one there is.

    A trace is of a scope when one of its spans is, and comes whole: its spans are linked. A change
    that names no service is of every scope.
    """

    services: frozenset[str] | None = None

    def holds(self, service: str) -> bool:
        """Whether a service is meant."""
        return self.services is None or service in self.services

    def within(self, services: frozenset[str]) -> "Scope | None":
        """Of these services (none: of all) those that are meant; None where none is."""
        if self.services is None or not services:
            return Scope(services or self.services)
        return Scope(found) if (found := self.services & services) else None


EVERYTHING = Scope()
DAY_S = 86_400.0


def closed(window: Window) -> Window:
    """With both ends, for a backend that has to be given some: an open one is a day away."""
    end = window.end if window.end < EVER.end else time.time()
    return Window(
        max(window.start, end - 7 * DAY_S) if window.start > EVER.start else end - DAY_S, end
    )


@dataclass(frozen=True)
class Budget:
    """What may still be taken of one source."""

    rows: int = 50_000_000
    bytes: int = 8 * 2**30
    seconds: float = 300.0

    def less(self, batch: "Batch", seconds: float) -> "Budget":
        """What is left after a batch."""
        taken = len(batch.lines)
        return Budget(self.rows - batch.rows, self.bytes - taken, self.seconds - seconds)

    @property
    def spent(self) -> str:
        """What is used up, in words; empty while something is left of everything."""
        left = {"rows": self.rows, "bytes": self.bytes, "seconds": self.seconds}
        return ", ".join(name for name, value in left.items() if value <= 0)


@dataclass(frozen=True)
class SourceQuery:
    """One question. `after` is what the last batch of the same scope handed back: go on there."""

    scope: Scope = EVERYTHING
    window: Window = EVER
    budget: Budget = Budget()
    after: Any = None


@dataclass(frozen=True)
class Batch:
    """An answer: rows of the ask's scope and window, in any order, never beyond its budget."""

    lines: bytes = b""  # JSON objects, each ended by a newline
    left_out: tuple[str, ...] = ()
    """What there is and is not here, in words, as of now."""
    gap: str = ""
    """Why there is nothing, or not all: no such files, not reached, not readable."""
    after: Any = None
    """Where to go on; None: the source keeps no place, and is asked by time."""
    more: bool = False
    """Whether there is more right now: ask again."""
    sampled: bool = False
    """Whether there was more, of which these rows were chosen; a row may say its `weight` then."""

    @classmethod
    def of(cls, rows: Iterable[dict[str, Any]], budget: Budget, **facts: Any) -> "Batch":
        """These rows as far as the budget goes; it says so where it ends."""
        return cls.of_lines((json.dumps(row).encode() + b"\n" for row in rows), budget, **facts)

    @classmethod
    def of_lines(cls, rows: Iterable[bytes], budget: Budget, **facts: Any) -> "Batch":
        """The same of rows that are lines already."""
        lines, size = [], 0
        for number, line in enumerate(rows):
            size += len(line)
            if number >= budget.rows or size > budget.bytes:
                facts["left_out"] = (*facts.get("left_out", ()), BEYOND)
                break
            lines.append(line)
        return cls(b"".join(lines), **facts)

    @property
    def rows(self) -> int:
        """How many lines."""
        return self.lines.count(b"\n")


@dataclass(frozen=True)
class About:
    """What some evidence is about; of what is empty, everything."""

    window: Window
    services: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()  # by our names
    traces: tuple[str, ...] = ()  # ids
    changes: tuple[str, ...] = ()  # ids


@dataclass(frozen=True)
class Asked:
    """One query in a backend's own words, and the page of the backend that shows it."""

    language: str
    text: str
    page: tuple[str, ...] = ()  # segments below its address; none: it has no such page
    params: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class Backend(Protocol):
    """A source that says how it asks, so that people can ask the same."""

    @property
    def source(self) -> Datasource:
        """Where it is."""
        ...

    @property
    def modality(self) -> str:
        """One of MODALITIES."""
        ...

    def queries(self, about: About) -> Iterable[Asked]:
        """Its queries, narrowed to what is meant; none where it never asked for any of that."""
        ...


class Source(Protocol):
    """One modality of one backend.

    `read` raises TelemetryError where the backend is down or answers rubbish: a named gap, and the
    response goes on.
    """

    @property
    def name(self) -> str:
        """As a person knows it: "prometheus at http://…", "logs of my-bundle"."""
        ...

    @property
    def modality(self) -> str:
        """One of MODALITIES."""
        ...

    @property
    def whole(self) -> bool:
        """Whether it is read whole: it lies here, and asking costs nobody anything."""
        ...

    def read(self, ask: SourceQuery) -> Batch:
        """The next rows."""
        ...
