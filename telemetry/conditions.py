"""The conditions that rules can have: threshold, anomaly, outcomes, burn rate, log pattern."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..analysis.anomaly import Anomaly, score_window
from ..analysis.capacity import fit_trend, seconds_to_limit
from ..analysis.slo import BurnRule, multiwindow
from ..errors import BundleError
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


OPERATORS = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}


def holds(op: str, values: np.ndarray, level: float | None) -> np.ndarray:
    """Where the condition is met; nowhere without a level or a value."""
    return np.zeros(values.shape, bool) if level is None else OPERATORS[op](values, level)


def threshold(rule: Rule, signals: list[Signal]) -> Iterator[ConditionMet]:
    """Services whose signal meets a level throughout the rule's `for_s`."""
    for signal in signals:
        if signal.name != rule.signal:
            continue
        lasting = max(1, round(rule.for_s / signal.step) + 1)
        warned, critical = (
            holds(rule.op, signal.values, level) & _enough(signal)
            for level in (rule.warning, rule.critical)
        )
        either = warned | critical
        if either.size >= lasting and either[-lasting:].all():
            first = 0 if either.all() else either.size - int(np.argmax(~either[::-1]))
            value, started = float(signal.values[-1]), float(signal.ts[first])
            bad = bool(critical[-lasting:].all())
            yield ConditionMet(signal.service, value, signal.unit, started, bad)


def _enough(signal: Signal) -> np.ndarray:
    """Where the value rests on enough events to be trusted."""
    if signal.events is None:
        return np.ones(signal.values.shape, bool)
    if signal.unit == Unit.share:
        return signal.values * signal.events >= FEWEST_BAD - 1e-6
    return np.nan_to_num(signal.events) >= FEWEST_EVENTS


def exhaustion(rule: Rule, telemetry: Recording, at: float) -> Iterator[ConditionMet]:
    """Services whose memory grows steadily and meets its limit within the rule's levels."""
    window = Window(at - rule.window_s, at)
    for signal in read_signals(telemetry, window, names=[SignalName.memory_share]):
        trend = fit_trend(signal.ts, signal.values)
        if trend is None or not trend.monotonic or trend.growth < 0.1 or not _lasting(signal):
            continue
        left = seconds_to_limit(trend.level, trend.slope, 1.0)
        if left is not None and holds("<", np.array(left), rule.warning):
            critical = bool(holds("<", np.array(left), rule.critical))
            started = _growing_since(signal)
            yield ConditionMet(signal.service, left, Unit.seconds, started, critical)


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


def anomaly(rule: Rule, telemetry: Recording, at: float) -> Iterator[ConditionMet]:
    """Services whose signal left its own usual band, materially."""
    recent = Window(at - rule.window_s, at)
    past = Window(recent.start - telemetry.catalogue().windows.baseline_s, recent.start)
    for signal in read_signals(telemetry, past.to(recent), names=[rule.signal]):
        now = np.where(_enough(signal), signal.values, np.nan)[signal.ts >= recent.start - 1e-6]
        floor = signal.known.floor.alert
        scored = score_window(signal.within(past), now, absolute_floor=floor, min_baseline=10)
        if isinstance(scored, Anomaly) and _material(rule, scored, floor):
            started = recent.start + (scored.onset or 0) * signal.step
            critical = _reached(rule.critical, scored.score)
            yield ConditionMet(signal.service, scored.current, signal.unit, started, critical)


def _material(rule: Rule, scored: Anomaly, floor: float) -> bool:
    if not _reached(rule.warning, scored.score):
        return False
    if rule.op.startswith("<"):
        return scored.direction < 0 and scored.current * MATERIAL_RATIO <= scored.baseline
    risen = scored.current >= MATERIAL_RATIO * max(scored.baseline, floor)
    return scored.direction > 0 and risen


def outcomes(rule: Rule, telemetry: Recording, at: float) -> Iterator[ConditionMet]:
    """Services that no longer complete what they did on one of their routes, whatever they answer
    instead; levels are -log10 of the probability of chance."""
    worst: dict[str, OutcomeShift] = {}
    baseline_s = telemetry.catalogue().windows.baseline_s
    for found in answers(telemetry, Window(at - rule.window_s - baseline_s, at)):
        for shift in outcome_shifts(found):
            known = worst.get(found.service, shift)
            if _reached(rule.warning, shift.score):
                worst[found.service] = max(known, shift, key=lambda one: one.score)
    for name, shift in worst.items():
        critical = _reached(rule.critical, shift.score)
        yield ConditionMet(name, shift.left, Unit.share, shift.since, critical)


def burn_rate(rule: Rule, telemetry: Recording, at: float) -> Iterator[ConditionMet]:
    """Objectives that burn faster than the rule allows, over its window and a sixth of it."""
    level = BurnRule(rule.window_s, rule.window_s / 6, rule.warning or rule.critical or 1.0)
    promised = {(s.name, slo.name): slo for s in telemetry.catalogue().services for slo in s.slos}
    worst: dict[str, float] = {}
    for (name, slo), counted in count_objectives(telemetry, Window(at - rule.window_s, at)).items():
        total = np.nansum(counted.total)
        if total < FEWEST_EVENTS or total - np.nansum(counted.good) < FEWEST_BAD:
            continue
        series = (counted.ts, counted.good, counted.total)
        burn = multiwindow(*series, promised[name, slo].objective, at, level)
        if burn.firing and burn.long is not None and burn.short is not None:
            worst[name] = max(worst.get(name, 0.0), min(burn.long, burn.short))
    for name, burn in worst.items():
        yield ConditionMet(name, burn, "", at - level.short_s, _reached(rule.critical, burn))


def pattern(rule: Rule, telemetry: Recording, at: float) -> Iterator[ConditionMet]:
    """Services that logged a pattern often enough, at warning or above."""
    try:
        expression = re.compile(rule.pattern, re.IGNORECASE)
    except re.error as error:
        why = f"pattern is no regular expression: {error}"
        raise BundleError(f"rule {rule.name}: {why}") from error
    services = [rule.service] if rule.service else None
    levels = ["warning", "error", "critical"]
    hits: dict[str, list[float]] = {}
    for log in telemetry.logs(Window(at - rule.window_s, at), services, levels):
        if expression.search(log.message):
            hits.setdefault(log.service, []).append(log.ts)
    for service, times in hits.items():
        critical = _reached(rule.critical, len(times))
        if critical or _reached(rule.warning, len(times)):
            yield ConditionMet(service, len(times), "", min(times), critical)


CONDITIONS: dict[str, Callable[[Rule, Recording, float], Iterator[ConditionMet]]] = {
    "threshold": exhaustion,
    "anomaly": anomaly,
    "outcomes": outcomes,
    "burn_rate": burn_rate,
    "pattern": pattern,
}
"""By a rule's kind; thresholds of what is measured as it is are read together, by `threshold`."""


def _reached(level: float | None, value: float) -> bool:
    return level is not None and value >= level
