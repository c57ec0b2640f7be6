"""A result as a model reads it: a small table within a budget of characters, inside one block.

    <<<E12
    E12 error_groups (ok, 37 rows): 3 kinds of errors are new
    in every row: service=checkout
    # | error | count
    1 | Timeout | 214
    rows 1-1 of 37; read_evidence("E12", start=2) shows more
    E12>>>

One row is told whole, a field a line. Everything between the brackets is data, whatever it says;
`cells` sees to it that no value can end its line or the block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...incident.evidence import Evidence, EvidenceStatus
from ...tools.base import Result, Row
from .cells import CLOSE, OPEN, cell, clean
from .columns import Cells, arranged, constants, fitting, is_long
from .whole_row import paged, row_lines

WIDTHS = (4000, 1000, 480, 240, 120, 72, 48)
"""Longest cells that are tried, in characters: rows come before long cells, down to a width at
which a sentence still says something."""
WANTED = 8
"""Rows that should be seen, if need be with shorter cells."""
FEW = 4
"""Rows that may be one thing told several times."""
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
    alerted: float | None = None  # unix seconds of the alert: its date is not told
    reads_on: bool = True  # whether read_evidence is there to see the rest with
    more: str = ""  # how to see the rest, where that is not by the next rows
    note: str = ""  # said before the rows: why these
    picked: int = 0  # so many of the numbers come first because they matter
    matching: bool = False  # the rows were picked: they are counted, not numbered through


def digest(
    result: Result[Row],
    budget_chars: int,
    tool: str = "",
    alerted: float | None = None,
    *,
    reads_on: bool = True,
) -> str:
    """A finished call as text of at most `budget_chars` characters, whatever its rows hold.

    reads_on: whether whoever reads it may call read_evidence; else nothing tells of it.
    """
    told = result.status, result.summary, result.records(), alerted
    return render(sheet_of(result.evidence, tool, *told, reads_on=reads_on), budget_chars)


def digest_evidence(
    record: Evidence,
    payload: Any,
    budget_chars: int,
    alerted: float | None = None,
    *,
    reads_on: bool = True,
    first: Sequence[int] = (),
) -> str:
    """A piece of evidence with its payload, like `digest`; these rows (from 0) come first."""
    told = record.status, record.summary, rows_of(payload), alerted
    sheet = sheet_of(record.id, record.tool, *told, reads_on=reads_on)
    picked = list(dict.fromkeys(row + 1 for row in first if row < len(sheet.rows)))
    others = [number for number in sheet.numbers if number not in picked]
    return render(replace(sheet, numbers=[*picked, *others], picked=len(picked)), budget_chars)


def sheet_of(
    evidence: str,
    tool: str,
    status: EvidenceStatus,
    summary: str,
    rows: Sequence[Any],
    alerted: float | None = None,
    *,
    reads_on: bool = True,
) -> Sheet:
    """A sheet that shows all rows from the first one on."""
    numbers = range(1, len(rows) + 1)
    shown = rows, numbers, len(rows), alerted
    return Sheet(evidence, tool, status, summary, *shown, reads_on=reads_on)


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


def is_one(rows: Sequence[Any]) -> bool:
    """Whether rows are one thing, told once or a few times: a commit and its deploy share a
    diff."""
    if len(rows) > FEW:
        return False
    named = [_named(row) for row in rows]
    return len(named) == 1 or any(is_long(named[0][name]) for name in arranged(named)[1])


def _table(sheet: Sheet, shown: list[Cells], budget: int) -> list[str]:
    """The rows, then whole what every row says at length."""
    if len(sheet.rows) == 1:
        return _whole(sheet, 1, 1, budget)
    columns, constant = arranged(shown)
    same, more = constants(shown[0], constant, budget // 4, sheet.alerted)
    shared = row_lines({name: shown[0][name] for name in more}, sheet.alerted)
    if not shared:
        return _rows_of(sheet, shown, columns, same, budget)
    shared = ["in every row as well:", *shared]
    table = _rows_of(sheet, shown, columns, same, budget - min(_size(shared), budget // 2))
    way = f'; read_evidence("{sheet.evidence}", row={sheet.numbers[0]}) shows all'
    room = budget - _size(table)
    return [*table, *_cut(paged(shared, 1, room, way if sheet.reads_on else ""), room)]


def _rows_of(
    sheet: Sheet, shown: list[Cells], columns: list[str], lines: list[str], budget: int
) -> list[str]:
    """Constants, column names, as many rows as fit, and which they are."""
    names, dropped = fitting(columns, budget // 4)
    heading = " | ".join(["#", *(clean(column, 40) for column in names)])
    tail = f"; {len(dropped)} columns left out: {clean(', '.join(dropped), 80)}" if dropped else ""
    head = [*lines, heading]
    rows: list[str] = []
    for hint in ("", _cut_hint(sheet)):
        longest = max(len(_footer(sheet, n, tail + hint)) for n in (len(shown) - 1, len(shown)))
        rows = _rows(sheet, shown, names, budget - _size(head) - longest - 1)
        if not any(map(_is_cut, " | ".join([*lines, *rows]).replace("; ", " | ").split(" | "))):
            break
        tail += hint
    footer = clean(_footer(sheet, len(rows), tail), max(0, budget - _size([*head, *rows])))
    return [*head, *rows, footer] if rows else _cut([*lines, footer], budget)


def _is_cut(shown: str) -> bool:
    """Whether a cell was cut here; what a tool has cut before is marked after a blank."""
    return shown.endswith("…") and not shown.endswith(" …")


def _cut_hint(sheet: Sheet) -> str:
    way = f'; read_evidence("{sheet.evidence}", row=N) shows one whole' if sheet.reads_on else ""
    return f"; cells with … are cut{way}"


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
        cells = [cell(name, row.get(name), width, sheet.alerted) for name in columns]
        line = " | ".join([str(number), *cells])
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    return lines


def _footer(sheet: Sheet, shown: int, tail: str) -> str:
    """Which rows these are, and how to see the rest."""
    numbers = sheet.numbers[:shown]
    following = _following(sheet, numbers)
    rest = shown < len(sheet.numbers) or following <= sheet.total
    more = sheet.more or f'read_evidence("{sheet.evidence}", start={following}) shows more'
    more = f"; {more}" if rest and sheet.reads_on else ""
    if sheet.matching:
        return f"{shown} of {len(sheet.numbers)} matching rows{more}{tail}"
    return f"{_spans(numbers)} of {sheet.total}{more}{tail}"


def _following(sheet: Sheet, numbers: Sequence[int]) -> int:
    """The next row after those that are shown in order."""
    in_order = numbers[sheet.picked :]
    start = in_order[-1] + 1 if in_order else 1 if sheet.picked else sheet.numbers[0]
    return next(n for n in range(start, start + len(numbers) + 1) if n not in numbers)


def _spans(numbers: Sequence[int]) -> str:
    """Row numbers in words: rows 8, 14, 1-3."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    told = ", ".join(f"{a}-{b}" if a < b else str(a) for a, b in spans)
    return f"rows {told}" if numbers else "none"


def whole(sheet: Sheet, row: int, line: int, budget: int) -> str:
    """One row of a sheet as `field: value` lines, from one of these lines on, in at most `budget`
    characters.

    row, line: numbers from 1.
    """
    name = clean(sheet.evidence, 16)
    head = f"{OPEN}{name}\n{name} {clean(sheet.tool, 40)} row {row} of {len(sheet.rows)}\n"
    room = budget - len(head) - len(name) - 4
    if room < SMALLEST:
        return clean(f"{name} row {row}", budget)
    return head + "\n".join(_whole(sheet, row, line, room)) + f"\n{name}{CLOSE}"


def _whole(sheet: Sheet, row: int, line: int, budget: int) -> list[str]:
    way = f'; read_evidence("{sheet.evidence}", row={row}, line={{line}}) shows more'
    lines = row_lines(_named(sheet.rows[row - 1]), sheet.alerted)
    return _cut(paged(lines, line, budget, way if sheet.reads_on else ""), budget)


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
