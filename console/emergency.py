"""When nothing else works: `warroom diagnose`, `recover` and `watch` need neither database nor
service nor model."""

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, By, Dumps, Hands

EMERGENCY = typer.Typer(rich_markup_mode=None)
System = Annotated[Path, typer.Argument(metavar="FILE", help="How one may look and act.")]


@EMERGENCY.command()
def diagnose(
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[URL|HOST:PORT]…", help="Besides the system.")
    ] = None,
    operations: Hands = None,
    kubernetes: Dumps = None,
    verbose: Annotated[bool, typer.Option("-v", help="What is well, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at all that a person would look at first: names, ports, certificates, endpoints,
    processes, restarts, errors, the database, this machine. Changes nothing."""
    from .diagnose import diagnose_command

    raise typer.Exit(diagnose_command(places or [], operations, kubernetes, verbose, as_json))


@EMERGENCY.command()
def recover(
    operations: System,
    by: By = "on-call commander",
    undo: Annotated[
        int | None, typer.Option(metavar="N", help="Take back the action of this number.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="What was done here.")] = False,
) -> None:
    """A menu of the actions that this system offers: each is shown whole and approved by you."""
    from .recover import recover_command

    raise typer.Exit(recover_command(operations, by, undo, list_them))


@EMERGENCY.command()
def watch(
    operations: System,
    telemetry: Annotated[
        Path | None, typer.Argument(metavar="[BUNDLE]", help="A live bundle to write into.")
    ] = None,
) -> None:
    """Until Ctrl-C: write what changes of a system's state (grants, settings, environments, who
    waits for whom) into its bundle; without one, say what changes of its health."""
    if telemetry is None:
        from .diagnose import watch_command

        return watch_command(operations)
    from ..targets.state_log import EVERY_S, FILE, watch
    from ..telemetry.bundle import header

    header(telemetry)
    typer.echo(f"{telemetry / FILE}: looking every {EVERY_S:g} s")
    return watch(operations, telemetry)
