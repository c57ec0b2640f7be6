"""`warroom runbook`: what is written down."""

from pathlib import Path
from typing import Annotated

import typer

runbook = typer.Typer(help="What to do when, as the team wrote it down.", rich_markup_mode=None)
PLANS = {"runbook": runbook}


@runbook.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema.")] = False,
) -> None:
    """Say of each file whether it is a runbook, or what to mend in which line."""
    from ..plans.runbook import Runbook, parse_runbook
    from .desk import print_json

    if schema:
        print_json(Runbook.model_json_schema())
    for file in files or []:
        book = parse_runbook(file.read_text(encoding="utf-8"), str(file))
        _say("✓", f"{file}: {book.name}, version {book.version}, {len(book.steps)} steps")


def _say(head: str, text: str) -> None:
    from .screen import say, screen, shown

    say(screen(), (f"  {shown(head):<{1 if len(head) == 1 else 24}} ", "strong"), shown(text, 300))
