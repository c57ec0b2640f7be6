"""What turning a setting does: by the words of its key and the direction, which mechanisms.

A knob turned the harmless way (a longer timeout against timeouts, a larger pool against waiting)
is no reason; one turned the harmful way is, the more so the further: a factor of four counts full.
"""

import math
import re
from dataclasses import dataclass
from functools import cache

from pydantic import Field

from ...yaml_tables import Entry, Regex, read_table
from .mechanisms import Mechanism as M
from .mechanisms import Weights
from .settings_turned import NOTHING, Turned
from .tokens import plain

FULL = 2.0
"""Doublings from which a number has changed for good."""
LOUD = ("debug", "trace", "all", "verbose", "finest")


class Knob(Entry):
    """A kind of setting: what follows when it goes up, down, or just becomes another."""

    key: Regex
    up: Weights = Field(default_factory=dict)
    down: Weights = Field(default_factory=dict)
    other: Weights = Field(default_factory=dict)
    gone: Weights = Field(default_factory=dict)
    """Where taking it away is not the same as turning it down: a bound that no longer binds."""


class KnobTable(Entry):
    """Kinds of settings by the words of their keys; the first that is found counts."""

    knobs: tuple[Knob, ...]


@cache
def _knobs() -> tuple[Knob, ...]:
    return read_table("analysis/code/knobs.yaml", KnobTable).knobs


@dataclass(frozen=True)
class Turn:
    """A turned setting as a reason: what it would bring about, how strongly, in words."""

    weights: Weights
    text: str
    line: str


def turns(changed: list[Turned]) -> list[Turn]:
    """What each turned setting would bring about; harmless ones are left out."""
    found = []
    for setting in changed:
        weights = _weights(setting)
        if weights:
            side = setting.after or setting.before
            found.append(Turn(weights, setting.text, side.line if side else ""))
    return found


TAG = re.compile(r"^\s*(?:optional |repeated |required )?[\w.]+ \w+ = \d+\s*(?:\[.*\])?;")
"""A field of a protocol buffer with its number."""
TYPES = re.compile(
    r"u?int(?:8|16|32|64)?|s?fixed\d+|string|str|float(?:32|64)?|double|bool(?:ean)?|bytes|integer|"
    r"long|short|number|(?:big|small)int|varchar|text|decimal|numeric|timestamp|date(?:time)?",
    re.IGNORECASE,
)
PATH = re.compile(r"^(?:https?:/)?/\w")


def _weights(setting: Turned) -> Weights:
    if plainly := _by_value(setting):
        return plainly
    side = setting.after or setting.before
    words = plain(setting.key)
    context = plain(side.line) if side else ""
    knob = next((k for k in _knobs() if k.key.search(words)), None)
    if knob is None and len(words) <= 5:  # `rate`, `max`: the line says of what
        knob = next((k for k in _knobs() if k.key.search(context)), None)
    if knob is None:
        return {}
    chosen, size = _direction(knob, setting)
    return {name: weight * size for name, weight in chosen.items() if weight * size >= 0.1}


def _by_value(setting: Turned) -> Weights:
    """What the values say whatever the key: a field's number or type, a path."""
    before, after = setting.before, setting.after
    if not before or not after:
        return {}
    if TAG.match(after.line) and TAG.match(before.line):
        return {M.schema: 1.0, M.data: 0.6}
    if TYPES.fullmatch(before.value) and TYPES.fullmatch(after.value):
        return {M.schema: 0.9, M.data: 0.6, M.units: 0.6}
    if PATH.match(before.value) and PATH.match(after.value):
        return {M.address: 1.0, M.auth: 0.4, M.config: 0.4}
    return {}


def _direction(knob: Knob, setting: Turned) -> tuple[Weights, float]:
    before, after = setting.before, setting.after
    if setting.factor:
        doublings = math.log2(setting.factor)
        chosen = knob.other or (knob.up if doublings > 0 else knob.down)
        return chosen, min(1.0, abs(doublings) / FULL)
    if before and after and _unbounded(after.value):
        return knob.up or knob.other, 1.0  # a bound was lifted
    if before and after and _unbounded(before.value):
        return (knob.gone, 1.0) if knob.gone else (knob.down or knob.other, 0.6)
    if before and after:
        quieter = M.volume in knob.other and after.value.lower() not in LOUD
        if knob.other:
            return ({} if quieter else knob.other), 1.0
        return {**knob.up, **knob.down}, 0.7  # another word: who knows in which direction
    if before:  # taken away: for a bound or a tolerance the same as less of it
        return (knob.gone, 1.0) if knob.gone else (knob.down or knob.other, 0.6)
    return {}, 0.0


def _unbounded(value: str) -> bool:
    return value.lower() in NOTHING
