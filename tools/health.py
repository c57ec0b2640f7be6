"""The health of services: the worst state of each by group of signals, and their objectives."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..analysis.slo import BurnRule, budget_left, burn_rate, multiwindow
from ..telemetry.model import Objective, Window
from ..telemetry.objectives import GOOD, Counted, count_objectives
from ..telemetry.signal_catalogue import Group, SignalName
from ..telemetry.signals import known_services
from .asked import asked_by
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table
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
    return table(rows, summary, "no services in the catalogue or in telemetry", bench.frame.whole)


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
    tables = [bench.telemetry.log_table(w) for w in (frame.baseline, frame.incident)]
    before, now = (
        Counter(t.services[i] for i in t.service[t.of_levels(("error", "critical"))].tolist())
        for t in tables
    )
    states = {}
    for service, count in now.items():
        usual = before[service] / max(frame.baseline.seconds, 1) * frame.incident.seconds
        if count >= 3 and count > 2 * usual:
            states[service] = "bad" if count >= 10 and count > 5 * usual else "watch"
    return states


FAST_SHARE = 1 / 3
"""The fast window is the last third of the incident, the slow one all of it."""


@dataclass(frozen=True, slots=True)
class ObjectiveState(Row):
    """One objective in the incident: requests, and burn rates in times of what is allowed."""

    service: str
    name: str
    sli: str
    objective: float
    current: float | None = None
    good: int | None = None
    total: int | None = None
    burn_fast: float | None = None
    burn_slow: float | None = None
    budget_left: float | None = None
    breached: bool = False


@tool(Effect.read, counts=("traces",))
def slo_state(bench: Bench) -> Table[ObjectiveState]:
    """Every objective of the catalogue: share of good requests in the incident, burn rates over
    its last third and over all of it, budget left. Breached ones first, then by burn rate.

    The budget is that of the objective's window at the baseline's rate of traffic.
    """
    window, frame = bench.frame.whole, bench.frame
    counted = count_objectives(bench.telemetry, window)
    catalogue = bench.telemetry.catalogue()
    rows = []
    for service in catalogue.services:
        for objective in service.slos:
            found = counted.get((service.name, objective.name))
            rows.append(_objective(service.name, objective, found, frame.incident))
    rows.sort(key=lambda row: (not row.breached, -(row.burn_slow or 0.0)))
    broken = [f"{row.service} {row.name}" for row in rows if row.breached]
    summary = f"{len(broken)} of {len(rows)} objectives are missed"
    summary += f": {', '.join(broken[:6])}" if broken else ""
    found = table(rows, summary, "the catalogue promises no objectives", frame.incident)
    own = [s.name for s in catalogue.services if any(slo.counting for slo in s.slos)]
    return replace(found, backends=asked_by(bench, GOOD, own)) if own else found


def _objective(
    service: str, objective: Objective, found: Counted | None, incident: Window
) -> ObjectiveState:
    promised = ObjectiveState(service, objective.name, objective.sli, objective.objective)
    if found is None:
        return promised
    inside = (found.ts > incident.start) & (found.ts <= incident.end)
    good, total = float(np.nansum(found.good[inside])), float(np.nansum(found.total[inside]))
    slow = burn_rate(good, total, objective.objective)
    rule = BurnRule(incident.seconds, incident.seconds * FAST_SHARE, 1.0)
    series = (found.ts, found.good, found.total)
    burn = multiwindow(*series, objective.objective, incident.end, rule)
    current = good / total if total > 0 else None
    return replace(
        promised,
        current=number(current),
        good=round(good),
        total=round(total),
        burn_fast=number(burn.short, 3),
        burn_slow=number(slow, 3),
        budget_left=number(_left(found, objective, incident), 3),
        breached=current is not None and current < objective.objective,
    )


def _left(found: Counted, objective: Objective, incident: Window) -> float | None:
    """Share of the budget left if the rest of the objective's window was perfect."""
    seen = incident.end - float(found.ts[0]) if found.ts.size else 0.0
    if seen <= 0:
        return None
    total = float(np.nansum(found.total)) * max(1.0, objective.window_s / seen)
    bad = float(np.nansum(found.total) - np.nansum(found.good))
    return budget_left(total - bad, total, objective.objective)
