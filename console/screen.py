"""The terminal: one console, few colours, nothing said by colour alone; one transient line."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import cache
from itertools import takewhile
from pathlib import Path

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.rule import Rule
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from ..prompts.values import plain

THEME = Theme(
    {
        "dim": "bright_black",
        "who": "cyan",
        "good": "green",
        "watch": "yellow",
        "bad": "red",
        "strong": "bold",
        "rule": "cyan",
    }
)
LOG_WIDTH = 100
"""Columns when the output is a file and nobody says how wide it is."""


def screen(to_stderr: bool = False) -> Console:
    """A console on stdout or stderr. NO_COLOR and COLUMNS are honoured."""
    stream = sys.stderr if to_stderr else sys.stdout
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else LOG_WIDTH
    return Console(stderr=to_stderr, theme=THEME, highlight=False, emoji=False, width=fixed)


def shown(value: object, limit: int = 400) -> str:
    """Text written by others as one line that cannot steer a terminal."""
    return plain(value, limit)


def line(*parts: tuple[object, str] | str | Text) -> Text:
    """One line out of (text, style) parts."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for part in parts:
        if isinstance(part, Text):
            text.append_text(part)
            continue
        content, style = part if isinstance(part, tuple) else (part, "")
        text.append(here(str(content)), style)
    return text


def say(console: Console, *parts: tuple[object, str] | str | Text) -> None:
    """Print one line, cut with an ellipsis where the terminal ends; one with a command of ours in
    backticks is printed whole: it is there to be copied."""
    text = line(*parts)
    text.overflow = "ignore" if f"`{called()} " in text.plain else "ellipsis"
    console.print(text, no_wrap=True, overflow=text.overflow, crop=text.overflow != "ignore")


def folded(head: Text, *parts: tuple[object, str] | str | Text) -> Table:
    """A head, and every word of the parts folded beside it."""
    body = line(*parts)
    body.no_wrap, body.overflow = False, "fold"
    grid = Table.grid()
    grid.add_column(width=head.cell_len, no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(head, body)
    return grid


def heading(title: str) -> Rule:
    """A section's title across the width."""
    return Rule(Text(title, "strong"), align="left", style="rule", characters="─")


@cache
def called() -> str:
    """By what this program is run here: its name where the shell finds it, else the way to it."""
    name, found = sys.argv[0], shutil.which("warroom")
    itself = Path(name).resolve()
    if itself.name != "warroom" or (found and Path(found).resolve() == itself):
        return "warroom"
    return str(itself.relative_to(Path.cwd())) if itself.is_relative_to(Path.cwd()) else str(itself)


def here(text: str) -> str:
    """Commands of ours in backticks, as they run here."""
    return text.replace("`warroom ", f"`{called()} ")


EVERY_S = 0.1
"""A person reads no faster; chunks in between are kept for the next time."""
KEPT = 600
"""Characters of each text that are kept: more than a line shows."""
ERASE = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))


class Thinking:
    """One transient line. `clear` goes before anything else that is printed."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self.clock = clock
        self.texts: dict[str, str] = {}  # by specialist: they think side by side
        self.drawn_at = float("-inf")
        self.visible = False

    def heard(self, head: Text, who: str, chunk: str) -> None:
        """Show the end of what this specialist's model has written so far.

        Args:
            head: what the line begins with.
            who: whose text the chunk belongs to.
            chunk: as streamed; it may be anything.
        """
        if not self.console.is_terminal or self.console.is_dumb_terminal:
            return
        self.texts[who] = (self.texts.get(who, "") + chunk)[-KEPT:]
        if self.clock() - self.drawn_at < EVERY_S:
            return
        self.drawn_at = self.clock()
        self._draw(head, self.texts[who])

    def over(self, who: str) -> None:
        """The answer is there: its text is done with."""
        self.texts.pop(who, None)

    def clear(self) -> None:
        """Take the line away, if there is one."""
        if self.visible:
            self.console.control(ERASE)
            self.visible = False

    def _draw(self, head: Text, text: str) -> None:
        self.clear()
        line = head.copy()
        line.append("… ", "dim")
        line.append(tail(shown(text, KEPT), self.console.width - line.cell_len - 1), "dim")
        self.console.print(line, end="", no_wrap=True, overflow="crop")
        self.visible = True


def tail(text: str, width: int) -> str:
    """The end of a text that fits into so many columns."""
    if cell_len(text) <= width:
        return text
    used = 0

    def fits(character: str) -> bool:
        nonlocal used
        used += get_character_cell_size(character)
        return used <= width

    return "".join(takewhile(fits, reversed(text)))[::-1]
