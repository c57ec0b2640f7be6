"""What a sentence rests on, and its parts: whom each of them is about.

The words by which parts are told apart, and by which they say more than a number, are
assertions.yaml, English and Chinese.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from ...yaml_tables import AnyCase, Entry, Regex, Words, read_table
from .citations import Place
from .measures import Row, measured, mentions, owners


class AssertionWords(Entry):
    """assertions.yaml, which says what each is for."""

    up: AnyCase
    down: AnyCase
    slower: AnyCase
    faster: AnyCase
    negated: AnyCase
    denies: AnyCase
    asks: AnyCase
    well: AnyCase
    ill: AnyCase
    opposites: tuple[tuple[AnyCase, AnyCase], ...]
    grave: dict[str, AnyCase]
    amounts: tuple[tuple[AnyCase, str, float, float], ...]
    counted: AnyCase
    failing: AnyCase
    of_requests: AnyCase
    tried: Words
    earlier: AnyCase
    healthy: AnyCase
    scales: tuple[tuple[Regex, float], ...]
    clauses: AnyCase


@cache
def words() -> AssertionWords:
    """The words of assertions.yaml."""
    return read_table("agents/reasoning/assertions.yaml", AssertionWords)


@dataclass(frozen=True)
class Ground:
    """What a sentence rests on."""

    places: tuple[Place, ...]
    """The values cited."""
    tools: tuple[str, ...]
    """Of each place."""
    headings: tuple[str, ...]
    """Of the evidence cited."""
    services: frozenset[str]
    """All that are known: whose a number is, is told by their names."""
    onset: float | None = None
    known: str = ""
    """What need not be proven again, as text."""
    looks_back: bool = True
    """Whether the sentence speaks of what was before: else no healthy value is what it means."""
    subject: str = ""
    """The service that the sentence is about, also where it does not name it."""

    @cached_property
    def rows(self) -> list[Row]:
        """The rows quoted, each once."""
        found = {id(p.row): p.row for p in self.places if p.row}
        return list(found.values())

    @cached_property
    def texts(self) -> str:
        """All that is said in words."""
        cells = [v for row in self.rows for v in row.values() if isinstance(v, str)]
        return "\n".join([*cells, *(" ".join(row) for row in self.rows), *self.headings])

    @cached_property
    def moments(self) -> list[float]:
        """Times in the rows quoted, unix seconds, and the onset."""
        found = [m.value for row in self.rows for m in measured(row) if m.unit == "time"]
        return [*found, *([self.onset] if self.onset is not None else [])]

    def near(self, clause: "Clause") -> list[Row]:
        """The rows about those that a part of the sentence names; all where it names nobody."""
        named = [row for row in self.rows if not owners(row) or owners(row) & clause.services]
        return named if clause.services else self.rows


@dataclass(frozen=True)
class Clause:
    """A part of a sentence: where it stands, and whom it names."""

    text: str
    start: int
    services: frozenset[str] = field(default_factory=frozenset)

    def denies(self, found: re.Match[str]) -> bool:
        """Whether it says no to these words of it: a negation stands before them."""
        return words().negated.search(self.text[: found.end()]) is not None


def clauses(text: str, services: Iterable[str]) -> Iterator[Clause]:
    """The parts of a sentence; one that names nobody goes on about those named before it."""
    before: frozenset[str] = frozenset()
    start = 0
    ends = [m.span() for m in words().clauses.finditer(text) if not _in_number(text, m)]
    for end, following in [*ends, (len(text), len(text))]:
        part = text[start:end]
        before = frozenset(s for s in services if mentions(part, s)) or before
        yield Clause(part, start, before)
        start = following


def _in_number(text: str, match: re.Match[str]) -> bool:
    """The comma of 1,000 and the colon of 15:03 end nothing."""
    around = text[max(0, match.start() - 1) : match.end() + 1]
    return re.fullmatch(r"\d[,:]\d", around) is not None
