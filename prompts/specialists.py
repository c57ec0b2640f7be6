"""Chosen specialists' reports of one incident as Markdown, to be read on their own."""

from collections.abc import Sequence
from typing import Any

from ..incident.document import Incident
from ..incident.report import InvestigationReport, Report
from .render import render

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
