"""`warroom eval` and its rca, peers, service and day-one as the command line takes them.

Without a sub-command the group itself runs: `warroom eval --repeat 2` stays what it was.
"""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError

AsJson = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write every run as JSON.")
]
Markdown = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the tables as Markdown.")
]
Compare = Annotated[
    Path | None, typer.Option(metavar="FILE", help="JSON of an earlier run to compare with.")
]
RcaCases = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        envvar="WARROOM_RCA_CASES",
        help="Folder with cases/SET/ID and truth.json.",
    ),
]
RcaSet = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME", help="Only this set; may be repeated."),
]
RcaId = Annotated[
    list[str] | None,
    typer.Option("--case", metavar="ID", help="Only this case; may be repeated."),
]
evaluations = typer.Typer(add_completion=False, rich_markup_mode=None)


@evaluations.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of cases; default: the recorded drills."),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this case; may be repeated.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Of trivial, floor, model; default: all that are configured."
        ),
    ] = "",
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A model of the endpoint; may be repeated."),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs of each; shows the spread.")] = 1,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Approve actions that touch nothing: all thirteen steps run."
        ),
    ] = False,
    as_json: AsJson = None,
    markdown: Markdown = None,
    compare: Compare = None,
) -> None:
    """Score playbooks and models on recorded incidents."""
    if context.invoked_subcommand:
        return _nothing_before(context)
    from .framework.suite import ResultFiles
    from .incidents.command import EvalOptions, eval_command

    files = ResultFiles(as_json, markdown, compare)
    options = EvalOptions(cases, case or [], method, model or [], repeat, rehearse, files)
    raise typer.Exit(eval_command(options))


@evaluations.command("rca")
def evaluate_rca(
    cases: RcaCases = None,
    set_: RcaSet = None,
    case: RcaId = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Of floor, nsigma, baro, correlation, symptom, random (default: all of these), "
            "and model, the response with the configured one.",
        ),
    ] = "",
    as_json: AsJson = None,
    markdown: Markdown = None,
    without: Annotated[
        str,
        typer.Option(metavar="LIST", help="Hide some of metrics, logs, traces, changes, topology."),
    ] = "",
    ablation: Annotated[
        bool,
        typer.Option("--ablation", help="The floor without each of them, and with each alone."),
    ] = False,
    degraded: Annotated[
        bool,
        typer.Option(
            "--degraded", help="The floor on late alerts, wrong clocks, lost records, no baseline."
        ),
    ] = False,
    compare: Compare = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a page with a picture for every failure."),
    ] = None,
) -> None:
    """Name the guilty service of public root-cause cases, by several methods."""
    from .framework.suite import ResultFiles
    from .rca.command import RcaOptions, eval_rca_command

    files = ResultFiles(as_json, markdown, compare)
    options = RcaOptions(
        cases, set_ or [], case or [], method, without, ablation, degraded, report, files
    )
    raise typer.Exit(eval_rca_command(options))


@evaluations.command("peers")
def evaluate_peers(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="run, or setup: install them, in exact versions.")
    ] = "run",
    cases: RcaCases = None,
    set_: RcaSet = None,
    case: RcaId = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Of floor, model, holmesgpt, opensre, first, errors, change."
        ),
    ] = "",
    as_json: AsJson = None,
    markdown: Markdown = None,
) -> None:
    """HolmesGPT and opensre on the cases of eval rca, with the configured endpoint."""
    from .framework.suite import ResultFiles
    from .peers.command import RcaOptions, peers_command

    files = ResultFiles(as_json, markdown)
    options = RcaOptions(cases, set_ or [], case or [], method, files=files)
    raise typer.Exit(peers_command(what, options))


@evaluations.command("memory")
def evaluate_memory(
    unannounced: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Recorded unannounced faults, beside the drills."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Shuffles of the order.")] = 20,
    markdown: Markdown = None,
) -> None:
    """Whether the memory tells of the right earlier incident, beside BM25 and the newest."""
    import tempfile

    from .memory import memory_grid, stream
    from .service.figure import Figure, show

    with tempfile.TemporaryDirectory() as work:
        grid = memory_grid([*stream(Path(work), unannounced)], seeds)
    raise typer.Exit(show(Figure(grid), seeds, markdown))


FIGURES = "intake, recovery, incidents, steps, memory, capacity, pages or watching"


@evaluations.command("service")
def evaluate_service(
    figure: Annotated[str, typer.Argument(metavar="FIGURE", help=f"One of {FIGURES}.")],
    database: Annotated[
        str,
        typer.Option(metavar="KIND", help="sqlite or postgresql, where both can be measured."),
    ] = "sqlite",
    size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Smaller than in full: seconds of intake, open incidents of recovery, incidents, "
            "runs of steps, alerts of memory.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is made up.")] = 1,
    markdown: Markdown = None,
) -> None:
    """How much the service takes in, how soon it is back, where its limits are."""
    from .service.command import eval_service_command

    raise typer.Exit(eval_service_command(figure, database, size, seed, markdown))


DAY_ONE = "first-answer, drills or window"


@evaluations.command("day-one")
def evaluate_day_one(
    figure: Annotated[
        str, typer.Argument(metavar="FIGURE", help=f"One of {DAY_ONE}.")
    ] = "first-answer",
    drill: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A drill; may be repeated.")
    ] = None,
    seeds: Annotated[str, typer.Option(metavar="A-B", help="Surprises, too.")] = "",
    over: Annotated[
        str, typer.Option(metavar="LIST", help="Of files and live, for drills.")
    ] = "files,live",
    as_json: AsJson = None,
    markdown: Markdown = None,
) -> None:
    """Real servers: the first answer from an empty environment, drills over servers, a long day."""
    from .day_one.command import DayOneOptions, day_one_command

    options = DayOneOptions(figure, drill or [], seeds, over, as_json, markdown)
    raise typer.Exit(day_one_command(options))


def _nothing_before(context: typer.Context) -> None:
    """Options before a sub-command belong to nobody; say so instead of dropping them."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        raise InputError(
            f"options of {context.invoked_subcommand} go after it: "
            f"warroom eval {context.invoked_subcommand} --help"
        )
