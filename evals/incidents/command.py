"""`warroom eval`: several methods answer recorded incidents; scored, and shown side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from ...app.configuration import settings
from ...console.exits import Exit
from ...console.screen import screen, shown
from ...errors import InputError
from ...settings import Settings
from ..framework.suite import ResultFiles, RunLine, Suite, evaluate
from .cases import IncidentCase, cases, recorded
from .results import IncidentEvaluation, asked
from .run import TRIVIAL, Answering, IncidentRun, Responder, model_layer_for, need_model, run
from .tables import compared, grids

METHODS = ("trivial", "floor", "model")


@dataclass(frozen=True)
class EvalOptions:
    """What the command line set."""

    cases: Path | None = None
    only: list[str] = field(default_factory=list)
    methods: str = ""
    models: list[str] = field(default_factory=list)
    repeat: int = 1
    rehearse: bool = False
    files: ResultFiles = field(default_factory=ResultFiles)


def eval_command(options: EvalOptions) -> Exit:
    """Run, score, show, write. A method that could not be scored at all makes it a failure."""
    methods = methods_of(options, settings())
    with TemporaryDirectory() as folder:
        taken = _cases(options, Path(folder))
        suite = Suite(
            command="warroom eval",
            found=IncidentEvaluation(rehearsed=options.rehearse, cases=list(map(asked, taken))),
            runs=_runs(taken, methods, options.repeat),
            told=_told,
            tables=grids,
            compared=compared,
        )
        found = evaluate(screen(), suite, options.files)
    return Exit.done if found.all_scored(found.methods()) else Exit.failed


def methods_of(options: EvalOptions, configured: Settings) -> list[Answering]:
    """What is run: trivial always, the floor, and models where they are asked for or configured.

    Raises InputError for an unknown method.
    """
    named = [word.strip() for word in options.methods.split(",") if word.strip()]
    for word in named:
        if word not in METHODS:
            raise InputError(f"no method {word!r}; there are: {', '.join(METHODS)}")
    if not named:
        named = ["floor", "model"] if configured.model_configured else ["floor"]
    responder = Responder(configured, model_layer_for, options.rehearse)
    floor = [responder.floor()] if "floor" in named else []
    models = [responder.of_model(name) for name in dict.fromkeys(options.models)]
    if "model" in named and not models:
        models = [responder.configured()]
    if models and not (options.models and configured.endpoint_key):
        need_model(configured)  # before minutes of work
    return [TRIVIAL, *floor, *models]


def _cases(options: EvalOptions, folder: Path) -> list[IncidentCase]:
    if options.cases:
        return cases(options.cases, options.only)
    return recorded(folder, options.only)


def _runs(
    taken: list[IncidentCase], methods: list[Answering], repeats: int
) -> Iterator[IncidentRun]:
    for number in range(1, repeats + 1):
        for case in taken:
            for method in methods:
                yield run(case, method, number)


def _told(found: IncidentRun) -> RunLine:
    name, used = f"{shown(found.case):<20} {shown(found.method):<10} ", ""
    if found.answer is None or found.marks is None:
        return RunLine(name, found.use.seconds, shown(f"unscored: {found.unscored}"), None)
    answer = found.answer
    blamed = f"{answer.service}: {answer.kind.value}".removeprefix(": ")
    level = answer.severity.value if answer.severity else "no level"
    used = f" · {found.use.tokens:,} tokens" if found.use.tokens else ""
    right = bool(found.marks["cause"])
    return RunLine(name, found.use.seconds, shown(f"{blamed} · {level}"), right, used)
