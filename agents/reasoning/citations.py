"""Where a cited value stands: what a table displays may be cited as it is displayed.

A cell may be cited as a number rounded to the digits given, with its unit or as a percentage; as a
time of day, an ISO time or seconds from the onset; as a part of a long text, or its beginning where
the table cut it; as `column=value`. The heading's words may be cited too. What follows from the
caller's own question may not: the words of a query in a heading, columns made of an argument, the
constants of a SELECT.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...incident.evidence import Evidence, part_of
from ...telemetry.provenance import Provenance, provenance
from .cells import alike, clean, folded, is_time, time_shown
from .figures import close, figures
from .measures import Row, columns, mentions, names, owners

COMPOSED = ("query_telemetry",)
"""Tools whose rows hold what was asked, not always what was recorded: SELECT 99 AS lost."""
ROUTES, CALLS = "route_outcomes", "call_edges"
"""The tools that say which routes are at the edge, and who calls whom."""
SUMMARY = "/summary"
"""Points to the heading in a payload."""
SHORTEST_ID = 7
"""Characters of a commit's id that name it."""


@dataclass(frozen=True)
class Place:
    """Where a value stands in a payload, and which part of it was cited."""

    pointer: str
    value: str | float | int | bool
    row: Row
    column: str
    cited: str
    number: int = 0
    """Of the row, from 1; 0: the heading."""


@dataclass(frozen=True)
class Shown:
    """What one piece of evidence displays: its rows less what proves nothing, and its heading."""

    record: Evidence
    held: Any
    """The payload."""
    onset: float | None = None
    """Unix seconds from which times were shown; None: not known."""

    @cached_property
    def origin(self) -> Provenance | None:
        """What the columns of a query are made of; None where the tool is none."""
        if self.record.tool not in COMPOSED:
            return None
        return provenance(str(self.record.query.get("sql", "")))

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, each without the columns that follow from what was asked."""
        found = self.held.get("rows", []) if isinstance(self.held, dict) else []
        return [self._proving(row) if isinstance(row, dict) else {} for row in found]

    def _proving(self, row: Row) -> Row:
        if self.origin is None:
            return {name: value for name, value in row.items() if name not in self._asked}
        made = self.origin.columns.items()
        return {
            name: row[name] for name, m in made if name in row and not (m.counted and not row[name])
        }

    @cached_property
    def meanings(self) -> list[Row]:
        """The same rows by what their columns are: those of a query by the recorded column, for its
        own names are words of who asked."""
        if self.origin is None:
            return self.rows
        metrics = self.origin.equals.get("name", frozenset())
        metric = {"metric": next(iter(metrics))} if len(metrics) == 1 else {}
        return [metric | {self.meaning[n]: v for n, v in row.items()} for row in self.rows]

    @cached_property
    def meaning(self) -> dict[str, str]:
        """Of each column of a query, what it is: the recorded column, a count, or a number alone
        where it is made of several."""
        found: dict[str, str] = {}
        for number, (name, made) in enumerate(self.origin.columns.items() if self.origin else ()):
            column = made.column or ("" if made.recorded else "count")
            found[name] = f"#{number}" if column in ("", *found.values()) else column
        return found

    @cached_property
    def _asked(self) -> set[str]:
        """Columns that follow from an argument that the caller chose."""
        made = columns().asked.get(self.record.tool, {})
        chosen = {name: self.record.query.get(name) for name in made}
        return {made[name] for name, value in chosen.items() if value not in (None, self.onset)}

    @cached_property
    def heading(self) -> str:
        """The heading without the words of the question; empty for a query, which words its own."""
        if self.record.tool in COMPOSED:
            return ""
        text = self.record.summary
        for asked in _texts(self.record.query):
            text = text.replace(asked, "…").replace(clean(asked, len(asked)), "…")
        return text

    def whose(self, service: str) -> bool:
        """Whether the call itself asked for this service alone."""
        asked = [text for name, text in _named(self.record.query) if name.startswith("service")]
        told = self.origin.equals.get("service", frozenset()) if self.origin else frozenset[str]()
        return set(asked) == {service} or told == {service}

    def about(self, place: Place, service: str) -> bool:
        """Whether a value stands in a row about a service: by whose row it is, or, for a text, by
        what it says; where no column says whose, by any text of the row, or by the question."""
        if not place.number:
            told = str(place.value)
            return mentions(told, service) or columns().everybody.search(told) is not None
        own = owners(place.row)
        if own and service not in own:
            return isinstance(place.value, str) and mentions(place.value, service)
        if own or names(place.row, service) or self.whose(service):
            return True
        return self.record.tool in columns().anybody

    def places(self, text: str) -> Iterator[Place]:
        """Every place that displays a cited text, cells first, then the heading."""
        only, value = self._column(text)
        for number, row in enumerate(self.rows, 1):
            for name in [name for name in row if only in ("", name.casefold())]:
                if self._displays(name, row[name], value):
                    yield self._place(number, name, value)
        if self._headed(text):
            yield Place(SUMMARY, self.record.summary, {}, "", text)

    def _place(self, number: int, name: str, cited: str) -> Place:
        value, column = self.rows[number - 1][name], self.meaning.get(name, name)
        pointer = f"/rows/{number - 1}/{name.replace('~', '~0').replace('/', '~1')}"
        return Place(pointer, value, self.meanings[number - 1], column, cited, number)

    def _column(self, text: str) -> tuple[str, str]:
        """(column, value) of a `column=value` whose column there is; else the text alone."""
        found = re.fullmatch(r"\s*[\"']?([\w.]+)[\"']?\s*[=:]\s*(.+)", text, re.DOTALL)
        known = {name.casefold() for row in self.rows[:1] for name in row}
        there = found is not None and found[1].casefold() in known
        return (found[1].casefold(), found[2]) if found and there else ("", text)

    def _displays(self, name: str, value: Any, text: str) -> bool:
        if is_time(self.meaning.get(name, name), value):
            return time_shown(float(value), text, self.onset)
        return isinstance(value, (str, int, float, bool)) and alike(value, text)

    def _headed(self, text: str) -> bool:
        """Whether the heading says it: in words, or as a figure of its own."""
        wanted, heading = folded(text), folded(self.heading)
        if part_of(wanted, heading):
            return True
        asked = list(figures(wanted))
        lone = len(asked) == 1 and asked[0].text.casefold() == wanted
        return lone and any(
            f.kind == asked[0].kind and close(asked[0], f.value) for f in figures(heading)
        )


def _texts(query: Mapping[str, Any]) -> list[str]:
    """Words that the caller chose freely, the longest first."""
    chosen = [text for name, text in _named(query) if name in columns().freely]
    return sorted(filter(None, chosen), key=len, reverse=True)


def _named(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Texts among the arguments of a call, with the argument's name."""
    for name, value in query.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield name, text


@dataclass
class Evidences:
    """The evidence of one incident as it is displayed, each piece fetched once."""

    records: Mapping[str, Evidence]
    payload: Callable[[str], Any]
    onset: float | None = None
    fetched: dict[str, Shown] = field(default_factory=dict)

    def shown(self, id: str) -> Shown:
        """One piece. Raises KeyError where there is none."""
        record = self.records[id]
        if id not in self.fetched or self.fetched[id].record is not record:
            self.fetched[id] = Shown(record, self.payload(record.digest), self.onset)
        return self.fetched[id]

    @cached_property
    def services(self) -> frozenset[str]:
        """Everybody whose row there is in any evidence."""
        rows = [row for id in self.records for row in self.shown(id).rows]
        return frozenset().union(*map(owners, rows)) - {""}

    @cached_property
    def edge(self) -> frozenset[str]:
        """Who serves the edge of the system: by the routes, else who calls and is not called."""
        routes, calls = self._rows(ROUTES), self._rows(CALLS)
        served = {str(row["service"]) for row in routes if row.get("edge") is True}
        callees = {row.get("callee") for row in calls}
        return frozenset(served or {str(row["caller"]) for row in calls} - callees)

    def kind_of(self, change: str) -> str:
        """The kind of the change with this id; empty: it is not on record."""
        rows = self._rows(*columns().changes)
        return next((str(row.get("kind")) for row in rows if row.get("id") == change), "")

    def change(self, wanted: str) -> str:
        """The id of the change with this id, beginning of an id or version, in small letters; the
        newest evidence first. Empty: none."""
        for row in self._rows(*columns().changes):
            id, version = str(row.get("id") or ""), str(row.get("version") or "")
            begins = len(wanted) >= SHORTEST_ID and id.casefold().startswith(wanted)
            if begins or wanted in (id.casefold(), version.casefold()):
                return id
        return ""

    def _rows(self, *tools: str) -> list[Row]:
        found = [id for id, record in self.records.items() if record.tool in tools]
        return [row for id in reversed(found) for row in self.shown(id).rows]
