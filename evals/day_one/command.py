"""`warroom eval day-one FIGURE`: what is measured over real servers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...console.drill import seeds_of
from ...console.exits import Exit
from ...console.screen import screen
from ...drills.fault import Fault
from ...drills.faults import FAULTS
from ...drills.surprise import draw
from ...errors import InputError
from ..framework.files import check_writable
from ..framework.grid import ResultGrid, as_markdown, at_terminal
from .drills import SOURCES, both, compared
from .first_answer import first_answer
from .stores import check_there
from .window import window


@dataclass(frozen=True)
class DayOneOptions:
    """What the command line set."""

    figure: str
    drills: list[str] = field(default_factory=list)
    seeds: str = ""
    over: str = ""
    json: Path | None = None
    markdown: Path | None = None


def day_one_command(options: DayOneOptions) -> Exit:
    """Measure and show. Raises InputError for what there is not."""
    measures = {"first-answer": lambda _: first_answer(), "window": lambda _: window()}
    measures |= {"drills": _drills}
    if options.figure not in measures:
        raise InputError(f"no figure {options.figure!r}; there are: {', '.join(measures)}")
    for target in (options.json, options.markdown):
        check_writable(target)
    grids, met = measures[options.figure](options)
    for grid in grids:
        screen().print()
        screen().print(at_terminal(grid))
    if options.markdown:
        options.markdown.write_text("\n".join(map(as_markdown, grids)), encoding="utf-8")
    return Exit.done if met else Exit.failed


def _drills(options: DayOneOptions) -> tuple[list[ResultGrid], bool]:
    over = options.over.split(",")
    if unknown := [name for name in over if name not in SOURCES]:
        raise InputError(f"nothing is read over {unknown[0]!r}; there are: {', '.join(SOURCES)}")
    if "live" in over:
        check_there()
    runs = both(_faults(options), over, options.json)
    return [compared(runs)], bool(runs)


def _faults(options: DayOneOptions) -> Iterable[Fault]:
    if unknown := [name for name in options.drills if name not in FAULTS]:
        raise InputError(f"no drill {unknown[0]!r}; there are: {', '.join(FAULTS)}")
    return [*map(FAULTS.__getitem__, options.drills), *map(draw, seeds_of((), options.seeds))]
