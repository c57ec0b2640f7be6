"""A result as a model reads it: a small table within a budget of characters, inside one block.

    <<<E12
    E12 error_groups (ok, 37 rows): 3 kinds of errors are new
    in every row: service=checkout
    # | error | count
    1 | Timeout | 214
    rows 1-1 of 37; read_evidence("E12", start=2) shows more
    E12>>>

Everything between the brackets is data, whatever it says; `cells` sees to it that no value can
end its line or the block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...incident.evidence import Evidence, EvidenceStatus
from ...tools.base import Result, Row
from .cells import CLOSE, OPEN, cell, clean, is_nothing

Cells = dict[str, Any]
"""A row as evidence holds it, by column."""
WIDTHS = (240, 120, 72, 48, 32, 20)
"""Longest cells that are tried, in characters: rows come before long cells."""
WANTED = 8
"""Rows that should be seen, if need be with shorter cells."""
SMALLEST = 120
"""Characters below which there is no room for a table: the bare number and status are told."""


@dataclass(frozen=True)
class Sheet:
    """What a digest is made of: rows with their numbers from 1, as the evidence holds them."""

    evidence: str
    tool: str
    status: EvidenceStatus
    summary: str
    rows: Sequence[Any]
    numbers: Sequence[int]  # of the rows to show, in order
    total: int = 0  # rows to page through
    onset: float | None = None  # unix seconds; times are told relative to it
    more: str = ""  # how to see the rest; {start} is filled in
    note: str = ""  # said before the rows: why these
    matching: bool = False  # the rows were picked: they are counted, not numbered through


def digest(
    result: Result[Row], budget_chars: int, tool: str = "", onset: float | None = None
) -> str:
    """A finished call as text of at most `budget_chars` characters, whatever its rows hold."""
    sheet = sheet_of(result.evidence, tool, result.status, result.summary, result.records(), onset)
    return render(sheet, budget_chars)


def digest_evidence(
    record: Evidence, payload: Any, budget_chars: int, onset: float | None = None
) -> str:
    """A piece of evidence with its payload, like `digest`."""
    rows = rows_of(payload)
    sheet = sheet_of(record.id, record.tool, record.status, record.summary, rows, onset)
    return render(sheet, budget_chars)


def sheet_of(
    evidence: str,
    tool: str,
    status: EvidenceStatus,
    summary: str,
    rows: Sequence[Any],
    onset: float | None = None,
) -> Sheet:
    """A sheet that shows all rows from the first one on."""
    more = f'read_evidence("{evidence}", start={{start}}) shows more'
    numbers = range(1, len(rows) + 1)
    return Sheet(evidence, tool, status, summary, rows, numbers, len(rows), onset, more)


def rows_of(payload: Any) -> list[Any]:
    """The rows of an evidence payload; none where it has another form."""
    rows = payload.get("rows") if isinstance(payload, dict) else None
    return rows if isinstance(rows, list) else []


def render(sheet: Sheet, budget: int) -> str:
    """The sheet as text of at most `budget` characters."""
    if budget < SMALLEST:
        return clean(f"{sheet.evidence} {sheet.status.value}", budget)
    name = clean(sheet.evidence, 16)
    head, foot = f"{OPEN}{name}\n", f"\n{name}{CLOSE}"
    inner = budget - len(head) - len(foot)
    return head + "\n".join(_inner(sheet, name, inner)) + foot


def _inner(sheet: Sheet, name: str, budget: int) -> list[str]:
    """The lines inside the block, newlines between them counted."""
    shown = [_named(sheet.rows[number - 1]) for number in sheet.numbers]
    size = f"{len(sheet.rows)} rows" if len(sheet.rows) != 1 else "1 row"
    title = f"{name} {clean(sheet.tool, 40)}".strip()
    told = f"{title} ({sheet.status.value}, {size}): "
    line = clean(told + sheet.summary, max(budget // 3, 60) if shown else budget)
    if not shown:
        return [line]
    lines = [line] + ([clean(sheet.note, 120)] if sheet.note and budget > 400 else [])
    left = budget - sum(len(text) + 1 for text in lines)
    return lines + _table(sheet, shown, left)


def _table(sheet: Sheet, shown: list[Cells], budget: int) -> list[str]:
    """Constants, column names, as many rows as fit, and which they are."""
    columns, constant = _columns(shown)
    lines = _constants(shown[0], constant, budget // 4, sheet.onset)
    names, dropped = _fitting(columns, budget // 4)
    heading = " | ".join(["#", *(clean(column, 40) for column in names)])
    tail = f"; {dropped} columns left out for want of room" if dropped else ""
    longest = max(len(_footer(sheet, count, tail)) for count in (len(shown) - 1, len(shown)))
    room = budget - _size([*lines, heading]) - longest - 1
    rows = _rows(sheet, shown, names, room)
    footer = clean(
        _footer(sheet, len(rows), tail), max(0, budget - _size([*lines, heading, *rows]))
    )
    return [*lines, heading, *rows, footer] if rows else _cut([*lines, footer], budget)


def _columns(rows: list[Cells]) -> tuple[list[str], list[str]]:
    """(columns that vary, columns that say the same in every row); empty ones in neither."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    full = [n for n in names if any(not is_nothing(row.get(n)) for row in rows)]
    if len(rows) < 2:
        return full, []
    same = [n for n in full if all(_alike(row.get(n), rows[0].get(n)) for row in rows)]
    return [n for n in full if n not in same], same


def _alike(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def _constants(row: Cells, names: list[str], budget: int, onset: float | None) -> list[str]:
    if not names:
        return []
    pairs = [f"{clean(n, 40)}={cell(n, row.get(n), 120, onset)}" for n in names]
    return [clean("in every row: " + "; ".join(pairs), budget)]


def _fitting(columns: list[str], budget: int) -> tuple[list[str], int]:
    """The first columns whose names fit, and how many do not."""
    used, kept = 1, []
    for column in columns:
        used += 3 + min(len(column), 40)
        if used > budget:
            break
        kept.append(column)
    return kept, len(columns) - len(kept)


def _rows(sheet: Sheet, rows: list[Cells], columns: list[str], room: int) -> list[str]:
    """All rows at the greatest width that fits them; else WANTED of them; else what fits."""
    best: list[str] = []
    for width in WIDTHS:
        lines = _at(width, sheet, rows, columns, room)
        if len(lines) > len(best):
            best = lines
        if len(best) >= min(WANTED, len(rows)):
            break
    return best


def _at(width: int, sheet: Sheet, rows: list[Cells], columns: list[str], room: int) -> list[str]:
    lines: list[str] = []
    for number, row in zip(sheet.numbers, rows, strict=True):
        cells = [cell(name, row.get(name), width, sheet.onset) for name in columns]
        line = " | ".join([str(number), *cells])
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    return lines


def _footer(sheet: Sheet, shown: int, tail: str) -> str:
    """Which rows these are, and how to see the rest."""
    numbers = sheet.numbers[:shown]
    following = numbers[-1] + 1 if numbers else sheet.numbers[0]
    rest = shown < len(sheet.numbers) or following <= sheet.total
    more = f"; {sheet.more.format(start=following)}" if rest else ""
    if sheet.matching:
        return f"{shown} of {len(sheet.numbers)} matching rows{more}{tail}"
    span = f"rows {numbers[0]}-{numbers[-1]}" if numbers else "none"
    return f"{span} of {sheet.total}{more}{tail}"


def _named(row: Any) -> Cells:
    if not isinstance(row, dict):
        return {"value": row}
    return {str(key): value for key, value in row.items()}


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _cut(lines: list[str], budget: int) -> list[str]:
    """Lines within a budget, each cut where it has to be."""
    kept = []
    for line in lines:
        kept.append(clean(line, min(len(line), budget)))
        budget -= len(kept[-1]) + 1
    return [line for line in kept if line]
