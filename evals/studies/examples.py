"""Specialists' reports on public cases, as examples to read:

    python -m warroom.evals.studies.examples --cases DIR --to FOLDER SET/ID …

One page a case with what observability, the debugger and performance reported, no model asked. The
truth is not opened: the pages say what Warroom said.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ...errors import InputError
from ...incident.document import Incident
from ...incident.report import InvestigationReport, PerformanceReport, Report, SweepReport
from ...prompts.render import render
from ...settings import Settings
from ..rca.cases import RcaCase, rca_cases
from ..rca.floor import respond_to

TEMPLATE = "specialists.md"


def specialists_markdown(document: Incident, kinds: Sequence[type[Report]], title: str = "") -> str:
    """The last report of each of these kinds, in this order; what was not reported is left out."""
    found = [report for kind in kinds if (report := document.report(kind)) is not None]
    return render(
        TEMPLATE,
        doc=document,
        title=title or document.title,
        severity=document.severity.value if document.severity else "not classified",
        parts=[_part(document, report) for report in found],
    )


def _part(document: Incident, report: Report) -> tuple[Any, ...]:
    """A report with what the document took out of it: causes, findings, gaps."""
    return (
        report,
        document.hypotheses if isinstance(report, InvestigationReport) else [],
        [finding for finding in document.findings if finding.step == report.step],
        [gap for gap in document.gaps if gap.specialist == report.specialist],
    )


REPORTS = (SweepReport, InvestigationReport, PerformanceReport)


def main(
    names: Annotated[list[str], typer.Argument(metavar="SET/ID", help="Cases to answer.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the pages go.")],
    cases: Annotated[Path | None, typer.Option(metavar="DIR", help="Root-cause cases.")] = None,
) -> None:
    """Write one page a case."""
    known = {case.name: case for case in rca_cases(cases)}
    for name in names:
        if name not in known:
            raise InputError(f"no case {name!r}; cases are named SET/ID")
        page = to / f"{name.replace('/', '-')}.md"
        to.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(known[name]), encoding="utf-8")
        typer.echo(page)


def _page(case: RcaCase) -> str:
    document = respond_to(case, Settings())
    title = f"Public root-cause case {case.name}, answered without a model."
    return specialists_markdown(document, REPORTS, title)


if __name__ == "__main__":
    typer.run(main)
