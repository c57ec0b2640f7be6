"""`warroom eval rca --report DIR`: a page with a picture for every failure, and a list of them.

Written after the answers are scored, from what the runs keep: no truth is opened here.
"""

from pathlib import Path
from re import sub

from ...errors import InputError
from ...prompts.neutral import data
from .cases import RcaCase
from .page import headline, page
from .picture import picture
from .results import RcaEvaluation, RcaRun

PAGE = "README.md"
"""The list of the pages."""


def folder_for(report: Path) -> Path:
    """The folder, made where it is not there. Raises InputError where that is not possible."""
    try:
        report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{report} cannot be made ({error}); name another folder") from error
    return report


def write_report(folder: Path, found: RcaEvaluation, cases: list[RcaCase]) -> list[Path]:
    """Write everything; the pages of the failures, in the order of the runs."""
    known = {case.name: case for case in cases}
    failures = [run for run in found.runs if failed(run)]
    pages = [_written(folder, run, known[f"{run.set}/{run.id}"]) for run in failures]
    (folder / PAGE).write_text(_listed(found, failures, pages), encoding="utf-8")
    return pages


def failed(run: RcaRun) -> bool:
    """Whether it named another service than the guilty one, or none. Chance has no page."""
    return run.marks is not None and run.answer is not None and run.marks.at[0] < 1


def _written(folder: Path, run: RcaRun, case: RcaCase) -> Path:
    name = sub(r"[^\w.-]", "-", f"{run.set}-{run.id}-{run.method}")
    drawing = picture(case, run.answer, run.guilty, headline(run, 38)) if run.answer else ""
    (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")
    file = folder / f"{name}.md"
    file.write_text(page(run, f"{name}.svg"), encoding="utf-8")
    return file


def _listed(found: RcaEvaluation, failures: list[RcaRun], pages: list[Path]) -> str:
    scored = [run for run in found.runs if run.marks and run.answer]
    head = f"# {len(failures)} of {len(scored)} answers do not name the guilty service\n"
    lines = [
        f"- [{data(headline(run))}]({file.name})" for run, file in zip(failures, pages, strict=True)
    ]
    return "\n".join([head, *lines]) + "\n"
