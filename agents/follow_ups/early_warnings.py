"""Thresholds that would have warned earlier, from the levels this incident was measured at."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...incident.document import Incident
from ...incident.finding import FaultKind
from ...telemetry.promql import SeriesScope
from ...telemetry.signal_catalogue import MEMORY_TO_FULL, SYMPTOMS, SignalName, definition
from ...tools.base import Result
from ...tools.shifts import SignalShift
from ..reporting.incident_status import affected, cause_to_prevent

AHEAD_S = 900
"""A limit that will be met this soon is worth a warning, seconds."""
APART = 1.5
"""Levels nearer than this ratio are everyday variation."""
FAST_BURN = 14.4
"""Burn rate that spends 2% of a 30-day budget in an hour (Site Reliability Workbook, ch. 5)."""


@dataclass(frozen=True)
class IllSignal:
    """One signal, healthy and ill, and the evidence it was read from."""

    service: str
    signal: str
    unit: str
    healthy: float
    ill: float
    evidence: str
    objective: float | None = None

    @property
    def threshold(self) -> float:
        """Half-way between the two levels in ratio, else a quarter of the way from the healthy one;
        never beyond the objective or too late."""
        healthy, ill, objective = self.healthy, self.ill, self.objective
        both = healthy > 0 and ill > 0
        limit = math.sqrt(healthy * ill) if both else healthy + (ill - healthy) / 4
        if objective is not None and healthy < objective < limit < ill:
            limit = objective
        late = definition(self.signal).warn_by
        limit = min(limit, late) if late is not None and healthy < late else limit
        return float(f"{limit:.2g}")  # two digits: a threshold that a person can remember

    @property
    def above(self) -> bool:
        """Whether ill is higher than healthy."""
        return self.ill > self.healthy

    @property
    def expression(self) -> str:
        """PromQL that is true when it should warn."""
        sign = ">" if self.above else "<"
        return f"{definition(self.signal).promql(self.service)} {sign} {self.threshold:g}"


def readings(document: Incident, signals: Result[SignalShift] | None = None) -> list[IllSignal]:
    """What was measured healthy and ill, from verifications and, where given, the signal scan.

    Args:
        document: its executions hold baseline, before and after.
        signals: a `compare_signals` result.
    """
    found = [
        IllSignal(m.service, m.signal, m.unit, m.baseline, m.before, m.evidence, m.threshold)
        for execution in document.executions
        for m in execution.measures
        if m.decisive and not m.route and m.baseline is not None and m.before is not None
        if _is_ill(m.baseline, m.before, m.higher_is_worse)
    ]
    if signals is not None:
        found += _scanned(signals)
    unique = {(r.service, r.signal): r for r in reversed(found) if r.healthy != r.ill}
    return list(reversed(unique.values()))


def _is_ill(healthy: float, ill: float, higher_is_worse: bool) -> bool:
    """Moved the bad way, and far enough that a threshold fits between the two levels."""
    low, high = (healthy, ill) if higher_is_worse else (ill, healthy)
    return high > low * APART and high - low > 0


def _scanned(signals: Result[SignalShift]) -> Iterator[IllSignal]:
    """What the scan saw get worse."""
    for row in signals.rows:
        healthy, ill, bad = row.baseline, row.current, definition(row.signal).higher_is_worse
        if row.worse and healthy is not None and ill is not None and _is_ill(healthy, ill, bad):
            yield IllSignal(row.service, row.signal, row.unit, healthy, ill, signals.evidence)


def chosen(document: Incident, signals: tuple[str, ...], found: list[IllSignal]) -> list[IllSignal]:
    """At most three readings: the lesson's signals at the guilty service first, then of those
    hurt. A signal of a victim warns of the harm, not of the cause, and comes last; one that
    neither the lesson names nor users feel is no ground for an alert."""
    cause = cause_to_prevent(document)
    guilty = cause.service if cause else ""
    hurt = affected(document)

    def rank(reading: IllSignal) -> tuple[int, int, int]:
        named = signals.index(reading.signal) if reading.signal in signals else len(signals)
        place = hurt.index(reading.service) if reading.service in hurt else len(hurt)
        return (reading.service != guilty, named, place)

    fitting = [r for r in found if r.signal in (*signals, *SYMPTOMS)]
    return sorted(fitting, key=rank)[:3]


def forecasts(document: Incident) -> list[tuple[str, str]]:
    """(signal, expression) that warn before a limit is reached, for causes that grow slowly."""
    cause = cause_to_prevent(document)
    if cause is None or cause.kind is not FaultKind.memory_leak:
        return []
    return [
        (SignalName.memory_share, MEMORY_TO_FULL.within(SeriesScope(cause.service, "10m"), AHEAD_S))
    ]
