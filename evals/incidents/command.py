"""`warroom eval`: cases are answered by several methods, scored, and shown side by side."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from ...app.configuration import settings
from ...console.exits import Exit
from ...console.screen import say, screen, shown
from ...errors import InputError
from ...settings import Settings
from ..framework.grid import Grid, as_markdown, at_terminal
from .cases import Case, cases
from .compare import compared
from .recordings import recorded
from .results import Evaluation, asked, save, stored
from .run import (
    FLOOR,
    TRIVIAL,
    Method,
    Run,
    Runner,
    configured_models,
    model_layer_for,
    need_model,
    of_model,
)
from .tables import grids

METHODS = ("trivial", "floor", "model")


@dataclass(frozen=True)
class Options:
    """What the command line set."""

    cases: Path | None = None
    only: list[str] = field(default_factory=list)
    methods: str = ""
    models: list[str] = field(default_factory=list)
    repeat: int = 1
    rehearse: bool = False
    json: Path | None = None
    markdown: Path | None = None
    compare: Path | None = None


def eval_command(options: Options) -> Exit:
    """Run, score, show, write. A method that could not be scored at all makes it a failure."""
    console, configured = screen(), settings()
    methods = methods_of(options, configured)
    before = stored(options.compare) if options.compare else None
    for target in (options.json, options.markdown):
        check_writable(target)
    runner = Runner(configured, model_layer_for, options.rehearse)
    with TemporaryDirectory() as folder:
        found = _evaluated(console, runner, _cases(options, Path(folder)), methods, options)
    tables = grids(found)
    tables += [compared(found, before)] if before else []
    present(console, tables, "warroom eval", found.made_at, options.markdown)
    scored = all(any(run.answer for run in found.of(name)) for name in found.methods())
    return Exit.done if scored else Exit.failed


def methods_of(options: Options, configured: Settings) -> list[Method]:
    """What is run: trivial always, the floor, and models where they are asked for or configured.

    Raises InputError for an unknown method.
    """
    named = [word.strip() for word in options.methods.split(",") if word.strip()]
    for word in named:
        if word not in METHODS:
            raise InputError(f"no method {word!r}; there are: {', '.join(METHODS)}")
    if not named:
        named = ["floor", "model"] if configured.model_configured else ["floor"]
    floor = [FLOOR] if "floor" in named else []
    models = [of_model(name) for name in dict.fromkeys(options.models)]
    if "model" in named and not models:
        models = [configured_models(configured)]
    if models and not (options.models and configured.endpoint_key):
        need_model(configured)  # before minutes of work
    return [TRIVIAL, *floor, *models]


def check_writable(target: Path | None) -> None:
    """Raise InputError before minutes of work, not after them."""
    if target and (target.is_dir() or not target.absolute().parent.is_dir()):
        raise InputError(f"{target} cannot be written; name a file in a folder that exists")


def present(
    console: Console, tables: list[Grid], command: str, made_at: datetime, markdown: Path | None
) -> None:
    """Every table at the terminal, and as Markdown in the file where one is named."""
    for table in tables:
        console.print()
        console.print(at_terminal(table))
    if markdown:
        head = f"# {command}, {made_at:%Y-%m-%d %H:%M} UTC\n"
        text = "\n".join([head, *map(as_markdown, tables)])
        markdown.write_text(text, encoding="utf-8")


def _cases(options: Options, folder: Path) -> list[Case]:
    if options.cases:
        return cases(options.cases, options.only)
    return recorded(folder, options.only)


def _evaluated(
    console: Console, runner: Runner, taken: list[Case], methods: list[Method], options: Options
) -> Evaluation:
    """Every run. The file is written after each: who interrupts it keeps what there is."""
    found = Evaluation(rehearsed=runner.rehearse, cases=[asked(case) for case in taken])
    for number in range(1, options.repeat + 1):
        for case in taken:
            for method in methods:
                found.runs.append(runner.run(case, method, number))
                _told(console, found.runs[-1])
                if options.json:
                    save(found, options.json)
    return found


def _told(console: Console, run: Run) -> None:
    """One line a run, as it ends."""
    if run.answer is None:
        answer, mark = f"unscored: {run.unscored}", ("  ? ", "watch")
    else:
        blamed = f"{run.answer.service}: {run.answer.kind.value}".removeprefix(": ")
        answer = f"{blamed} · {run.answer.severity.value if run.answer.severity else 'no level'}"
        mark = ("  ✓ ", "good") if run.marks["cause"] else ("  ✖ ", "bad")
    used = f" · {run.use.tokens:,} tokens" if run.use.tokens else ""
    name = f"{shown(run.case):<20} {shown(run.method):<10} "
    say(console, mark, name, f"{run.use.seconds:6.2f} s  ", shown(answer), used)
