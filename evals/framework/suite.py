"""One evaluation from end to end: runs are made, told, kept as they come, and shown as tables."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console

from ...console.screen import say
from .files import check_writable, read_json, write_json
from .grid import ResultGrid, as_markdown, at_terminal
from .runs import Evaluation

E = TypeVar("E", bound=Evaluation[Any])
R = TypeVar("R")
MARKS = {True: ("  ✓ ", "good"), False: ("  ✖ ", "bad"), None: ("  ? ", "watch")}


@dataclass(frozen=True)
class ResultFiles:
    """Where results go, and an earlier one to compare with."""

    json: Path | None = None
    markdown: Path | None = None
    compare: Path | None = None


@dataclass(frozen=True)
class RunLine:
    """One run in a line."""

    name: str
    seconds: float
    answer: str
    right: bool | None  # None: unscored
    used: str = ""


@dataclass(frozen=True)
class Suite(Generic[E, R]):
    """What `warroom eval …` runs, and how its results read."""

    command: str
    found: E  # still empty
    runs: Iterable[R]  # each is made when it is asked for
    told: Callable[[R], RunLine | None]  # None: nothing to tell
    tables: Callable[[E], list[ResultGrid]]
    compared: Callable[[E, E], ResultGrid]  # now, before


def evaluate(console: Console, suite: Suite[E, R], files: ResultFiles) -> E:
    """Run, tell, keep, show. The file is written after each run: who interrupts it keeps what
    there is. Raises InputError, before anything runs, for files that cannot be used."""
    found, before = suite.found, stored(files.compare, type(suite.found)) if files.compare else None
    for target in (files.json, files.markdown):
        check_writable(target)
    for run in suite.runs:
        found.runs.append(run)
        if told := suite.told(run):
            _tell(console, told)
        if files.json:
            write_json(found.to_json(), files.json)
    tables = suite.tables(found) + ([suite.compared(found, before)] if before else [])
    _present(
        console, tables, f"{suite.command}, {found.made_at:%Y-%m-%d %H:%M} UTC", files.markdown
    )
    return found


def stored(file: Path, kind: type[E]) -> E:
    """An earlier evaluation's JSON. Raises InputError where it is none."""
    return read_json(file, kind.model_validate, "name what --json wrote")


def _tell(console: Console, told: RunLine) -> None:
    say(console, MARKS[told.right], told.name, f"{told.seconds:6.2f} s  ", told.answer, told.used)


def _present(console: Console, tables: list[ResultGrid], title: str, markdown: Path | None) -> None:
    """Every table at the terminal, and as Markdown in the file where one is named."""
    for table in tables:
        console.print()
        console.print(at_terminal(table))
    if markdown:
        text = "\n".join([f"# {title}\n", *map(as_markdown, tables)])
        markdown.write_text(text, encoding="utf-8")
