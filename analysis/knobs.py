"""What turning a setting does: by the words of its key and the direction, which mechanisms.

A knob turned the harmless way (a longer timeout against timeouts, a larger pool against waiting)
is no reason; one turned the harmful way is, the more so the further: a factor of four counts full.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .mechanisms import Mechanism as M
from .settings_turned import NOTHING, Turned
from .wording import plain

Weights = Mapping[M, float]
FULL = 2.0
"""Doublings from which a number has changed for good."""


@dataclass(frozen=True)
class Knob:
    """A kind of setting: what follows when it goes up, down, or just becomes another."""

    key: re.Pattern[str]
    up: Weights = field(default_factory=dict)
    down: Weights = field(default_factory=dict)
    other: Weights = field(default_factory=dict)


def _knob(key: str, up: Weights = {}, down: Weights = {}, other: Weights = {}) -> Knob:  # noqa: B006
    return Knob(re.compile(key), up, down, other)


KNOBS = (
    _knob(
        r"^(?:json|xml|bson|yaml|protobuf|avro|column|field|property|serialized name|alias|tag)$",
        other={M.schema: 1, M.data: 0.3},
    ),
    _knob(
        r"leeway|\bskew|tolerance|grace|slack",
        down={M.clock: 1, M.auth: 0.8},
    ),
    _knob(
        r"\bretr(?:y|ies)|attempts?\b|redeliver",
        up={M.storm: 1, M.capacity: 0.5, M.cpu: 0.5},
        down={M.retries: 1, M.data: 0.3},
    ),
    _knob(r"back ?off|base delay|jitter|initial delay", down={M.storm: 0.8, M.retries: 0.8}),
    _knob(
        r"cache .*(?:ttl|age|expir|seconds|minutes)|(?:ttl|age|expir)\w*.* cache",
        {M.stale: 1},
        {M.cache: 1, M.database: 0.5},
    ),
    _knob(
        r"(?:token|session|cookie|jwt).*(?:ttl|age|expir|lifetime)",
        {M.stale: 0.3},
        {M.auth: 1, M.clock: 1},
    ),
    _knob(
        r"\bttl\b|max age|expir\w+ ?(?:after|in|seconds)?$",
        {M.stale: 1, M.memory: 0.3},
        {M.cache: 1, M.clock: 0.4, M.database: 0.3},
    ),
    _knob(r"retention|keep|rotat|max backups|rollover", up={M.disk: 1}),
    _knob(r"sampl\w+|trace ratio", up={M.volume: 1, M.disk: 0.8, M.cpu: 0.3}),
    _knob(
        r"cache .*(?:size|entries|capacity|items)|max ?(?:entries|size)\b|lru",
        {M.memory: 1},
        {M.cache: 1, M.payload: 0.4},
    ),
    _knob(
        r"pool|conn(?:ection)?s\b|max (?:open|idle|active)|hikari",
        up={M.lock: 0.2},
        down={M.pool: 1, M.capacity: 0.4},
    ),
    _knob(
        r"time ?outs?|deadline|time limit|call budget",
        up={M.pool: 0.3, M.capacity: 0.3},
        down={M.timeout: 1},
    ),
    _knob(
        r"\bx(?:mx|ms|ss)\b|heap|memory|old space|\bmem\b|ram\b", down={M.memory: 1, M.crash: 0.5}
    ),
    _knob(r"\bcpus?\b|cores|millicores", down={M.cpu: 1}),
    _knob(
        r"body|payload|upload|message size|header size|max bytes|content length",
        up={M.memory: 0.3},
        down={M.payload: 1},
    ),
    _knob(
        r"rate|rps|qps|burst|throttl|quota|per (?:second|minute|hour)|limit req",
        up={M.capacity: 0.4},
        down={M.ratelimit: 1},
    ),
    _knob(
        r"replicas|workers|threads?|concurren|parallel|process(?:es)?$|instances|partitions|consumers",
        up={M.lock: 0.4, M.memory: 0.4, M.pool: 0.4, M.cpu: 0.3},
        down={M.capacity: 1, M.cpu: 0.6, M.timeout: 0.3},
    ),
    _knob(
        r"batch|page|chunk|fetch size|window|max rows|\blimit\b|prefetch",
        up={M.memory: 0.7, M.database: 0.7, M.payload: 0.6, M.timeout: 0.3},
        down={M.fanout: 0.6, M.capacity: 0.4},
    ),
    _knob(
        r"interval|period|\bpoll|every|frequency|\bdelay\b",
        up={M.stale: 0.6, M.capacity: 0.4},
        down={M.capacity: 0.6, M.cpu: 0.6, M.ratelimit: 0.6, M.database: 0.4},
    ),
    _knob(r"queue|buffer|backlog", up={M.memory: 0.7}, down={M.capacity: 1, M.data: 0.3}),
    _knob(r"threshold|breaker|failure rate", other={M.breaker: 1}),
    _knob(r"scale|multiplier|factor|precision|rounding|divisor|cents|percent", other={M.units: 1}),
    _knob(
        r"log(?:ging)? ?level|verbosity|^level$|\blog\b",
        other={M.volume: 1, M.disk: 0.9, M.cpu: 0.3},
    ),
    _knob(r"tls|ssl|version|cipher|protocol|\bca\b|cert", other={M.tls: 1}),
    _knob(
        r"secret|password|token|audience|issuer|scope|role|policy|api key|key id|credential|\buser",
        other={M.auth: 1},
    ),
    _knob(r"time ?zone|\btz\b|locale", other={M.clock: 1}),
    _knob(r"charset|encoding", other={M.encoding: 1}),
    _knob(r"format|pattern|schema|mapping|content type", other={M.schema: 1, M.clock: 0.4}),
    _knob(
        r"host|\burl\b|\buri\b|endpoint|addr|\bport\b|region|bucket|topic|\bdsn\b|upstream|server|broker",
        other={M.address: 1, M.auth: 0.3, M.tls: 0.3},
    ),
    _knob(r"required|strict|nullable|validat", other={M.schema: 1, M.data: 0.6}),
    _knob(r"cach", other={M.cache: 1, M.database: 0.5}),
    _knob(r"\bname\b|env", other={M.config: 0.8}),
)
LOUD = ("debug", "trace", "all", "verbose", "finest")


@dataclass(frozen=True)
class Turn:
    """A turned setting as a reason: what it would bring about, how strongly, in words."""

    weights: dict[M, float]
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


def _weights(setting: Turned) -> dict[M, float]:
    side = setting.after or setting.before
    words = plain(setting.key)
    context = plain(side.line) if side else ""
    knob = next((k for k in KNOBS if k.key.search(words)), None)
    if knob is None and len(words) <= 5:  # `rate`, `max`: the line says of what
        knob = next((k for k in KNOBS if k.key.search(context)), None)
    if knob is None:
        return {}
    chosen, size = _direction(knob, setting)
    return {name: weight * size for name, weight in chosen.items() if weight * size >= 0.1}


def _direction(knob: Knob, setting: Turned) -> tuple[Weights, float]:
    before, after = setting.before, setting.after
    if setting.factor:
        doublings = math.log2(setting.factor)
        chosen = knob.other or (knob.up if doublings > 0 else knob.down)
        return chosen, min(1.0, abs(doublings) / FULL)
    if before and after and _unbounded(after.value):
        return knob.up or knob.other, 1.0  # a bound was lifted
    if before and after and _unbounded(before.value):
        return knob.down or knob.other, 0.6
    if before and after:
        quieter = M.volume in knob.other and after.value.lower() not in LOUD
        return ({} if quieter else knob.other), 1.0
    if before:  # taken away: for a bound or a tolerance the same as less of it
        return knob.down, 0.6
    return {}, 0.0


def _unbounded(value: str) -> bool:
    return value.lower() in NOTHING
