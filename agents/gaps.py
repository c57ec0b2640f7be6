"""What could not be seen, in words."""

from ..incident.finding import Gap
from ..tools.base import Result


def coverage_gaps(coverage: Result) -> list[Gap]:
    """One gap per modality that is empty, late, half-written or at odds with the others."""
    gaps = [
        Gap(what=row["modality"], why=row["problem"] or "nothing recorded")
        for row in coverage.rows
        if row["problem"] or not row["rows"]
    ]
    if not coverage.rows:
        gaps.append(Gap(what="telemetry", why=coverage.summary or "nothing recorded"))
    return gaps
