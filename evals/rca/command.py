"""`warroom eval rca`: who is guilty, by several methods on public root-cause cases."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...app.configuration import settings
from ...console.exits import Exit
from ...console.screen import say, screen, shown
from ...errors import InputError
from ...settings import Settings
from ..framework.grid import ResultGrid
from ..framework.suite import ResultFiles, RunLine, Suite, evaluate
from .answers import RcaMethod
from .cases import rca_cases, without
from .compare import rca_compared
from .methods import rca_methods
from .report import PAGE, folder_for, write_report
from .results import DOES_NOT_APPLY, RcaEvaluation, RcaRun, answered
from .tables import rca_grids
from .versions import AS_IT_IS, Version, ablation, degraded, version_grids, versions_of

FLOOR = "floor"
"""What versions of cases are answered with where no method is named."""


@dataclass(frozen=True)
class RcaOptions:
    """What the command line set."""

    cases: Path | None = None
    sets: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    methods: str = ""
    without: str = ""
    ablation: bool = False
    degraded: bool = False
    report: Path | None = None
    files: ResultFiles = field(default_factory=ResultFiles)

    @property
    def versions(self) -> list[Version]:
        """The versions of every case that were asked for; none: each case as it is."""
        asked = (ablation() if self.ablation else [], degraded() if self.degraded else [])
        return [version for versions in asked for version in versions]


def eval_rca_command(options: RcaOptions) -> Exit:
    """Answer, score, show, write. A method that could not be scored at all makes it a failure."""
    console, part = screen(), without(options.without)
    methods = methods_of(options, settings())
    cases = [case.seen(part) for case in rca_cases(options.cases, options.sets, options.ids)]
    folder = folder_for(options.report) if options.report else None
    suite = Suite(
        command="warroom eval rca",
        found=RcaEvaluation(without=sorted(part.without)),
        runs=answered(cases, methods, options.cases or Path()),
        told=partial(told, options),
        tables=partial(_tables, options),
        compared=rca_compared,
    )
    found = evaluate(console, suite, options.files)
    if folder:
        pages = write_report(folder, found, cases)
        say(console, f"failures with a page each: {len(pages)}, in {shown(str(folder / PAGE))}")
    needed = [AS_IT_IS.name] if options.versions else found.methods()
    return Exit.done if found.all_scored(needed) else Exit.failed


def methods_of(options: RcaOptions, configured: Settings) -> list[RcaMethod]:
    """Who answers: the methods named, or one of them on every version of a case.

    Raises InputError for what cannot be combined.
    """
    named = [word.strip() for word in options.methods.split(",") if word.strip()]
    versions = options.versions
    if not versions:
        return rca_methods(configured, named)
    if options.without or options.report:
        raise InputError("--ablation and --degraded go without --without and --report: two runs")
    if len(named) > 1:
        raise InputError("--ablation and --degraded are of one method; name one with --method")
    (method,) = rca_methods(configured, named or [FLOOR])
    return versions_of(method, versions)


def _tables(options: RcaOptions, found: RcaEvaluation) -> list[ResultGrid]:
    title = options.methods.strip() or FLOOR
    return version_grids(found, title) if options.versions else rca_grids(found)


def told(options: RcaOptions, run: RcaRun) -> RunLine | None:
    """A version that does not apply to a case is not worth a line."""
    name = f"{shown(f'{run.set}/{run.id}'):<24} {shown(run.method):<12} "
    if run.marks is None:
        if options.versions and run.unscored == DOES_NOT_APPLY:
            return None
        return RunLine(name, run.seconds, shown(f"unscored: {run.unscored}"), None)
    return RunLine(name, run.seconds, shown(_blamed(run)), run.marks.at[0] == 1)


def _blamed(run: RcaRun) -> str:
    if run.answer is None:
        return "by chance"
    return run.answer.first() or "nobody, or several alike"
