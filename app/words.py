"""Numbers and times as people read them."""

import itertools
import math
from datetime import UTC, datetime

from ..analysis.quantities import UNKNOWN as NOTHING
from ..analysis.quantities import quantity as value

__all__ = ["value"]
BLOCKS = "▁▂▃▄▅▆▇█"


def seconds(number: float | None) -> str:
    """A duration: 0.4 s, 12 s, 3 min 05 s, 4 h."""
    if number is None:
        return NOTHING
    if number < 60:
        return f"{number:.1f} s" if number < 10 else f"{number:.0f} s"
    if number >= 3600 and number % 3600 == 0:
        return f"{int(number // 3600)} h"
    minutes, rest = divmod(int(number), 60)
    return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"


def clock(moment: datetime) -> str:
    """Time of day, UTC."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def moment(at: datetime) -> str:
    """Date and time, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def bar(share: float, width: int) -> str:
    """A share from 0 to 1 as a bar."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)


def sparkline(values: list[float], width: int) -> str:
    """Values as blocks from zero to the largest; a blank where nothing is known."""
    cells = squeeze(values, width)
    known = [cell for cell in cells if math.isfinite(cell)]
    top = max(known, default=0.0)
    if not known:
        return " " * len(cells)
    return "".join(_block(cell, top) for cell in cells)


def _block(cell: float, top: float) -> str:
    if not math.isfinite(cell):
        return " "
    return BLOCKS[round(max(cell, 0.0) / top * (len(BLOCKS) - 1))] if top > 0 else BLOCKS[0]


def squeeze(values: list[float], width: int) -> list[float]:
    """At most `width` values: each the mean of what is known in its stretch."""
    if len(values) <= width:
        return list(values)
    edges = [round(index * len(values) / width) for index in range(width + 1)]
    return [_mean(values[start:end]) for start, end in itertools.pairwise(edges)]


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
