"""Performance: where it is full, why, what would carry the load (step 6); hardening (step 13)."""

from ..incident.finding import Finding, Gap
from ..incident.report import PerformanceReport
from .case import Case
from .clues import cite
from .diagnosis.otherwise import slower
from .gaps import BALANCERS, CACHES
from .lessons.hardening import harden
from .resources import balance, hit_shares, leaks, sizing, statements
from .resources.bottleneck import Bottleneck, find, strained
from .resources.clues import LoadClues
from .resources.sizing import Size

__all__ = ["analyse", "harden"]

CLEARLY = 0.2
"""Weight from which a wait is told."""


def analyse(case: Case) -> PerformanceReport:
    """Step 6: utilisation, bottleneck, statements, caches, balance, leaks, capacity advice."""
    clues = LoadClues(case)
    bottleneck = find(clues)
    sized = list(sizing.sizes(clues))
    findings = [
        *([bottleneck.finding()] if bottleneck else []),
        *_utilisation(clues),
        *slower(clues, CLEARLY),
        *statements.findings(clues),
        *leaks.findings(clues),
        *balance.findings(clues),
        *hit_shares.findings(clues),
        *sizing.findings(sized),
    ]
    looked = clues.saturation.ok or clues.instances.ok
    return PerformanceReport(
        specialist="performance",
        conclusion="concluded" if looked else "inconclusive",
        summary=_summary(bottleneck, findings, bool(looked)),
        bottleneck=bottleneck.name if bottleneck else "",
        advice=_advice(clues, sized, bottleneck),
        findings=findings,
        gaps=_gaps(clues),
        searched=clues.searched(),
    )


def _utilisation(clues: LoadClues) -> list[Finding]:
    """Resources at their limit, fullest first."""
    return [
        Finding(
            statement=f"{row['service']} {row['resource']}: {row['utilisation'] or 0:.0%} in use, "
            f"{row['utilisation_before'] or 0:.0%} before",
            service=row["service"],
            kind="utilisation",
            quotes=cite(clues.saturation, row, "service", "resource", "utilisation", "peak"),
        )
        for row in strained(clues)[:5]
    ]


def _advice(clues: LoadClues, sized: list[Size], bottleneck: Bottleneck | None) -> list[str]:
    found = [
        *statements.advice(clues),
        *leaks.advice(clues),
        *sizing.advice(clues, sized, bottleneck),
    ]
    if bottleneck and bottleneck.resource == "db pool":
        found.insert(
            0, f"{bottleneck.service}: find what keeps connections; a larger pool only delays it"
        )
    return list(dict.fromkeys(found))


def _summary(bottleneck: Bottleneck | None, findings: list[Finding], looked: bool) -> str:
    if bottleneck:
        return f"bottleneck {bottleneck.name}: {bottleneck.reason}"
    if findings:
        return f"no bottleneck; {findings[0].statement}"
    if looked:
        return "no bottleneck: nothing is full, no statement got heavier, nothing leaks"
    return "no limits and no request counters are recorded here"


def _gaps(clues: LoadClues) -> list[Gap]:
    wanted = (
        ("resources against their limits", clues.saturation),
        ("load per instance", clues.instances),
        ("database statements", clues.queries),
        (CACHES, clues.caches),
    )
    gaps = [Gap(what=what, why=result.summary) for what, result in wanted if not result.ok]
    return [*gaps, Gap(what=BALANCERS, why="they report nothing to this telemetry")]
