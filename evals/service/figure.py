"""What each measurement of the service hands back: a table, and whether it met its target."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...console.exits import Exit
from ...console.screen import screen
from ..framework.files import check_writable
from ..framework.grid import ResultGrid, as_markdown, at_terminal


@dataclass(frozen=True)
class Figure:
    """A table, and whether the target was met; None: there is none."""

    grid: ResultGrid
    met: bool | None = None


def show(figure: Figure, seed: int, markdown: Path | None) -> Exit:
    """Print the table with the seed and the machine below it; a target that was missed fails."""
    check_writable(markdown)
    machine = f"seed {seed}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    grid = replace(figure.grid, notes=[*figure.grid.notes, machine])
    screen().print(at_terminal(grid))
    if markdown:
        markdown.write_text(as_markdown(grid), encoding="utf-8")
    return Exit.failed if figure.met is False else Exit.done


def in_ms(seconds: Sequence[float]) -> list[str]:
    """Median, 99th percentile and maximum, in milliseconds; dots where there is none."""
    if not seconds:
        return ["·"] * 3
    return [f"{value * 1000:.0f}" for value in np.percentile(seconds, (50, 99, 100))]


def shares(stages: Counter[str]) -> str:
    """The largest first, in words."""
    found = stages.most_common()
    return ", ".join(f"{name} {count / stages.total():.0%}" for name, count in found)


def target(said: str, met: bool) -> str:
    """A note on the target."""
    return f"target: {said}: {'met' if met else 'MISSED'}"
