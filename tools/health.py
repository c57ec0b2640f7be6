"""The health matrix: the worst state of every service, by group of signals."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..analysis.requests.tables import LogTable
from ..telemetry.signal_catalogue import Group, SignalName
from ..telemetry.signals import known_services
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table, whole
from .shifts import Shift, shifts

STATES = ("unknown", "ok", "watch", "bad")
WATCH, BAD = 3.0, 6.0
"""Scores from which a signal is to be watched, and from which it is bad."""


@dataclass(frozen=True, slots=True)
class ServiceHealth(Row):
    """The worst state of each group of one service's signals: ok, watch, bad or unknown."""

    service: str
    traffic: str
    errors: str
    latency: str
    saturation: str
    logs: str
    worst_signal: str
    score: float
    up: float | None

    def states(self) -> list[str]:
        """Of all groups."""
        return [self.traffic, self.errors, self.latency, self.saturation, self.logs]


@tool(Effect.read)
def health(bench: Bench) -> Table[ServiceHealth]:
    """The health of every service: traffic, errors, latency, saturation and logs, each ok,
    watch, bad or unknown, with its worst signal. Sickest service first."""
    found: dict[str, list[Shift]] = {}
    for shift in shifts(bench):
        found.setdefault(shift.signal.service, []).append(shift)
    loud = _loud(bench)
    rows = [
        _row(name, found.get(name, []), loud.get(name, ""))
        for name in known_services(bench.telemetry)
    ]
    rows.sort(key=lambda row: (-row.states().count("bad"), -row.score))
    sick = [row.service for row in rows if "bad" in row.states()]
    summary = f"{len(sick)} of {len(rows)} services are in a bad state"
    summary += f": {', '.join(sick)}" if sick else ""
    return table(rows, summary, "no services in the catalogue or in telemetry", whole(bench))


def _row(service: str, found: list[Shift], logs_state: str) -> ServiceHealth:
    worse = [shift for shift in found if shift.worse]
    worst = max(worse, key=lambda s: (state(s) == "bad", s.score), default=None)
    return ServiceHealth(
        service,
        *(_group(group, found) for group in Group),
        logs=logs_state or "ok",
        worst_signal=worst.signal.name if worst else "",
        score=(number(worst.score, 3) or 0.0) if worst else 0.0,
        up=_last(next((shift for shift in found if shift.signal.name == SignalName.up), None)),
    )


def _group(group: Group, found: list[Shift]) -> str:
    """The worst state of these signals."""
    states = [state(shift) for shift in found if shift.signal.known.group is group]
    return max(states, key=STATES.index, default="unknown")


def state(shift: Shift) -> str:
    """ok, watch, bad or unknown."""
    if shift.signal.name == SignalName.up:
        last = _last(shift)
        return "unknown" if last is None else "bad" if last < 1 else "ok"
    if not np.isfinite(shift.now).any():
        return "unknown"
    if shift.signal.name == SignalName.request_rate:
        return "watch" if shift.score >= BAD else "ok"
    if not shift.worse:
        return "ok"
    harmless = (shift.row().current or 0.0) < shift.signal.known.harmless
    return "bad" if shift.score >= BAD and not harmless else "watch"


def _last(shift: Shift | None) -> float | None:
    if shift is None:
        return None
    finite = shift.now[np.isfinite(shift.now)]
    return number(float(finite[-1])) if finite.size else None


def _loud(bench: Bench) -> dict[str, str]:
    """State of the error logs of each service: how many more than in the baseline, per second."""
    frame = bench.frame
    before, now = (_errors(bench.telemetry.log_table(w)) for w in (frame.baseline, frame.incident))
    states = {}
    for service, count in now.items():
        usual = before[service] / max(frame.baseline.seconds, 1) * frame.incident.seconds
        if count >= 3 and count > 2 * usual:
            states[service] = "bad" if count >= 10 and count > 5 * usual else "watch"
    return states


def _errors(lines: LogTable) -> Counter[str]:
    """Lines that tell of errors, by service."""
    bad = lines.service[lines.of_levels(("error", "critical"))]
    return Counter(lines.services[i] for i in bad.tolist())
