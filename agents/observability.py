"""Observability: the sweep (step 2), the verification (step 8), better monitoring (step 12)."""

from collections.abc import Iterator
from datetime import datetime

from ..analysis.quantities import change, portion
from ..incident.finding import Finding
from ..incident.report import HealthRow, SweepReport
from ..incident.timeline import Event, EventKind, from_ts
from ..prompts.values import Between, sampled
from ..telemetry.signal_catalogue import definition
from .causes.clusters import backing
from .causes.observations import Observations, finding
from .causes.said import sender_masked
from .follow_ups.monitoring import improve_monitoring
from .health.anomalies import CLEAR, moved, other_ways, slower
from .health.onset import find_onset, first_error
from .health.verification import verify
from .health.watching import watch
from .reporting.wording import change_event, coverage_gaps
from .runtime.case import Case

__all__ = ["improve_monitoring", "sweep", "verify", "watch"]

CLEARLY = 0.2
"""Weight from which another way of requests, or a wait, is told."""
LINE = 160
"""Characters of the first error on the timeline."""
SHOWN = 8
"""Anomalies that become findings: the rest stays in the evidence."""


def sweep(case: Case) -> SweepReport:
    """Step 2: anomalies in metrics, logs and traces, the health matrix, where it starts."""
    seen = Observations(case)
    health, begun = seen.health, find_onset(seen)
    onset = from_ts(begun.at) if begun else None
    between = (from_ts(begun.earliest), from_ts(begun.latest)) if begun else None
    origin = seen.origin.rows[0].path.split(" > ") if seen.origin.rows else []
    found = [
        *_anomalies(seen),
        *moved(seen),
        *_patterns(seen),
        *_failures(seen),
        *other_ways(seen, CLEARLY),
        *slower(seen, CLEARLY),
        *backing(seen),
    ]
    coverage = seen.coverage
    measured = any(row.rows for row in coverage.rows)
    summary = _summary(found, origin, measured)
    return SweepReport(
        specialist="observability",
        conclusion="concluded" if found else "inconclusive",
        summary=summary,
        onset=onset,
        onset_between=between,
        health=[
            HealthRow(**{name: getattr(row, name) for name in HealthRow.model_fields})
            for row in health.rows
        ],
        origin=origin,
        findings=found,
        gaps=coverage_gaps(coverage),
        searched=seen.searched(),
        events=list(_events(seen, onset, between)),
    )


def _anomalies(seen: Observations) -> Iterator[Finding]:
    rows = [r for r in seen.signals.rows if r.worse and r.current is not None]
    clear = [row for row in rows if row.score >= CLEAR] or rows[:1]
    for row in clear[:SHOWN]:
        levels = change(row.baseline, row.current, definition(row.signal).unit)
        text = f"{row.service} {row.signal} {levels}"
        kind, proof = f"anomaly:{row.signal}", ("service", "current", "baseline", "score")
        yield finding(kind, text, seen.signals, row, *proof, at=row.onset)


def _patterns(seen: Observations) -> Iterator[Finding]:
    rows = [row for row in seen.patterns.rows if row.kind in ("new", "surging")]
    for row in rows[:4]:
        text = f"{row.service} logs a {row.kind} {row.level}: {row.sample[:140]}"
        proof = ("service", "after", "sample")
        yield finding("log", text, seen.patterns, row, *proof, at=row.first)


def _failures(seen: Observations) -> Iterator[Finding]:
    total = sum(row.count for row in seen.failures.rows)
    for row in [row for row in seen.failures.rows[:3] if row.share]:
        where = f"{row.service} ({row.operation}: {row.error or row.reason})"
        text = f"{portion(row.count, total, 'failures')} begin in {where}"
        proof = ("service", "share", "count", "reason")
        yield finding("error-origin", text, seen.failures, row, *proof)


def _summary(found: list[Finding], origin: list[str], measured: bool) -> str:
    if not measured:
        return "nothing was measured: there is no telemetry to look at"
    if not found:
        return "metrics, logs and traces look as they did before"
    where = f"; the blame leads to {' → '.join(origin)}" if origin else ""
    return f"{len(found)} anomalies{where}"


def _events(seen: Observations, onset: datetime | None, between: Between | None) -> Iterator[Event]:
    """The onset, the first error and the changes just before, on the timeline at their own time."""
    if onset:
        text = f"the degradation begins {sampled(between)}".strip()
        kind = EventKind.telemetry
        yield Event(at=onset, actor="observability", kind=kind, text=text)
    error = first_error(seen)
    if error and error.first:
        yield Event(
            at=from_ts(error.first),
            actor=error.service,
            kind=EventKind.telemetry,
            text=f"first error: {sender_masked(error.text)[:LINE]}",
            evidence=[seen.symptoms.evidence],
        )
    for row in seen.changes.rows[:5]:
        yield change_event(row, seen.changes.evidence)
