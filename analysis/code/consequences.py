"""What an edit would bring about: the settings that it turns, and the lines that it takes or adds.

A knob turned the harmless way (a longer timeout against timeouts, a larger pool against waiting)
is no reason; one turned the harmful way is, the more so the further: a factor of four counts full.
Lines are counted over the whole diff: a guard that is taken out here and put in there, or into a
helper, is no harm. That is what tells a fault from a refactoring of the same lines.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import Field

from ...yaml_tables import AnyCase, Entry, Regex, read_table
from .diffs import Edit
from .mechanisms import Mechanism as M
from .mechanisms import Weights
from .settings_turned import Turned, forms
from .tokens import plain

FULL = 2.0
"""Doublings from which a number has changed for good."""
LOUD = ("debug", "trace", "all", "verbose", "finest")


class KnobKind(Entry):
    """A kind of setting: what follows when it goes up, down, or just becomes another."""

    key: Regex
    up: Weights = Field(default_factory=dict)
    down: Weights = Field(default_factory=dict)
    other: Weights = Field(default_factory=dict)
    gone: Weights = Field(default_factory=dict)
    """Where taking it away is not the same as turning it down: a bound that no longer binds."""


class KnobTable(Entry):
    """Kinds of settings by the words of their keys; the first that is found counts."""

    knobs: tuple[KnobKind, ...]


@cache
def _knobs() -> tuple[KnobKind, ...]:
    return read_table("analysis/code/knobs.yaml", KnobTable).knobs


@dataclass(frozen=True)
class Consequence:
    """One thing that an edit does, with the line that shows it, and what it would bring about."""

    text: str
    line: str
    weights: Weights


def turns(changed: Sequence[Turned]) -> list[Consequence]:
    """What each turned setting would bring about; harmless ones are left out."""
    found = []
    for setting in changed:
        if weights := _weights(setting):
            side = setting.after or setting.before
            found.append(Consequence(setting.text, side.line if side else "", weights))
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


def _direction(knob: KnobKind, setting: Turned) -> tuple[Weights, float]:
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
    return value.lower() in forms().nothing


class Harm(Entry):
    """A kind of line, in words and as a pattern, and what its change brings about."""

    text: str
    pattern: AnyCase
    weights: Weights


class HarmTable(Entry):
    """Kinds of lines that do harm when they are taken away, and when they are added; and what calls
    inside a loop and other operators bring about."""

    taken: tuple[Harm, ...]
    added: tuple[Harm, ...]
    looped: Weights
    turned: Weights
    loop: AnyCase
    remote: Regex
    operator: Regex
    error_check: Regex


@cache
def _harms() -> HarmTable:
    return read_table("analysis/code/harms.yaml", HarmTable)


def harms(edit: Edit) -> list[Consequence]:
    """Every harm that the diff does, in the order of the tables; calls within a loop come first."""
    table = _harms()
    removed = [line for line in edit.removed if not table.error_check.search(line)]
    added = [line for line in edit.added if not table.error_check.search(line)]
    found = _looped(edit) + _operators(removed, added)
    for harm in table.taken:
        if line := _more(harm.pattern, removed, added):
            found.append(Consequence(f"takes away {harm.text}", line, harm.weights))
    for harm in table.added:
        if line := _more(harm.pattern, added, removed):
            found.append(Consequence(f"adds {harm.text}", line, harm.weights))
    return found


def _operators(removed: Sequence[str], added: Sequence[str]) -> list[Consequence]:
    """A condition or a calculation that is the same but for its operators."""
    bare, table = {_bare(line): line for line in removed}, _harms()
    for line in added:
        before = bare.get(_bare(line))
        if before and table.operator.findall(before) != table.operator.findall(line):
            return [Consequence("turns a condition or a calculation", line.strip(), table.turned)]
    return []


def _bare(line: str) -> str:
    return " ".join(_harms().operator.sub(" ", line).split())


def _more(pattern: re.Pattern[str], here: Sequence[str], there: Sequence[str]) -> str:
    """A line of the pattern, if this side has more matches than the other; else ""."""
    hits = [line for line in here if pattern.search(line)]
    more = sum(len(pattern.findall(line)) for line in here)
    if more > sum(len(pattern.findall(line)) for line in there):
        return hits[0].strip()
    return ""


def _looped(edit: Edit) -> list[Consequence]:
    """Calls of others inside a loop, more than there were."""
    before = [line for hunk in edit.hunks for line in _in_loops(hunk.side("-"))]
    after = [line for hunk in edit.hunks for line in _in_loops(hunk.side("+"))]
    added = {line.strip() for line in edit.added}
    fresh = [line for line in after if line in added]
    if len(after) <= len(before) or not fresh:
        return []
    text = "calls others once for each item of a loop"
    return [Consequence(text, fresh[0], _harms().looped)]


def _in_loops(side: list[tuple[bool, str]]) -> list[str]:
    """Lines that call others and stand deeper than a loop's head above them."""
    found, depth, table = [], None, _harms()
    for _own, text in side:
        if not text.strip():
            continue
        indent = len(text) - len(text.lstrip())
        if depth is not None and indent <= depth:
            depth = None
        if depth is not None and table.remote.search(text):
            found.append(text.strip())
        if table.loop.search(text) and depth is None:
            depth = indent
    return found
