"""Observability: the sweep (step 2), the verification (step 8), better monitoring (step 12)."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np

from ..analysis.departure import last_departure
from ..analysis.quantities import change, percent
from ..incident.finding import Finding
from ..incident.report import HealthRow, SweepReport
from ..incident.timeline import Event, EventKind, from_ts
from ..prompts.values import Between, sampled
from ..telemetry.signal_catalogue import SignalName, definition
from ..tools.series import signal_series
from ..tools.shifts import SignalShift
from .causes.observations import Observations, finding
from .follow_ups.monitoring import improve_monitoring
from .health.anomalies import CLEAR, moved, other_ways, slower
from .health.verification import verify, watch
from .reporting.wording import change_name, coverage_gaps
from .runtime.case import Case

# When it began: the first moment the worst signals left their healthy band.

STRONGEST = 4
"""Signals looked at closely."""
COMPARABLE = 0.5
"""Signals that score at least this share of the strongest one: weaker ones may be chance."""
POINTS = 240


class Onset(NamedTuple):
    """When it began, unix seconds, and between which samples that lies: the last that was healthy
    and the first that was not."""

    at: float
    earliest: float
    latest: float


def find_onset(seen: Observations) -> Onset | None:
    """None when nothing left its band.

    The strongest anomalies are followed back from the baseline's start, because an alert fires
    only after its window has filled: the true onset may lie before the incident window.
    """
    rows = _telling([row for row in seen.signals.rows if row.worse])
    found = [begun for row in rows if (begun := _departure(seen, row)) is not None]
    return min(found, default=None)


def _telling(worse: list[SignalShift]) -> list[SignalShift]:
    """The rows that say when: failures before signals that only drift, strong before weak."""
    top = max(worse, key=lambda row: row.score, default=None)
    if top is None:
        return []
    failures = [row for row in worse if row.signal == SignalName.error_rate]
    errors = [row for row in failures if row.score >= CLEAR]
    if errors and (definition(top.signal).drifts or top in failures):
        worse = errors
    least = COMPARABLE * max(row.score for row in worse)
    return [row for row in worse if row.score >= least][:STRONGEST]


def _departure(seen: Observations, row: SignalShift) -> Onset | None:
    series = seen.ask(signal_series, service=row.service, signal=row.signal, points=POINTS)
    ts = np.array([point.ts for point in series.rows], float)
    values = np.array([point.value for point in series.rows], float)
    if row.baseline is not None and row.current is not None:
        index = last_departure(values, row.baseline, row.current)
        if index is not None:
            return Onset(ts[index], ts[index], ts[index + 1])
    if row.onset is None:
        return None
    spacing = float(np.median(np.diff(ts))) if ts.size > 1 else 0.0
    return Onset(row.onset, row.onset - spacing, row.onset)


__all__ = ["improve_monitoring", "sweep", "verify", "watch"]

CLEARLY = 0.2
"""Weight from which another way of requests, or a wait, is told."""
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
    for row in [row for row in seen.failures.rows[:3] if row.share]:
        where = f"{row.service} ({row.operation}: {row.error or row.reason})"
        text = f"{percent(row.share)} of the failures begin in {where}"
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
    """The onset and the changes just before it, on the timeline at their own time."""
    if onset:
        text = f"the degradation begins {sampled(between)}".strip()
        kind = EventKind.telemetry
        yield Event(at=onset, actor="observability", kind=kind, text=text)
    for row in seen.changes.rows[:5]:
        yield Event(
            at=from_ts(row.at),
            actor="change feed",
            kind=EventKind.change,
            text=f"{change_name(row)}: {row.summary}",
            evidence=[seen.changes.evidence],
        )
