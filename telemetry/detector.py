"""Warroom's own detector: evaluates the rules against telemetry, says what fires, and puts it into
the webhook that carries it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

from ..analysis.quantities import part_of, quantity
from ..errors import BundleError
from .alerts import OWN_GROUP, fingerprint
from .conditions import CONDITIONS, LOOK_BACK_S, OPERATORS, ConditionMet, threshold
from .model import Rule, Window
from .recorder import Recorder
from .recording import Recording
from .rules import default_rules
from .signal_catalogue import SignalName, Unit
from .signals import Signal, read_signals

NO_END = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Firing:
    """One rule, one service, since when, how bad."""

    rule: str
    service: str
    severity: str  # warning, critical
    value: float
    unit: str
    started: float  # unix seconds: since when the condition holds
    summary: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alert the next time."""
        return self.rule, self.service


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
            met = _met(rule, telemetry, at, signals.get(rule.window_s, []))
            firings += [fire(rule, item) for item in met if rule.service in ("", item.service)]
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
    return rule.kind == "threshold" and rule.signal != SignalName.memory_exhaustion_s


def _met(
    rule: Rule, telemetry: Recording, at: float, signals: list[Signal]
) -> Iterator[ConditionMet]:
    if rule.op not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise BundleError(f"rule {rule.name}: op {rule.op!r} is none of {known}; correct it")
    if _is_threshold(rule):
        return threshold(rule, signals)
    if rule.kind in CONDITIONS:
        return CONDITIONS[rule.kind](rule, telemetry, at)
    known = ", ".join([*CONDITIONS, "correlation"])
    raise BundleError(
        f"rule {rule.name}: kind {rule.kind!r} is none of {known}; correct the catalogue"
    )


def _correlated(rule: Rule, firings: list[Firing]) -> Firing | None:
    """A rule that fires when all the rules it names fire, on whichever services."""
    if rule.kind != "correlation" or not rule.all_of:
        return None
    parts = [item for item in firings if item.rule in rule.all_of]
    if {item.rule for item in parts} != set(rule.all_of):
        return None
    rules = {item.service: {p.rule for p in parts if p.service == item.service} for item in parts}
    shared = [name for name, fires in rules.items() if fires == set(rule.all_of)]
    service = rule.service or (shared[0] if shared else parts[0].service)
    critical = any(item.severity == "critical" for item in parts)
    started = min(item.started for item in parts)
    return fire(rule, ConditionMet(service, float(len(parts)), "", started, critical))


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
        worse = {(None, "warning"), (None, "critical"), ("warning", "critical")}
        fresh = [item for item in firings if (active.get(item.key), item.severity) in worse]
        active = {item.key: item.severity for item in firings}
        if fresh:
            yield fresh
        stop.wait(every_s)


def fire(rule: Rule, found: ConditionMet) -> Firing:
    """The firing of a rule, with its summary filled in."""
    text = rule.summary or f"{rule.name} on {{service}}: {{value}}"
    if found.unit == Unit.share:
        text = text.replace("{value} of", part_of(found.value))
    summary = text.replace("{service}", found.service or "a service").replace(
        "{value}", quantity(found.value, found.unit)
    )
    severity = "critical" if found.critical else "warning"
    return Firing(
        rule.name, found.service, severity, found.value, found.unit, found.started, summary
    )


def webhook(firings: list[Firing]) -> dict[str, Any]:
    """The firings as an Alertmanager webhook body, version "4", the worst one first."""
    worst = sorted(firings, key=lambda item: (item.severity != "critical", item.started))
    alerts = [_alert(firing) for firing in worst]
    return {
        "receiver": "warroom",
        "status": "firing",
        "alerts": alerts,
        "groupLabels": _common([alert["labels"] for alert in alerts]),
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": "",
        "version": "4",
        "groupKey": f"{{}}:{{{OWN_GROUP}}}",
        "truncatedAlerts": 0,
    }


def _alert(firing: Firing) -> dict[str, Any]:
    labels = {"alertname": firing.rule, "service": firing.service, "severity": firing.severity}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": firing.summary},
        "startsAt": datetime.fromtimestamp(firing.started, UTC).isoformat(timespec="milliseconds"),
        "endsAt": NO_END,
        "generatorURL": "",
        "fingerprint": fingerprint(firing.rule, {"service": firing.service}),
    }


def _common(mappings: list[dict[str, str]]) -> dict[str, str]:
    if not mappings:
        return {}
    shared = set.intersection(*(set(mapping.items()) for mapping in mappings))
    return dict(sorted(shared))
