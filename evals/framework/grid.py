"""A table as plain cells, shown at a terminal or written as Markdown from the same content."""

from dataclasses import dataclass, field

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ...prompts.neutral import plain

LONGEST = 300
"""Characters of a cell or note: some of them were written by others."""


@dataclass(frozen=True)
class Grid:
    """Heads and rows; the first column names the row, the others are figures. Notes go below."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)


def at_terminal(grid: Grid) -> Group:
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


def as_markdown(grid: Grid) -> str:
    """For a file; a bar inside a cell is escaped."""
    lines = [grid.heads, ["---", *["---:"] * (len(grid.heads) - 1)], *grid.rows]
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
    notes = [f"\n{note}" for note in grid.notes]
    return "\n".join([f"## {grid.title}\n", *body, *notes]) + "\n"
