"""The commands about telemetry that is kept: record, replay, bundle, catalog.

Declared here, done in recordings.py: the help stays instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Bundle, By, Newest

KEEP = typer.Typer(rich_markup_mode=None)
"""Commands of warroom itself."""
bundle = typer.Typer(help="Check or make a bundle of telemetry.", rich_markup_mode=None)
catalog = typer.Typer(help="Who calls whom, as Backstage has it.", rich_markup_mode=None)


@KEEP.command()
def record(
    what: Annotated[
        str, typer.Argument(metavar="[INC|BUNDLE]", help="An incident, or a live bundle's folder.")
    ] = "",
    into: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="As --out.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to make; default the incident's own.")
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="14:00..15:00", help="A window of the backends, UTC.")
    ] = "",
    service: Annotated[
        str, typer.Option(metavar="S", help="With its neighbours; default every service.")
    ] = "",
    telemetry: Bundle = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Of a live bundle, up to its newest row.")
    ] = 60,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Replace names, mask personal data.")
    ] = False,
) -> None:
    """Keep telemetry as a bundle, to be triaged or asked again."""
    from .recordings import record_command

    raise typer.Exit(
        record_command(what, out or into, window, service, telemetry, minutes, anonymise)
    )


@KEEP.command()
def improvements(
    incident: Annotated[str, typer.Argument(metavar="INC", help="The incident's id.")],
    into: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files.")],
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Ask for a merge where warroom.yaml says.")
    ] = False,
    by: By = "on-call",
) -> None:
    """Write what would have warned earlier as files to merge: rules, dashboard, SLO, chaos."""
    from ..app.configuration import settings
    from ..app.improvements import ask_for
    from ..app.improvements import improvements as write
    from ..app.record import Record
    from ..incident.identity import at_terminal

    record = Record(settings())
    files = write(record.published(incident), into)
    for file in files:
        typer.echo(file)
    if pull_request:
        typer.echo(ask_for(record.store, incident, files, at_terminal(by)))


@KEEP.command()
def replay(
    incident: Newest = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the backends as they are now.")] = False,
    telemetry: Bundle = None,
    as_json: AsJson = False,
) -> None:
    """Ask all questions of an incident again and say what is answered otherwise."""
    from .recordings import replay_command

    raise typer.Exit(replay_command(incident, live, telemetry, as_json))


@catalog.command("write")
def write_catalogue(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To make: catalog-info.yaml.")],
) -> None:
    """Write down the services and calls that the datasources show, for you to correct."""
    from .catalogue import write_catalogue_command

    raise typer.Exit(write_catalogue_command(file))


@bundle.command("check")
def check_bundle(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="As docs/bundle.md has it.")],
    as_json: AsJson = False,
) -> None:
    """Say file, line, reason and cure of all that is wrong with it."""
    from .recordings import check_bundle_command

    raise typer.Exit(check_bundle_command(folder, as_json))


@bundle.command("sample")
def sample_bundle(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
) -> None:
    """Write a small one, to try and to copy from."""
    from .recordings import sample_bundle_command

    raise typer.Exit(sample_bundle_command(into))
