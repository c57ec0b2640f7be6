"""`warroom eval rca`: who is guilty, by several methods on public root-cause cases."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ..evals.rca_cases import rca_cases
from ..evals.rca_methods import rca_methods
from ..evals.rca_results import RcaEvaluation, RcaRun, answered, save
from ..evals.rca_table import rca_grids
from .eval import check_writable, present
from .exits import Exit
from .screen import say, screen, shown
from .settings import settings


@dataclass(frozen=True)
class RcaOptions:
    """What the command line set."""

    cases: Path | None = None
    sets: list[str] = field(default_factory=list)
    methods: str = ""
    json: Path | None = None
    markdown: Path | None = None


def eval_rca_command(options: RcaOptions) -> Exit:
    """Answer, score, show, write. A method that could not be scored at all makes it a failure."""
    console, configured = screen(), settings()
    named = [word.strip() for word in options.methods.split(",") if word.strip()]
    methods, cases = rca_methods(configured, named), rca_cases(options.cases, options.sets)
    for target in (options.json, options.markdown):
        check_writable(target)
    found = RcaEvaluation()
    for run in answered(cases, methods, options.cases or Path()):
        found.runs.append(run)
        _told(console, run)
        if options.json:  # who interrupts it keeps what there is
            save(found, options.json)
    present(console, rca_grids(found), "warroom eval rca", found.made_at, options.markdown)
    scored = all(any(run.marks for run in found.of(name)) for name in found.methods())
    return Exit.done if scored else Exit.failed


def _told(console: Console, run: RcaRun) -> None:
    """One line a run, as it ends."""
    if run.marks is None:
        answer, mark = f"unscored: {run.unscored}", ("  ? ", "watch")
    else:
        answer = _blamed(run)
        mark = ("  ✓ ", "good") if run.marks.at[0] == 1 else ("  ✖ ", "bad")
    name = f"{shown(f'{run.set}/{run.id}'):<24} {shown(run.method):<12} "
    say(console, mark, name, f"{run.seconds:6.2f} s  ", shown(answer))


def _blamed(run: RcaRun) -> str:
    if run.answer is None:
        return "by chance"
    return run.answer.first() or "nobody, or several alike"
