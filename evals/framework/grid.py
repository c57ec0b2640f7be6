"""A table as plain cells, shown at a terminal or written as Markdown from the same content."""

import re
from dataclasses import dataclass, field

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ...prompts.values import plain
from .statistics import MeanShare

NOTHING = "·"
"""Where there is no figure."""
LONGEST = 300
"""Characters of a cell or note: some of them were written by others."""


@dataclass(frozen=True)
class ResultGrid:
    """Heads and rows; the first column names the row, the others are figures. Notes go below."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)


def at_terminal(grid: ResultGrid) -> Group:
    """For people at a terminal."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for number, head in enumerate(grid.heads):
        table.add_column(_text(head), justify="right" if number else "left", no_wrap=number > 0)
    for row in grid.rows:
        table.add_row(*map(_text, row))
    notes = [Text(plain(note, LONGEST), "dim") for note in grid.notes]
    return Group(Text(grid.title, "bold"), table, *notes)


def _text(cell: str) -> Text:
    return Text(plain(cell, LONGEST))


def as_markdown(grid: ResultGrid) -> str:
    """For a file; a bar inside a cell is escaped."""
    lines = [grid.heads, ["---", *["---:"] * (len(grid.heads) - 1)], *grid.rows]
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
    notes = [f"\n{note}" for note in grid.notes]
    return "\n".join([f"## {grid.title}\n", *body, *notes]) + "\n"


def interval(one: MeanShare | None) -> str:
    """A share as .577 [.38-.77]; a dash where there is none."""
    if one is None:
        return NOTHING
    return f"{bare(one.value)} [{bare(one.low, 2)}-{bare(one.high, 2)}]"


def signed(one: MeanShare | None) -> str:
    """A difference of shares as +.077 [-.04 to +.19]; a dash where there is none."""
    if one is None:
        return NOTHING
    bounds = " to ".join(bare(value, 2, "+") for value in (one.low, one.high))
    return f"{bare(one.value, 3, '+')} [{bounds}]"


def bare(value: float, digits: int = 3, sign: str = "") -> str:
    """Without the leading zero; with a sign where `sign` is a plus."""
    text = f"{round(value, digits) + 0.0:{sign}.{digits}f}"  # + 0.0: no minus before a nought
    return re.sub(r"^([+-]?)0\.", r"\1.", text)
