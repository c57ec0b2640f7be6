"""What the numbers of a row measure: unit, healthy value beside it, whose they are, how unusual.

Columns and their meaning are measures.yaml. Rows are those of tools, by column.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeGuard

from pydantic import Field

from ...yaml_tables import AnyCase, Entry, Words, read_table
from .cells import is_time

Row = Mapping[str, Any]
"""One row of evidence, by column."""


class MeasureTable(Entry):
    """measures.yaml, which says what each is for."""

    units: tuple[tuple[str, AnyCase], ...]
    written: dict[str, str]
    metrics: Words
    values: Words
    pairs: tuple[tuple[str, str], ...]
    owners: Words
    deviations: dict[str, tuple[tuple[str, str], ...]]
    asked: dict[str, dict[str, str]] = Field(default_factory=dict)
    changes: Words
    freely: Words
    edge: Words
    everybody: AnyCase
    anybody: Words


@cache
def columns() -> MeasureTable:
    """The columns of measures.yaml."""
    return read_table("agents/reasoning/measures.yaml", MeasureTable)


@dataclass(frozen=True)
class Measured:
    """A number of a row: its column, its value, its unit (s, ms, share, count, rate, bytes, factor,
    time; empty where nothing says it)."""

    column: str
    value: float
    unit: str

    @property
    def seconds(self) -> float | None:
        """As a duration; None: it is none."""
        sizes = {"s": 1.0, "ms": 0.001, "": 1.0}
        return self.value * sizes[self.unit] if self.unit in sizes else None

    @property
    def percent(self) -> float | None:
        """As a percentage; None: it is none. One without a unit is a fraction below 1."""
        if self.unit == "share":
            return self.value * 100 if abs(self.value) <= 1.5 else self.value
        fraction = not self.unit and abs(self.value) < 1 and self.value != int(self.value)
        return self.value * 100 if fraction else None


def measured(row: Row) -> Iterator[Measured]:
    """The numbers of a row."""
    for name, value in row.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield Measured(name, float(value), unit_of(row, name))


def unit_of(row: Row, name: str) -> str:
    """The unit of one number of a row: by its column, by the row's own unit, or by its metric."""
    value, table = row[name], columns()
    if is_time(name, value):
        return "time"
    if name in table.values:
        return _written(row) or ("count" if isinstance(value, int) and not _metric(row) else "")
    return _named(name) or ("count" if isinstance(value, int) else "")


def _written(row: Row) -> str:
    unit = columns().written.get(str(row.get("unit")))
    return unit or next(filter(None, map(_named, _metric(row))), "")


def _metric(row: Row) -> list[str]:
    """What the row says it measures, where that is one name."""
    texts = [row.get(name) for name in columns().metrics]
    return [text for text in texts if isinstance(text, str) and re.fullmatch(r"[\w.:]+", text)]


@cache
def _named(name: str) -> str:
    return next((unit for unit, pattern in columns().units if pattern.search(name)), "")


def pair_of(row: Row, name: str = "") -> tuple[float, float] | None:
    """(healthy, now) of a column and its partner, of the row's first pair without a name."""
    for before, now in _pairs(row):
        if not name or name in (before, now):
            return float(row[before]), float(row[now])
    return None


def _pairs(row: Row) -> Iterator[tuple[str, str]]:
    listed = [*columns().pairs, *((f"{name}_before", name) for name in row)]
    for pair in listed:
        numbers = [row.get(name) for name in pair]
        if all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
            yield pair


def rising(row: Row, name: str = "") -> int | None:
    """Which way a row went: 1 up, -1 down, 0 neither; None where it does not say."""
    way = row.get("direction")
    if isinstance(way, int) and way in (-1, 0, 1):
        return way
    pair = pair_of(row, name) or pair_of(row)
    ratio = row.get("ratio")
    if pair is None and isinstance(ratio, (int, float)):
        pair = (1.0, float(ratio))
    return None if pair is None else (pair[1] > pair[0]) - (pair[1] < pair[0])


# Whose row it is.

_BETWEEN = re.compile(r"\s*(?:,|->|→|;)\s*")
_REPLICA = re.compile(r"-\d+$")


def owners(row: Row) -> frozenset[str]:
    """The services whose row it is; empty where no column says so."""
    cells = [row.get(name) for name in columns().owners]
    parts = [p for c in cells if isinstance(c, str) and c for p in _BETWEEN.split(c)]
    return frozenset([*parts, *(_REPLICA.sub("", part) for part in parts)])


def names(row: Row, service: str) -> bool:
    """Whether a row is about a service: one of its texts is the name, or lists it."""
    return any(isinstance(v, str) and mentions(v, service) for v in row.values())


def mentions(text: str, service: str) -> bool:
    """Whether a text holds the name of a service, or of an instance of it."""
    return re.search(rf"(?<![\w-]){re.escape(service)}(?:-\d+)?(?![\w-])", text) is not None


# How unusual it is.

QUIET, LOUD = 3.0, 10.0
"""Times the usual noise up to which a score says nothing, and from which it says all."""
BAD = re.compile(r"(?i)err|fatal|crit|warn|fail|emerg|panic")
LITTLE = 0.3
"""What a span that did not fail, or a line that is no warning, counts: it shows where, not that."""
TS = "ts"


def deviation(tool: str, row: Row, before: Sequence[float] = ()) -> float | None:
    """How far a row is from what is usual, 0 to 1; None where it measures nothing of the kind.

    Args:
        tool: whose row it is.
        row: by column.
        before: values of the same series before the onset, where the row is a point of one.
    """
    known = columns().deviations
    listed = [(how, row.get(name)) for name, how in known.get(tool, known["otherwise"])]
    found = [(how, far) for how, value in listed if (far := _far(value, how, before)) is not None]
    if found and found[0] == ("flag", 0.0):
        return 0.0
    return max((far for _, far in found), default=None)


def past(row: Row, rows: Iterable[Row], onset: float | None) -> list[float]:
    """Values of the row's own series before the onset: same owner, same metric, in `value`."""
    if onset is None or not isinstance(row.get(TS), (int, float)):
        return []
    mine = owners(row), _metric(row), row.get("labels")
    series = [r for r in rows if (owners(r), _metric(r), r.get("labels")) == mine]
    held = [(r.get(TS), r.get("value")) for r in series]
    return [float(v) for t, v in held if _number(t) and _number(v) and t < onset]


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _far(value: Any, how: str, before: Sequence[float]) -> float | None:
    """As far as one column says; None: it says nothing."""
    if how in ("ended", "level"):
        return (1.0 if BAD.search(value) else LITTLE) if isinstance(value, str) and value else None
    if not isinstance(value, (bool, int, float)):
        return None
    if how == "series":
        return _outside(float(value), before) if before else None
    return _size(float(value), how)


def _outside(value: float, before: Sequence[float]) -> float:
    """0 within what was seen before; else as far as the ratio to the nearest of it."""
    least, most = min(before), max(before)
    edge = min(max(value, least), most)
    return abs(value - edge) / max(abs(value), abs(edge)) if value != edge else 0.0


def _size(value: float, how: str) -> float:
    size = abs(value)
    if how == "flag":
        return float(bool(value))
    if how == "new":
        return float(value == 0)
    if how == "score":
        return min(1.0, max(0.0, (size - QUIET) / (LOUD - QUIET)))
    if how == "ratio":
        return 1 - min(size, 1 / size) if size else 1.0
    return min(1.0, size)
