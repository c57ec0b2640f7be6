"""The command line. Every command imports what it needs when it runs: the help is instant.

This is the edge of the process: an error of ours ends in one line and an exit code (exits.py),
anything else in one line that says where the details were written. Never a traceback.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, NotFound
from .across import ACROSS
from .by_hand import BY_HAND
from .contents import Contents
from .emergency import EMERGENCY
from .game_day import GAME_DAY
from .keeping import KEEP, bundle, catalog
from .memory import SEEN, memory
from .notifying import notify
from .oncall import ACK, oncall
from .options import AsJson, Bundle, By, Dumps, Hands, Id, Newest, Verbose
from .people import PEOPLE
from .plans import PLANS
from .rules import rules
from .running import ADMINISTER, RUN
from .status_page import status_page

app = typer.Typer(
    name="warroom",
    cls=Contents,
    help="A multi-agent incident responder that proves every word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 failed, 2 bad input, 3 not found, 4 waits for a person, "
    "5 ended unresolved, 6 a replay drifted, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(f"warroom {version('warroom')}")
    except PackageNotFoundError:
        raise NotFound(
            "this warroom is not installed and has no version; install it first"
        ) from None
    raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    env_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Settings; default .env in WARROOM_HOME, if that is set."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default WARROOM_CONFIG, else warroom.yaml here."),
    ] = None,
) -> None:
    """Options of warroom itself; the help's text is the app's."""
    if env_file:
        from ..app.configuration import use_env_file

        use_env_file(env_file)
    if config or Path("warroom.yaml").exists():
        from ..app.configuration_file import find_configuration, use_configuration

        use_configuration(config) if config else find_configuration()


@app.command()
def drill(
    name: Annotated[
        str | None, typer.Argument(help="Which, 'all', 'compose', or 'surprise' with a seed.")
    ] = None,
    faults: Annotated[
        str, typer.Argument(metavar="[A+B]", help="To compose: faults with + between.")
    ] = "",
    after: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="From one composed fault to the next.")
    ] = 0.0,
    list_them: Annotated[bool, typer.Option("--list", help="List the drills.")] = False,
    score: Annotated[bool, typer.Option("--score", help="Score against the truth.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the telemetry as a bundle there.")
    ] = None,
    as_json: AsJson = False,
    approve: Annotated[
        bool,
        typer.Option(
            "--approve-as-drill-commander",
            help="Approve every plan and text automatically: this is a drill.",
        ),
    ] = False,
    prometheus: Annotated[
        bool | None,
        typer.Option(
            "--prometheus/--no-prometheus",
            help="Alert through Prometheus and Alertmanager; default: where both are installed.",
        ),
    ] = None,
    pages: Annotated[
        bool, typer.Option("--pages", help="Serve its pages too, until you are done with them.")
    ] = False,
    seed: Annotated[
        list[int] | None, typer.Option(help="Draw a surprise by this seed; may be repeated.")
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="FIRST-LAST", help="Draw one surprise by each of these seeds.")
    ] = "",
    world: Annotated[
        str, typer.Option(help="What is broken: shop, or queue, a parcel desk of workers.")
    ] = "shop",
    verbose: Verbose = False,
) -> None:
    """Break a small system for real, and respond."""
    from .drill import Options, drill_command, seeds_of

    drawn = seeds_of(seed or [], seeds)
    shown = (pages, verbose, faults, after)
    options = Options(score, keep, as_json, approve, prometheus, drawn, world, *shown)
    raise typer.Exit(drill_command(name, list_them, options))


@app.command()
def triage(
    alert: Annotated[
        str | None,
        typer.Argument(metavar="[ALERT.json]", help="Or words; '-' reads stdin."),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="What fires now, the worst first.")] = False,
    telemetry: Bundle = None,
    kubernetes: Dumps = None,
    operations: Hands = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Respond to an alert in JSON, to what fires, or to "checkout is slow since 14:05"."""
    from .triage import triage_command

    if (now and alert is not None) or not (now or alert or kubernetes):
        raise InputError("name a file with an alert, say what is wrong, or give --now")
    found = triage_command(alert, now, telemetry, kubernetes, operations, as_json, verbose)
    raise typer.Exit(found)


@app.command()
def show(
    incident: Newest = None,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The whole document.")] = False,
) -> None:
    """Show an incident, also after a restart."""
    from .show import show_command

    raise typer.Exit(show_command(incident, as_json, markdown))


@app.command()
def incidents(as_json: AsJson = False) -> None:
    """List all incidents, newest first."""
    from .show import incidents_command

    raise typer.Exit(incidents_command(as_json))


@app.command()
def approve(
    incident: Id,
    subject: Annotated[str, typer.Argument(metavar="HASH", help="Of the plan or text.")],
    edit: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Change a parameter: approves a new plan."),
    ] = None,
    by: By = "on-call commander",
    as_json: AsJson = False,
) -> None:
    """Approve one exact plan or text, by its hash."""
    from .commander import approve_command

    raise typer.Exit(approve_command(incident, subject, edit or [], by, as_json))


@app.command()
def reject(
    incident: Id,
    subject: Annotated[str, typer.Argument(metavar="HASH", help="Of the plan or text.")],
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    by: By = "on-call commander",
    as_json: AsJson = False,
) -> None:
    """Reject one exact plan or text, with a reason."""
    from .commander import reject_command

    raise typer.Exit(reject_command(incident, subject, reason, by, as_json))


@app.command()
def resume(
    incident: Id,
    telemetry: Bundle = None,
    operations: Hands = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Go on with an incident after an answer, or after a crash."""
    from .triage import resume_command

    raise typer.Exit(resume_command(incident, telemetry, operations, as_json, verbose))


@app.command()
def postmortem(incident: Newest = None, as_json: AsJson = False) -> None:
    """Print the blameless postmortem: as published, before that as drafted."""
    from .show import postmortem_command

    raise typer.Exit(postmortem_command(incident, as_json))


@app.command()
def graph(
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an SVG picture.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a PNG; needs rsvg-convert.")
    ] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print it as Mermaid text.")] = False,
) -> None:
    """Draw the response as a graph."""
    from .graph import graph_command

    raise typer.Exit(graph_command(svg, png, mermaid))


@app.command(
    "eval",
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],  # the benchmarks have a help of their own
    },
)
def evaluate(context: typer.Context) -> None:
    """Score playbooks and models on recorded incidents."""
    if find_spec("..evals", __package__) is None:
        raise NotFound(
            "the benchmarks come with the source tree: clone it, and run `make setup` there"
        )
    run = import_module("..evals.command", __package__).evaluations
    raise typer.Exit(run(context.args, prog_name=context.command_path, standalone_mode=False))


for part in (KEEP, RUN, ACK, ACROSS, BY_HAND, EMERGENCY, SEEN):
    app.add_typer(part)
app.add_typer(memory, name="memory")
app.add_typer(oncall, name="oncall")
app.add_typer(GAME_DAY, name="game-day", help="Respond to a surprise, and hear how it went.")
app.add_typer(bundle, name="bundle")
app.add_typer(catalog, name="catalog")
app.add_typer(notify, name="notify")
app.add_typer(rules, name="rules")
app.add_typer(status_page, name="status-page")
for name, group in (ADMINISTER | PEOPLE | PLANS).items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; always ends in SystemExit with a code of exits.Exit."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 (the edge of the process)
        from .exits import report

        sys.exit(report(error))
