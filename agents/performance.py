"""Performance: where it is full, why, what would carry the load (step 6); hardening (step 13)."""

from collections.abc import Iterator

from ..analysis.quantities import change, in_use, percent
from ..faults import OptionalSource
from ..incident.finding import FaultKind, Finding, Gap
from ..incident.report import PerformanceReport
from ..tools.edge_answers import edge_logs
from .causes.observations import finding
from .follow_ups.action_items import harden
from .health.anomalies import slower
from .resources import capacity, load
from .resources.bottleneck import Bottleneck, find, strained
from .resources.capacity import Sizing
from .resources.load import LoadObservations
from .runtime.case import Case

__all__ = ["analyse", "harden"]

CLEARLY = 0.2
"""Weight from which a wait is told."""
SLOWER = 1.2
"""Times as slow, from which a statement is not as it was."""


def analyse(case: Case) -> PerformanceReport:
    """Step 6: utilisation, bottleneck, statements, caches, balance, leaks, capacity advice."""
    seen = LoadObservations(case)
    bottleneck = find(seen)
    sized = list(capacity.sizes(seen))
    findings = [
        *([bottleneck.finding()] if bottleneck else []),
        *_utilisation(seen),
        *slower(seen, CLEARLY),
        *load.heavier_statements(seen),
        *capacity.leaks(seen),
        *load.odd_instances(seen),
        *load.missed_lookups(seen),
        *load.at_the_edge(seen),
        *load.felt(seen),
        *capacity.shortages(sized),
    ]
    looked = seen.saturation.ok or seen.instances.ok
    return PerformanceReport(
        specialist="performance",
        conclusion="concluded" if looked else "inconclusive",
        summary=_summary(seen, bottleneck, findings, bool(looked)),
        bottleneck=bottleneck.name if bottleneck else "",
        advice=_advice(seen, sized, bottleneck),
        denies=[FaultKind.pool_exhaustion] if looked and not bottleneck else [],
        findings=findings,
        gaps=_gaps(seen),
        searched=seen.searched(),
    )


def _utilisation(seen: LoadObservations) -> Iterator[Finding]:
    """Resources at their limit, fullest first."""
    for row in strained(seen)[:5]:
        levels = f"{in_use(row.utilisation)}, {percent(row.utilisation_before)} before"
        proof = ("service", "resource", "utilisation", "peak")
        text = f"{row.service} {row.resource}: {levels}"
        yield finding("utilisation", text, seen.saturation, row, *proof)


def _advice(
    seen: LoadObservations, sized: list[Sizing], bottleneck: Bottleneck | None
) -> list[str]:
    found = [
        *load.statement_advice(seen),
        *capacity.leak_advice(seen),
        *capacity.size_advice(seen, sized, bottleneck),
    ]
    if bottleneck and bottleneck.resource == "db pool":
        found.insert(
            0, f"{bottleneck.service}: find what keeps connections; a larger pool only delays it"
        )
    return list(dict.fromkeys(found))


def _summary(
    seen: LoadObservations, bottleneck: Bottleneck | None, findings: list[Finding], looked: bool
) -> str:
    if bottleneck:
        return f"bottleneck {bottleneck.name}: {bottleneck.reason}"
    if findings:
        return f"no bottleneck; {findings[0].statement}"
    if looked:
        return f"no bottleneck: nothing is full, nothing leaks, {_slowest(seen)}"
    return "no limits and no request counters are recorded here"


def _slowest(seen: LoadObservations) -> str:
    """The statement that got slower most, where that is not much."""
    known = [row for row in seen.queries.rows if row.mean_ms_before]
    row = max(known, key=lambda row: row.mean_ms - (row.mean_ms_before or 0), default=None)
    if row is None or (row.ratio or 0) < SLOWER:
        return "no statement is slower than before" if known else "no statement can be compared"
    levels = change(row.mean_ms_before, row.mean_ms, "ms")
    return f"and the statement that got slowest, of {row.service}, {levels} on average"


def _gaps(seen: LoadObservations) -> list[Gap]:
    wanted = (
        ("resources against their limits", seen.saturation),
        ("load per instance", seen.instances),
        ("database statements", seen.queries),
        (OptionalSource.caches.value, seen.caches),
    )
    gaps = [Gap(what=what, why=result.summary) for what, result in wanted if not result.ok]
    if edge_logs(seen.case.tools.bench):
        return gaps
    return [
        *gaps,
        Gap(what=OptionalSource.balancers.value, why="they report nothing to this telemetry"),
    ]
