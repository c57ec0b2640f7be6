"""Which columns of a table say something, and in what order one reads them."""

from functools import cache
from typing import Any

from ...yaml_tables import read_table
from .cells import cell, clean, is_nothing
from .whole_row import SHORT

Cells = dict[str, Any]
"""A row as evidence holds it, by column."""
SELDOM = 5
"""A column that says something in less than one row of so many comes last."""


def arranged(rows: list[Cells]) -> tuple[list[str], list[str]]:
    """(columns that vary, those that decide first; columns that say the same in every row); empty
    ones in neither."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    said = {n: sum(not is_nothing(row.get(n)) for row in rows) for n in names}
    full = [n for n in names if said[n]]
    if len(rows) < 2:
        return full, []
    same = [n for n in full if all(_alike(row.get(n), rows[0].get(n)) for row in rows)]
    varying = [n for n in full if n not in same]
    return sorted(varying, key=lambda n: (said[n] * SELDOM < len(rows), _place(n))), same


@cache
def _places() -> dict[str, int]:
    groups = read_table("agents/reasoning/columns.yaml", dict[str, list[str]])
    return {name: place for place, names in enumerate(groups.values()) for name in names}


def _place(column: str) -> int:
    """Where a column stands: where, what, before, now, the rest."""
    last = max(_places().values()) + 1
    return _places().get("before" if column.endswith("_before") else column, last)


def _alike(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def fitting(columns: list[str], budget: int) -> tuple[list[str], list[str]]:
    """The first columns whose names fit, and those that do not."""
    used, kept = 1, 0
    for column in columns:
        used += 3 + min(len(column), 40)
        if used > budget:
            break
        kept += 1
    return columns[:kept], columns[kept:]


def constants(
    row: Cells, names: list[str], budget: int, alerted: float | None
) -> tuple[list[str], list[str]]:
    """(the line of what is the same in every row; names of what it has no room for)."""
    line, more = "", list[str]()
    for name in names:
        pair = f"{clean(name, 40)}={cell(name, row.get(name), SHORT, alerted)}"
        longer = f"{line}; {pair}" if line else f"in every row: {pair}"
        if is_long(row.get(name)) or len(longer) > budget:
            more.append(name)
        else:
            line = longer
    return [line] if line else [], more


def is_long(value: Any) -> bool:
    """Whether a text is long enough to be told by itself."""
    return isinstance(value, str) and len(value) > SHORT
