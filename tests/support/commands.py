"""Commands as documents write them: found in their blocks, held against the command line."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from warroom.console.main import app
from warroom.tests.support.house import ROOT, files

MISTYPED: type[Exception] = typer.BadParameter.__mro__[1]
"""The error of whatever cannot be typed so; typer brings it along without a name of its own."""
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = ("", "console", "sh", "bash")
"""Languages of blocks that show a terminal."""
COMMENT = re.compile(r"""("[^"]*"|'[^']*')|\s+#.*""")
INLINE = re.compile(r"`((?:\.venv/bin/)?warroom [^`]+)`")
MADE = ("docs/reference", "docs/examples")
"""Written by programs, which have tests of their own."""


def documents() -> list[Path]:
    """Every Markdown file that a person wrote, relative to the root."""
    found = [p for p in files() if p.suffix == ".md" and p.parts[0] == "docs"]
    root = [Path(name) for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return root + [p for p in found if p.parent.as_posix() not in MADE]


def commands(document: Path) -> Iterator[str]:
    """What its blocks tell the reader to type, without comments; a quote may go over lines."""
    for language, block in BLOCK.findall((ROOT / document).read_text("utf-8")):
        typed = ""
        for line in block.splitlines() if language in TYPED else ():
            typed += f"\n{line}" if typed else line.removeprefix("$ ") * line.startswith("$ ")
            try:
                words = shlex.split(typed, comments=True)
            except ValueError:
                continue
            if words:
                yield COMMENT.sub(r"\1", typed).replace(".venv/bin/", "")
            typed = ""


def inline(document: Path) -> set[str]:
    """What its sentences name."""
    text = BLOCK.sub("", (ROOT / document).read_text("utf-8"))
    return {found.replace(".venv/bin/", "") for found in INLINE.findall(text)}


def targets() -> set[str]:
    """Of the Makefile."""
    return set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def wrong(text: str) -> str:
    """Why a command cannot be typed as it stands; empty: it can."""
    name, *words = shlex.split(text)
    if name == "make":
        return "" if {*words} <= targets() else "no such target"
    command: Any = whole()
    context = None
    try:
        while True:
            context = command.make_context(name, words, parent=context)
            if not isinstance(command, TyperGroup):
                return ""
            rest = [*context._protected_args, *context.args]
            found, command, words = command.resolve_command(context, rest)
            name = found or ""
    except MISTYPED as error:
        return str(error)


@cache
def whole() -> Any:
    """The command line."""
    return typer.main.get_command(app)


def unknown(text: str) -> str:
    """The first command or option in it that there is not; empty: there are all. Arguments may be
    left out or stand for others, as in a sentence."""
    words = [word for word in re.split(r"[\s\[\]|;]+", text) if word][1:]
    command: Any = whole()
    while words and isinstance(command, TyperGroup) and not words[0].startswith("-"):
        name = words.pop(0)
        if name == "…" or name.isupper():
            return ""
        command = command.commands.get(name)
        if command is None:
            return name
        if command.context_settings.get("ignore_unknown_options"):
            return ""  # the benchmarks have a command line of their own
    known = {"--help", *(o for p in command.params for o in (*p.opts, *p.secondary_opts))}
    options = (word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word))
    return next((option for option in options if option not in known), "")
