"""What an action did: each signal healthy, before, after, and whether that is well."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ..app.charts.tracks import deviation
from ..app.words import value
from ..incident.action import Measure

MOST = 8


def measures(rows: Sequence[Measure]) -> RenderableType:
    """Decisive ones first, those that changed most in front; values with their units."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("  signal", no_wrap=True)
    for name in ("healthy", "before", "after"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in sorted(rows, key=lambda row: (not row.decisive, -deviation(row)))[:MOST]:
        levels = [value(level, row.unit) for level in (row.baseline, row.before, row.after)]
        table.add_row(f"  {row.service} {row.signal}", *levels, _verdict(row))
    return table


def _verdict(row: Measure) -> Text:
    if row.healthy is None:
        return Text("? not measured", "dim")
    if not row.decisive:
        return Text("· context", "dim")
    return Text("✓ well", "good") if row.healthy else Text("✖ not well", "bad")
