"""The terminal: one console, few colours, nothing said by colour alone."""

import os
import sys

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from ..prompts.neutral import plain

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
        text.append(str(content), style)
    return text


def say(console: Console, *parts: tuple[object, str] | str | Text) -> None:
    """Print one line, cut with an ellipsis where the terminal ends."""
    console.print(line(*parts), no_wrap=True, overflow="ellipsis")


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
