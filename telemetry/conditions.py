"""The conditions that rules can have: threshold, anomaly, outcomes, burn rate, log pattern."""

import re
from dataclasses import dataclass

import numpy as np

from ..analysis.anomaly import Anomaly, score_window
from ..analysis.capacity import fit_trend, seconds_to_limit
from ..analysis.slo import BurnRule, multiwindow
from .model import Rule, Window
from .objectives import count_objectives
from .outcomes import OutcomeShift, answers, outcome_shifts
from .recipes import FEWEST_BAD, FEWEST_EVENTS
from .recording import Recording
from .signal_catalogue import SignalName, Unit
from .signals import Signal, read_signals

MATERIAL_RATIO = 2.0
"""An anomaly is an alert only when the signal at least doubled (or halved, for <)."""
LOOK_BACK_S = 30.0
"""How far back the begin of a firing condition is searched."""


@dataclass(frozen=True)
class ConditionMet:
    """A service for which a rule's condition holds, before it is put into words."""

    service: str
    value: float
    unit: str
    started: float
    critical: bool


def holds(op: str, values: np.ndarray, level: float | None) -> np.ndarray:
    """Where the condition is met; nowhere without a level or a value."""
    if level is None:
        return np.zeros(values.shape, bool)
    with np.errstate(invalid="ignore"):
        return {
            ">": values > level,
            "<": values < level,
            ">=": values >= level,
            "<=": values <= level,
        }[op]


def threshold(rule: Rule, signals: list[Signal]) -> list[ConditionMet]:
    """Services whose signal meets a level throughout the rule's `for_s`."""
    chosen = [item for item in signals if item.name == rule.signal and _meant(rule, item.service)]
    return [found for signal in chosen if (found := _crossed(rule, signal))]


def _crossed(rule: Rule, signal: Signal) -> ConditionMet | None:
    enough = _enough(signal)
    lasting = max(1, round(rule.for_s / signal.step) + 1)
    warned = holds(rule.op, signal.values, rule.warning) & enough
    critical = holds(rule.op, signal.values, rule.critical) & enough
    either = warned | critical
    if either.size < lasting or not either[-lasting:].all():
        return None
    first = 0 if either.all() else either.size - int(np.argmax(~either[::-1]))
    return ConditionMet(
        signal.service,
        float(signal.values[-1]),
        signal.unit,
        float(signal.ts[first]),
        bool(critical[-lasting:].all()),
    )


def _enough(signal: Signal) -> np.ndarray:
    """Where the value rests on enough events to be trusted."""
    if signal.events is None:
        return np.ones(signal.values.shape, bool)
    if signal.unit == Unit.share:
        return signal.values * signal.events >= FEWEST_BAD - 1e-6
    return np.nan_to_num(signal.events) >= FEWEST_EVENTS


def exhaustion(rule: Rule, telemetry: Recording, at: float) -> list[ConditionMet]:
    """Services whose memory grows steadily and meets its limit within the rule's levels."""
    window = Window(at - rule.window_s, at)
    found = []
    for signal in read_signals(telemetry, window, names=[SignalName.memory_share]):
        trend = fit_trend(signal.ts, signal.values)
        if trend is None or not trend.monotonic or trend.growth < 0.1 or not _lasting(signal):
            continue
        left = seconds_to_limit(trend.level, trend.slope, 1.0)
        if (
            left is not None
            and holds("<", np.array(left), rule.warning)
            and _meant(rule, signal.service)
        ):
            critical = bool(holds("<", np.array(left), rule.critical))
            found.append(
                ConditionMet(signal.service, left, Unit.seconds, _growing_since(signal), critical)
            )
    return found


def _growing_since(signal: Signal) -> float:
    """When the signal was last at its start, but for a tenth of its rise; unix seconds."""
    start, end = np.nanmedian(signal.values[:3]), np.nanmax(signal.values)
    low = np.flatnonzero(signal.values <= start + 0.1 * (end - start))
    return float(signal.ts[low[-1]])


def _lasting(signal: Signal) -> bool:
    """Whether both halves of the window grow: one step up is no leak."""
    half = signal.values.size // 2
    parts = (signal.values[:half], signal.values[half:])
    rises = [np.nanmedian(part[-3:]) - np.nanmedian(part[:3]) for part in parts if part.size >= 6]
    return len(rises) == 2 and min(rises) > 0.25 * max(rises) > 0


def anomaly(rule: Rule, telemetry: Recording, at: float, baseline_s: float) -> list[ConditionMet]:
    """Services whose signal left its own usual band, materially."""
    recent = Window(at - rule.window_s, at)
    past = Window(recent.start - baseline_s, recent.start)
    whole = Window(past.start, at)
    found = []
    for signal in read_signals(telemetry, whole, names=[rule.signal]):
        if not _meant(rule, signal.service):
            continue
        now = np.where(_enough(signal), signal.values, np.nan)[signal.ts >= recent.start - 1e-6]
        floor = signal.known.floor.alert
        scored = score_window(signal.within(past), now, absolute_floor=floor, min_baseline=10)
        if isinstance(scored, Anomaly) and _material(rule, scored, floor):
            started = recent.start + (scored.onset or 0) * signal.step
            critical = rule.critical is not None and scored.score >= rule.critical
            found.append(
                ConditionMet(signal.service, scored.current, signal.unit, started, critical)
            )
    return found


def _material(rule: Rule, scored: Anomaly, floor: float) -> bool:
    if rule.warning is None or scored.score < rule.warning:
        return False
    if rule.op.startswith("<"):
        return scored.direction < 0 and scored.current * MATERIAL_RATIO <= scored.baseline
    risen = scored.current >= MATERIAL_RATIO * max(scored.baseline, floor)
    return scored.direction > 0 and risen


def outcomes(rule: Rule, telemetry: Recording, at: float, baseline_s: float) -> list[ConditionMet]:
    """Services that no longer complete what they did on one of their routes, whatever they answer
    instead; levels are -log10 of the probability of chance."""
    worst: dict[str, OutcomeShift] = {}
    for found in answers(telemetry, Window(at - rule.window_s - baseline_s, at)):
        for shift in outcome_shifts(found) if _meant(rule, found.service) else ():
            known = worst.get(found.service)
            if rule.warning is not None and shift.score >= rule.warning:
                worst[found.service] = max(known or shift, shift, key=lambda one: one.score)
    return [
        ConditionMet(
            name, shift.left, Unit.share, shift.since, _reached(rule.critical, shift.score)
        )
        for name, shift in worst.items()
    ]


def burn_rate(rule: Rule, telemetry: Recording, at: float) -> list[ConditionMet]:
    """Objectives that burn faster than the rule allows, over its window and a sixth of it."""
    catalogue = telemetry.catalogue()
    short = rule.window_s / 6
    window = Window(at - rule.window_s, at)
    worst: dict[str, ConditionMet] = {}
    for (name, objective), counted in count_objectives(telemetry, window).items():
        service = catalogue.find(name)
        promised = next((o for o in service.slos if o.name == objective), None) if service else None
        if promised is None or not _meant(rule, name):
            continue
        bad = float(np.nansum(counted.total) - np.nansum(counted.good))
        if np.nansum(counted.total) < FEWEST_EVENTS or bad < FEWEST_BAD:
            continue
        level = BurnRule(rule.window_s, short, rule.warning or rule.critical or 1.0)
        series = (counted.ts, counted.good, counted.total)
        burn = multiwindow(*series, promised.objective, at, level)
        if burn.firing and burn.long is not None and burn.short is not None:
            slower = min(burn.long, burn.short)
            critical = rule.critical is not None and slower >= rule.critical
            known = worst.get(name)
            if known is None or slower > known.value:
                worst[name] = ConditionMet(name, slower, "", at - short, critical)
    return list(worst.values())


def pattern(rule: Rule, telemetry: Recording, at: float) -> list[ConditionMet]:
    """Services that logged a pattern often enough, at warning or above."""
    expression = re.compile(rule.pattern, re.IGNORECASE)
    services = [rule.service] if rule.service else None
    levels = ["warning", "error", "critical"]
    hits: dict[str, list[float]] = {}
    for log in telemetry.logs(Window(at - rule.window_s, at), services, levels):
        if expression.search(log.message):
            hits.setdefault(log.service, []).append(log.ts)
    return [
        ConditionMet(service, len(times), "", min(times), _reached(rule.critical, len(times)))
        for service, times in hits.items()
        if _reached(rule.warning, len(times)) or _reached(rule.critical, len(times))
    ]


def _reached(level: float | None, value: float) -> bool:
    return level is not None and value >= level


def _meant(rule: Rule, service: str) -> bool:
    return rule.service in ("", service)
