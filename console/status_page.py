"""`warroom status-page write`: the status page as files, for any web server."""

from pathlib import Path
from typing import Annotated

import typer

status_page = typer.Typer(help="What the public is told, as files.", rich_markup_mode=None)


@status_page.callback()
def _group() -> None:
    """One command so far; it keeps its name."""


@status_page.command()
def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where a web server finds it.")],
    title: Annotated[str, typer.Option(metavar="WORDS", help="Its heading.")] = "Status",
) -> None:
    """Write the page and its Atom feed: approved texts that were sent, and no others."""
    from ..app.configuration import Sources, declared, settings
    from ..app.record import Record
    from ..app.status_page import status
    from ..app.status_page import write as write_files
    from ..incident.timeline import utc_now

    record = Record(settings())
    catalogue = declared(Sources()).catalogue
    found = status(record.settings, record.store, catalogue, utc_now())
    for file in write_files(found, folder, title):
        typer.echo(file)
