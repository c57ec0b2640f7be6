"""What could not be seen, in words."""

from ...faults import Source, fault_of
from ...incident.alert import Alert
from ...incident.finding import FaultKind, Gap
from ...tools.base import Result
from ...tools.coverage import ModalityCoverage


def coverage_gaps(coverage: Result[ModalityCoverage]) -> list[Gap]:
    """One gap per modality that is empty, late, half-written or at odds with the others."""
    gaps = [
        Gap(what=row.modality, why=row.problem or "nothing recorded")
        for row in coverage.rows
        if row.problem or not row.rows
    ]
    if not coverage.rows:
        gaps.append(Gap(what="telemetry", why=coverage.summary or "nothing recorded"))
    return gaps


def alert_gap(alert: Alert, coverage: Result[ModalityCoverage], detect_s: float) -> list[Gap]:
    """A gap where metrics end before the window that the alert looked at: then telemetry says
    nothing about it, least of all that it is noise. Samples may be a window late."""
    ends = [row.end for row in coverage.rows if row.modality == "metrics" and row.end]
    if not alert.starts_at or not ends:
        return []
    late = alert.starts_at.timestamp() - max(ends)
    if late <= 2 * detect_s:
        return []
    return [Gap(what="telemetry of the alert", why=f"metrics end {late:.0f} s before it fired")]


def baseline_gap(alert: Alert, coverage: Result[ModalityCoverage], detect_s: float) -> list[Gap]:
    """A gap where metrics begin too late to know what healthy looked like: with nothing to
    compare with, an alert may be true however calm it looks."""
    starts = [row.start for row in coverage.rows if row.modality == "metrics" and row.start]
    if not alert.starts_at or not starts:
        return []
    before = alert.starts_at.timestamp() - detect_s - min(starts)
    if before >= 2 * detect_s:
        return []
    why = (
        f"metrics begin {-before:.0f} s after the incident"
        if before < 0
        else (f"metrics begin only {before:.0f} s before the incident")
    )
    return [Gap(what="healthy time to compare with", why=why)]


NAMES = {
    Source.certificates: "certificates",
    Source.firewall: "firewall (WAF) and audit trail",
    Source.caches: "cache effectiveness",
    Source.balancers: "CDN and load balancer",
}
"""Sources that many systems do without, as people read them."""


def matters(gap: Gap, kind: FaultKind) -> bool:
    """Whether seeing it could have changed the answer to a fault of this kind."""
    source = next((source for source, name in NAMES.items() if name == gap.what), None)
    return source is None or source in fault_of(kind).sources
