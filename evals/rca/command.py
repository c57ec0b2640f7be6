"""`warroom eval rca`: who is guilty, by several methods on public root-cause cases."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from ...app.configuration import settings
from ...console.exits import Exit
from ...console.screen import say, screen, shown
from ...errors import InputError
from ...settings import Settings
from ..framework.grid import Grid
from ..incidents.command import check_writable, present
from .answer import RcaMethod
from .cases import rca_cases
from .compare import rca_compared
from .methods import rca_methods
from .part import without
from .report import PAGE, folder_for, write_report
from .results import DOES_NOT_APPLY, RcaEvaluation, RcaRun, answered, rca_stored, save
from .tables import rca_grids
from .versions import AS_IT_IS, Version, ablation, degraded, version_grids, versions_of

FLOOR = "floor"
"""What versions of cases are answered with where no method is named."""


@dataclass(frozen=True)
class RcaOptions:
    """What the command line set."""

    cases: Path | None = None
    sets: list[str] = field(default_factory=list)
    methods: str = ""
    json: Path | None = None
    markdown: Path | None = None
    without: str = ""
    ablation: bool = False
    degraded: bool = False
    compare: Path | None = None
    report: Path | None = None

    @property
    def versions(self) -> list[Version]:
        """The versions of every case that were asked for; none: each case as it is."""
        asked = (ablation() if self.ablation else [], degraded() if self.degraded else [])
        return [version for versions in asked for version in versions]


def eval_rca_command(options: RcaOptions) -> Exit:
    """Answer, score, show, write. A method that could not be scored at all makes it a failure."""
    console, configured = screen(), settings()
    before = rca_stored(options.compare) if options.compare else None
    shown_part = without(options.without)
    methods = methods_of(options, configured)
    cases = [case.seen(shown_part) for case in rca_cases(options.cases, options.sets)]
    for target in (options.json, options.markdown):
        check_writable(target)
    folder = folder_for(options.report) if options.report else None
    found = RcaEvaluation(without=sorted(shown_part.without))
    for run in answered(cases, methods, options.cases or Path()):
        found.runs.append(run)
        if not (options.versions and run.unscored == DOES_NOT_APPLY):
            _told(console, run)
        if options.json:  # who interrupts it keeps what there is
            save(found, options.json)
    tables = _tables(found, options, before)
    present(console, tables, "warroom eval rca", found.made_at, options.markdown)
    if folder:
        pages = write_report(folder, found, cases)
        say(console, f"failures with a page each: {len(pages)}, in {shown(str(folder / PAGE))}")
    needed = [AS_IT_IS.name] if options.versions else found.methods()
    scored = all(any(run.marks for run in found.of(name)) for name in needed)
    return Exit.done if scored else Exit.failed


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


def _tables(found: RcaEvaluation, options: RcaOptions, before: RcaEvaluation | None) -> list[Grid]:
    title = options.methods.strip() or FLOOR
    tables = version_grids(found, title) if options.versions else rca_grids(found)
    return tables + ([rca_compared(found, before)] if before else [])


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
