"""Chosen specialists' reports of one incident as Markdown, to be read on their own."""

from collections.abc import Sequence
from typing import Any

from ..incident.document import Incident
from ..incident.report import Report
from .render import render

TEMPLATE = "specialists.md"
INVESTIGATION = 4
"""The step whose hypotheses the document holds."""


def specialists_markdown(document: Incident, steps: Sequence[int], title: str = "") -> str:
    """The last report of each of these steps, in this order; steps without one are left out."""
    found = [report for step in steps if (report := document.report(step)) is not None]
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
        document.hypotheses if report.step == INVESTIGATION else [],
        [finding for finding in document.findings if finding.step == report.step],
        [gap for gap in document.gaps if gap.specialist == report.specialist],
    )
