"""`warroom memory …`, `warroom seen-before`: what is remembered of incidents that ended."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .by_hand import done, here
from .options import AsJson, By, Newest

ABOUT = "What is remembered of incidents that ended, and of old postmortems."
memory = typer.Typer(help=ABOUT, rich_markup_mode=None, no_args_is_help=True)
SEEN = typer.Typer(rich_markup_mode=None)
Which = Annotated[str, typer.Argument(metavar="ID", help="As `memory list` has it.")]
Why = Annotated[str, typer.Option("--reason", metavar="WHY", help="It goes on the record.")]
Place = Annotated[Path, typer.Argument(metavar="DIR|FILE.md")]
ADMINISTRATOR = "administrator"


@memory.command("list")
@memory.command()
def show(which: Which = "", as_json: AsJson = False) -> None:
    """What is remembered of one; of all, the newest first."""
    from ..record.memories import listed
    from .desk import print_json

    found = listed(here(ADMINISTRATOR)[0].engine, None, which)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
    for each in () if as_json else found:
        _tell(" ".join([each.account, *each.notes]))


@memory.command()
def forget(which: Which, reason: Why, by: By = ADMINISTRATOR) -> None:
    """Have it no more: here, and in what later incidents were told of it."""
    from ..app.memory import forget as drop

    store, who = here(by)
    drop(store, which, reason, who)
    done("it is forgotten; the incident's own record stays")


@memory.command()
def redact(text: str, reason: Why, by: By = ADMINISTRATOR) -> None:
    """Take a name or other text out of all that is remembered."""
    from ..app.memory import redact as clean

    store, who = here(by)
    done(f"it is taken out of {clean(store, text, reason, who)} that are remembered")


@memory.command("import")
def import_files(place: Place, by: By = ADMINISTRATOR) -> None:
    """Read old postmortems (Markdown): shown as imported, and never counted."""
    from ..app.memory import read_in

    store, who = here(by)
    for file in sorted(place.rglob("*.md")) if place.is_dir() else [place]:
        try:
            text = file.read_text(encoding="utf-8")
            found, lacks = read_in(store, text, file.name, who)
            missing = f"; not understood: {', '.join(lacks)}" if lacks else ""
            _tell(f"{file.name} is {found.id}{missing}", "✓")
        except (OSError, ValueError, InputError) as error:
            _tell(f"{file.name} was left out: {error}", "✖")


@SEEN.command("seen-before")
def seen_before(incident: Newest = None) -> None:
    """Earlier incidents that are like one, by which signs, and what became of them."""
    from ..app.configuration import settings
    from ..app.record import Record
    from ..incident.memory import signs_of
    from ..record.memories import like

    record = Record(settings())
    document = record.incident(incident)
    found = like(record.store.engine, None, document.id, signs_of(document))
    for words in [each.words for each in found] or ["nothing like it is remembered"]:
        _tell(words)


def _tell(text: str, mark: str = "·") -> None:
    from .screen import folded, line, screen, shown

    screen().print(folded(line((f"  {mark} ", "who")), shown(text, 2000)))
