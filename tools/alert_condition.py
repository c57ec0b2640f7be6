"""The alert's own condition, evaluated again: does it hold, when did it last; what else fires."""

import re
from dataclasses import dataclass

import numpy as np

from ..analysis.quantities import quantity
from ..incident.classification import normalise
from ..telemetry.detector import Firing, evaluate
from ..telemetry.model import Rule, Window
from ..telemetry.rules import default_rules
from ..telemetry.signal_catalogue import SignalName, Unit
from ..telemetry.signals import read_signals
from .base import Bench, Effect, Row, Table, tool
from .reading import number, table
from .shifts import Shift, shifts

TWICE = 2
"""Lengths of what a rule looks back over that it has to be quiet: few events come and go."""
MOMENTS = 6
"""Times between the alert and now at which its condition is evaluated."""
WORDS = {
    "latency": (SignalName.latency_p95, SignalName.latency_p50),
    "slow": (SignalName.latency_p95, SignalName.latency_p50),
    "error": (SignalName.error_rate,),
    "errors": (SignalName.error_rate,),
    "memory": (SignalName.memory_share, SignalName.memory_bytes),
    "cpu": (SignalName.cpu_share,),
    "disk": (SignalName.disk_share,),
    "network": (SignalName.network_latency,),
    "restarts": (SignalName.restarts,),
    "logins": (SignalName.login_failure_share,),
    "connections": (SignalName.connections_share, SignalName.db_pool_share),
    "down": (SignalName.up,),
    "traffic": (SignalName.request_rate,),
    "queue": (SignalName.queue_oldest_s, SignalName.queue_depth),
    "backlog": (SignalName.queue_oldest_s, SignalName.queue_depth),
}
"""What an alert without a known rule speaks of, and the signals that measure it."""

MADE_OF: dict[str, str] = {SignalName.memory_exhaustion_s: SignalName.memory_share}


@dataclass(frozen=True, slots=True)
class AlertCondition(Row):
    """The condition of a rule, or of the signal that an alert names. `holds` is null where it
    cannot be evaluated; `quiet_s` is how long it has not held, `rhythm_s` how long that has to be,
    both in seconds."""

    rule: str
    service: str
    alerted: bool
    holds: bool | None
    value: float | None
    unit: str
    quiet_s: float | None
    rhythm_s: float
    words: str


@tool(Effect.read)
def alert_condition(bench: Bench, alert: str = "", text: str = "") -> Table[AlertCondition]:
    """The condition of the alert of this name, evaluated again from when it fired until now by its
    rule in the catalogue; without a known rule, the signal that its text names against the level
    that it names, else against its own past. Then every other rule that fires now."""
    known = bench.telemetry.catalogue()
    rules = known.rules or default_rules(known.windows)
    own = [rule for rule in rules if rule.name == alert]
    first = [_by_rule(bench, rules, rule) for rule in own] or _by_signal(bench, f"{alert} {text}")
    fire = evaluate(bench.telemetry, bench.frame.incident.end, rules)
    others = [
        AlertCondition(
            *(f.rule, f.service, False, True, number(f.value), f.unit, 0.0, 0.0), words=f.summary
        )
        for f in fire
        if f.rule != alert
    ]
    rows = [*first, *others]
    summary = "; ".join(row.words for row in rows[:3])
    nothing = f"no rule is called {alert} and its words name no signal; no rule fires now"
    return table(rows, summary, nothing, bench.frame.incident)


def _by_rule(bench: Bench, rules: list[Rule], rule: Rule) -> AlertCondition:
    """By its rule, with the rules that it is made of."""
    needed = [part for part in rules if part is rule or part.name in rule.all_of]
    looks_back = max(rule.window_s, rule.for_s, bench.telemetry.catalogue().windows.detect_s)
    rhythm = TWICE * looks_back
    end = bench.frame.incident.end
    begun = min(bench.frame.alerted or end, end)
    held: list[tuple[float, Firing]] = []
    for at in np.unique(np.linspace(begun, end, MOMENTS)).tolist():
        found = evaluate(bench.telemetry, at, needed)
        meant = [f for f in found if f.rule == rule.name and _meant(bench, f.service)]
        held += [(at, meant[0])] if meant else []
    last = held[-1] if held else None
    holds = last is not None and last[0] >= end - 1e-6
    quiet = end - (last[0] if last else begun - rhythm)
    said = last[1].summary if last else f"{rule.name} does not hold"
    text = said if holds or last is None else f"{said}, and has not for {quiet:.0f} s"
    if not holds and not all(_measured(bench, part, looks_back) for part in needed):
        holds, quiet, text = None, None, f"{rule.name}: nothing here measures whether it holds"
    value, unit = (last[1].value, last[1].unit) if last else (None, "")
    service = last[1].service if last else bench.frame.service
    figures = number(value), unit, number(quiet, 3), rhythm
    return AlertCondition(rule.name, service, True, holds, *figures, words=text)


def _measured(bench: Bench, rule: Rule, seconds: float) -> bool:
    """Whether what a rule looks at is here: else that it does not fire says nothing."""
    window = Window(bench.frame.incident.end - seconds, bench.frame.incident.end)
    if rule.kind in ("correlation", "pattern"):
        return rule.kind != "pattern" or bool(bench.telemetry.log_table(window).row.size)
    name = MADE_OF.get(rule.signal, rule.signal or SignalName.request_rate)
    found = read_signals(bench.telemetry, window, names=[name])
    return any(_meant(bench, signal.service) for signal in found)


def _meant(bench: Bench, service: str) -> bool:
    return bench.frame.service in ("", service)


def _by_signal(bench: Bench, text: str) -> list[AlertCondition]:
    """By the signal that its text names: whether that is beyond the level it names, else beyond
    its own usual band."""
    named = [signal for word in normalise(text).split() for signal in WORDS.get(word, ())]
    found = [s for s in shifts(bench) if s.signal.name in named and _meant(bench, s.signal.service)]
    return [_named(bench, shift, text) for shift in found if np.isfinite(shift.now).any()]


def _named(bench: Bench, shift: Shift, text: str) -> AlertCondition:
    row, incident = shift.row(), bench.frame.incident
    limit = level_named(text, row.unit)
    beyond = shift.worse if limit is None else bool(np.nanmedian(shift.now) > limit)
    usual = "its usual band" if limit is None else quantity(limit, row.unit)
    words = f"{row.service} {row.signal} is {'beyond' if beyond else 'within'} {usual}"
    quiet = None if beyond else number(incident.seconds, 3)
    rhythm = bench.telemetry.catalogue().windows.detect_s
    figures = row.current, row.unit, quiet, rhythm
    return AlertCondition(row.signal, row.service, True, beyond, *figures, words=words)


LEVEL = re.compile(
    r"(?:above|over|exceed\w*|than|>=?)\s*([\d.]+)\s*(ms|s|%|)(?![\w.])", re.IGNORECASE
)
"""A level as alerts word it."""
FACTORS = {("ms", Unit.seconds): 1e-3, ("s", Unit.seconds): 1.0, ("%", Unit.share): 1e-2}
"""What a worded unit is in a signal's own."""


def level_named(text: str, unit: str) -> float | None:
    """The level that an alert's text names for a signal of this unit; None where it names none."""
    for number_, worded in LEVEL.findall(text):
        factor = FACTORS.get((worded.casefold(), Unit(unit))) if unit else None
        if factor is not None:
            return float(number_) * factor
    return None
