"""How a person at the terminal is asked: what was typed ahead is no answer, and whatever is no
answer is answered with a word, never asked again in silence."""

import select
import sys
import termios
from collections.abc import Callable
from contextlib import suppress

import click
from rich.console import Console

from ..errors import InputError
from ..text_safety.lines import one_line
from .screen import say, shown

LOOK_S = 0.5
CHOICES = {"a": "approve", "r": "reject", "e": "edit", "l": "later"}
"""What may be chosen, by its letter."""
Ask = Callable[[str], str]


def fresh(console: Console, question: str, look: Callable[[], None]) -> str:
    """An answer given to this question: what was typed before it was asked is no answer. `look` is
    called while nobody types, and may raise. Raises EOFError at the end of the input."""
    with suppress(termios.error, OSError, ValueError):  # no terminal: nothing to type ahead on
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    console.print(question, end="")
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        look()
    if not (typed := sys.stdin.readline()):
        raise EOFError
    return typed


def choice(console: Console, ask: Ask, letters: str, more: Callable[[], None]) -> str:
    """One of the words of these letters, or later; `more` shows all that is known."""
    words = [CHOICES[letter] for letter in (*letters, "l")]
    offered = ", ".join(f"({word[0]}){word[1:]}" for word in words)
    while True:
        given = ask(f"  {offered}, ? for more: ").strip().lower()
        if match := [word for word in words if given and word.startswith(given)]:
            return match[0]
        if given == "?":
            more()
            continue
        said = f"“{shown(given, 40)}” is none of these" if given else "nothing was typed"
        wanted = ", ".join(f"{word[0]} to {word}" for word in words[:-1])
        say(console, ("  ", ""), (f"{said}, nothing is decided: type {wanted}", "watch"))


def reason(console: Console, ask: Ask) -> str:
    """Why not; empty where the person gives none the second time, and nothing is decided then."""
    for _time in range(2):
        if said := one_line(ask("  why not? ")):
            return said
        text = "a few words are enough: the response heeds them, and people read them after you"
        say(console, ("  ", ""), (text, "watch"))
    say(console, ("  ", ""), ("nothing is decided", "watch"))
    return ""


def agreed(ask: Ask, question: str) -> bool:
    """Whether it was a yes: whatever else is none."""
    return ask(f"{question} (y)es, or no: ").strip().lower() in ("y", "yes")


def edited(text: str) -> str:
    """Another text in place of this one, by the person's own editor; the same where they leave it
    as it was. Raises InputError without an editor."""
    try:
        return click.edit(text, extension=".md") or text
    except click.ClickException as error:
        raise InputError(f"{error.format_message()}: name one in EDITOR") from error
