"""The tail of what a model writes, on one line that comes and goes; only on a terminal."""

import time
from collections.abc import Callable
from itertools import takewhile

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from .screen import shown

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
