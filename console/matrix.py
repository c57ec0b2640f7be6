"""The health matrix: one row a service, one column a group of signals."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..incident.report import HealthRow

GROUPS = ("traffic", "errors", "latency", "saturation", "logs")
MARKS = {"ok": ("· ok", "dim"), "watch": ("▲ watch", "watch"), "bad": ("✖ bad", "bad")}
UNKNOWN = ("? unknown", "dim")


def matrix(rows: Sequence[HealthRow]) -> RenderableType:
    """A mark and a word per cell, so that it reads without colour."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("  service", no_wrap=True)
    for group in GROUPS:
        table.add_column(group, no_wrap=True, min_width=7)
    for row in rows:
        states = [getattr(row, group) for group in GROUPS]
        style = "strong" if "bad" in states else ""
        table.add_row(Text(f"  {row.service}", style), *[_cell(state) for state in states])
    return table


def _cell(state: str) -> Text:
    word, style = MARKS.get(state, UNKNOWN)
    return Text(word, style)
