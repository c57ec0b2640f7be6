"""Warroom's own detector: evaluates the rules against telemetry and says what fires."""

import re
import time
from collections.abc import Callable, Iterator
from threading import Event

from ..errors import BundleError
from .conditions import LOOK_BACK_S, anomaly, burn_rate, exhaustion, pattern, threshold
from .firing import Finding, Firing, fire
from .model import Rule, Window
from .recorder import Recorder
from .recording import Recording
from .rules import default_rules
from .signals import Signal, read_signals


def evaluate(telemetry: Recording, at: float, rules: list[Rule] | None = None) -> list[Firing]:
    """What fires at a time (unix seconds), critical ones and those that began first in front.

    Args:
        telemetry: live or kept.
        at: looks at what was recorded before this time.
        rules: default the catalogue's; without any there, the default rules.

    Raises BundleError for a rule that cannot be evaluated.
    """
    catalogue = telemetry.catalogue()
    rules = rules or catalogue.rules or default_rules(catalogue.windows)
    firings: list[Firing] = []
    signals = _signals(telemetry, rules, at)
    for rule in rules:
        if rule.kind != "correlation":
            found = _evaluate(rule, telemetry, at, signals.get(rule.window_s, []))
            firings += [fire(rule, item) for item in found]
    firings += [fired for rule in rules if (fired := _correlated(rule, firings))]
    return sorted(firings, key=lambda item: (item.severity != "critical", item.started))


def _signals(telemetry: Recording, rules: list[Rule], at: float) -> dict[float, list[Signal]]:
    """The signals that threshold rules need, read once for each length of window."""
    lengths = {rule.window_s for rule in rules if _is_threshold(rule)}
    return {
        length: read_signals(
            telemetry,
            Window(at - max(LOOK_BACK_S, length), at),
            names=[
                rule.signal for rule in rules if _is_threshold(rule) and rule.window_s == length
            ],
            rate_s=length,
        )
        for length in lengths
    }


def _is_threshold(rule: Rule) -> bool:
    return rule.kind == "threshold" and rule.signal != "memory_exhaustion_s"


def _evaluate(rule: Rule, telemetry: Recording, at: float, signals: list[Signal]) -> list[Finding]:
    if rule.op not in (">", "<", ">=", "<="):
        raise BundleError(f"rule {rule.name}: op {rule.op!r} is none of >, <, >=, <=; correct it")
    match rule.kind:
        case "threshold" if _is_threshold(rule):
            return threshold(rule, signals)
        case "threshold":
            return exhaustion(rule, telemetry, at)
        case "anomaly":
            return anomaly(rule, telemetry, at, telemetry.catalogue().windows.baseline_s)
        case "burn_rate":
            return burn_rate(rule, telemetry, at)
        case "pattern":
            return _pattern(rule, telemetry, at)
    raise BundleError(
        f"rule {rule.name}: kind {rule.kind!r} is none of threshold, pattern, anomaly, "
        "burn_rate, correlation; correct the catalogue"
    )


def _pattern(rule: Rule, telemetry: Recording, at: float) -> list[Finding]:
    try:
        return pattern(rule, telemetry, at)
    except re.error as error:
        raise BundleError(f"rule {rule.name}: pattern is no regular expression: {error}") from error


def _correlated(rule: Rule, firings: list[Firing]) -> Firing | None:
    """A rule that fires when all the rules it names fire, on whichever services."""
    if rule.kind != "correlation" or not rule.all_of:
        return None
    parts = [item for item in firings if item.rule in rule.all_of]
    if {item.rule for item in parts} != set(rule.all_of):
        return None
    shared = [item.service for item in parts if _fires_all(item.service, rule, parts)]
    service = rule.service or (shared[0] if shared else parts[0].service)
    critical = any(item.severity == "critical" for item in parts)
    started = min(item.started for item in parts)
    return fire(rule, Finding(service, float(len(parts)), "", started, critical))


def _fires_all(service: str, rule: Rule, parts: list[Firing]) -> bool:
    return {item.rule for item in parts if item.service == service} == set(rule.all_of)


def watch(
    recorder: Recorder,
    stop: Event,
    every_s: float = 1.0,
    clock: Callable[[], float] = time.time,
) -> Iterator[list[Firing]]:
    """Evaluate again and again until told to stop; yields what began to fire, or got worse.

    Nothing is yielded while all is quiet. An alert that stops firing may fire again.
    """
    active: dict[tuple[str, str], str] = {}
    while not stop.is_set():
        firings = evaluate(recorder.advance(), clock())
        fresh = [item for item in firings if _news(active.get(item.key), item.severity)]
        active = {item.key: item.severity for item in firings}
        if fresh:
            yield fresh
        stop.wait(every_s)


def _news(before: str | None, now: str) -> bool:
    return before is None or (before == "warning" and now == "critical")
