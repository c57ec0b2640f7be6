"""Security: is somebody doing this to us, did they get in, what lies open (step 5)."""

from ..faults import OptionalSource
from ..incident.evidence import EvidenceStatus
from ..incident.finding import FaultKind, Finding, Gap
from ..incident.report import NO_THREAT, FollowUp, SecurityReport
from ..tools.base import Result
from ..tools.guards import guarded
from .causes.access import tried
from .follow_ups.action_items import due
from .runtime.case import Case
from .threats import CHECKS, AccessObservations, Threat

SOURCES = 200
"""Addresses listed: more are in the evidence."""


def assess(case: Case) -> SecurityReport:
    """Step 5: attacks, refusals, exposure, certificates, attempts to steer the responder."""
    seen = AccessObservations(case)
    threats = [threat for check in CHECKS for threat in check(seen)]
    threats.sort(key=lambda threat: -threat.sureness)
    leading = [threat for threat in threats if threat.leading]
    looked = seen.logins.ok or seen.sources.ok or seen.arrivals.ok or guarded(case.tools.bench)
    return SecurityReport(
        specialist="security",
        conclusion="concluded" if leading or looked else "inconclusive",
        summary=_summary(leading, bool(looked)),
        threat=leading[0].name if leading else NO_THREAT,
        sources=_sources(leading),
        exposure=_exposure(leading, bool(looked)),
        entered=leading[0].entered if leading else None,
        denies=[] if tried(seen) or not looked else [FaultKind.credential_attack],
        findings=_findings(threats),
        gaps=_gaps(seen),
        follow_ups=_follow_ups(case, leading),
        searched=seen.searched(),
    )


def _summary(leading: list[Threat], looked: bool) -> str:
    if leading:
        names = "; ".join(threat.name for threat in leading[:3])
        return f"{names}. Data exposure: {_exposure(leading, looked)}"
    if looked:
        return "no sign of an attack in logins, arrivals, paths, programs and logs"
    return "neither logins nor access by source are recorded here"


def _sources(leading: list[Threat]) -> list[str]:
    return list(dict.fromkeys(s for threat in leading for s in threat.sources))[:SOURCES]


def _exposure(leading: list[Threat], looked: bool) -> str:
    known = [threat.exposure for threat in leading if threat.exposure]
    if known:
        return "; ".join(known)
    return "none seen" if looked else "unknown: access is not recorded here"


def _findings(threats: list[Threat]) -> list[Finding]:
    """Each statement once, surest first."""
    found = {finding.statement: finding for threat in threats for finding in threat.findings}
    return list(found.values())


def _gaps(seen: AccessObservations) -> list[Gap]:
    """What security would have looked at and could not. That nobody failed to log in is an
    answer, as long as requests are seen at all."""
    logins = seen.sources if seen.logins.status is EvidenceStatus.empty else seen.logins
    wanted: tuple[tuple[str, Result], ...] = (
        ("logins by source", logins),
        ("requests by source", seen.sources),
        ("requests by user agent", seen.programs),
        ("requests by path", seen.asked_paths),
        (OptionalSource.certificates.value, seen.certificates),
    )
    gaps = [Gap(what=what, why=result.summary) for what, result in wanted if not result.ok]
    if guarded(seen.case.tools.bench):
        return gaps
    why = "not part of this telemetry; spans and service logs stand in for them"
    return [*gaps, Gap(what=OptionalSource.firewall.value, why=why)]


def _follow_ups(case: Case, leading: list[Threat]) -> list[FollowUp]:
    """What remains after an attack or an exposure, for the security team."""
    return [
        FollowUp(
            title=f"Close what made it possible: {threat.name}",
            kind="hardening",
            owner="security",
            due=due(case.now, 1),
            priority=1,
            rationale=threat.exposure or threat.findings[0].statement,
            evidence=list(dict.fromkeys(q.evidence for f in threat.findings for q in f.quotes)),
        )
        for threat in leading
    ]
