"""Kinds of settings by the words of their keys, and what turning each brings about (0..1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .mechanisms import Mechanism as M

Weights = Mapping[M, float]
NONE: Weights = {}


@dataclass(frozen=True)
class Knob:
    """A kind of setting: what follows when it goes up, down, or just becomes another."""

    key: re.Pattern[str]
    up: Weights = field(default_factory=dict)
    down: Weights = field(default_factory=dict)
    other: Weights = field(default_factory=dict)
    gone: Weights = field(default_factory=dict)
    """Where taking it away is not the same as turning it down: a bound that no longer binds."""


def _knob(key: str, up: Weights = NONE, down: Weights = NONE, **rest: Weights) -> Knob:
    return Knob(re.compile(key), up, down, **rest)


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
    _knob(
        r"retention|\bkeep\b(?! alive)|rotat|max backups|rollover",
        up={M.disk: 1},
        gone={M.disk: 1, M.volume: 0.6},
    ),
    _knob(r"sampl\w+|trace ratio", up={M.volume: 1, M.disk: 0.8, M.cpu: 0.3}),
    _knob(
        r"cache .*(?:size|entries|capacity|items)|max ?(?:entries|size)\b|lru",
        {M.memory: 1},
        {M.cache: 1, M.payload: 0.4},
        gone={M.memory: 1},
    ),
    _knob(
        r"pool|conn(?:ection)?s\b|max (?:open|idle|active)|hikari",
        up={M.lock: 0.2},
        down={M.pool: 1, M.capacity: 0.4},
    ),
    _knob(r"keep ?alive", other={M.timeout: 0.8, M.address: 0.6}),
    _knob(
        r"time ?outs?|deadline|time limit|call budget",
        up={M.pool: 0.3, M.capacity: 0.3},
        down={M.timeout: 1},
        gone={M.pool: 0.7, M.capacity: 0.7, M.handles: 0.5},
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
        gone={M.capacity: 0.8, M.storm: 0.6},
    ),
    _knob(
        r"replicas|workers?\b|threads?|concurren|parallel|process(?:es)?$|instances|"
        r"partitions|consumers",
        up={M.lock: 0.4, M.memory: 0.4, M.pool: 0.4, M.cpu: 0.3},
        down={M.capacity: 1, M.cpu: 0.6, M.timeout: 0.3},
    ),
    _knob(
        r"batch|page|chunk|fetch size|window|max rows|poll records|\blimit\b|prefetch",
        up={M.memory: 0.7, M.database: 0.7, M.payload: 0.6, M.timeout: 0.3},
        down={M.fanout: 0.6, M.capacity: 0.4},
        gone={M.memory: 0.8, M.database: 0.8, M.payload: 0.8},
    ),
    _knob(
        r"interval|period|\bpoll|every|frequency|\bdelay\b|schedule|cron",
        up={M.stale: 0.6, M.capacity: 0.4},
        down={M.capacity: 0.6, M.cpu: 0.6, M.ratelimit: 0.6, M.database: 0.4},
    ),
    _knob(r"queue|buffer|backlog", up={M.memory: 0.7}, down={M.capacity: 1, M.data: 0.3}),
    _knob(
        r"probe|liveness|readiness|startup", up={M.crash: 0.3}, down={M.crash: 1, M.timeout: 0.5}
    ),
    _knob(r"ulimit|no ?file|max files|descriptors", down={M.handles: 1}),
    _knob(r"\balg\b|algorithm|signing|hmac", other={M.auth: 1, M.data: 0.5}),
    _knob(r"\bverify", other={M.tls: 0.9, M.auth: 0.7}),
    _knob(
        r"run as|fs group|read only root|privileged|\bmode\b|chmod",
        other={M.auth: 0.8, M.disk: 0.6},
    ),
    _knob(r"go ?gc|\bgc\b", other={M.memory: 0.9, M.cpu: 0.9}),
    _knob(r"\bmount|volume|\bdir(?:ectory)?\b", other={M.config: 0.7, M.disk: 0.7, M.address: 0.4}),
    _knob(r"affinity|toleration|taint|node selector|weight", other={M.capacity: 0.8}),
    _knob(
        r"acks|replication|durab|isolation|consistency",
        other={M.data: 0.8, M.race: 0.6, M.lock: 0.5},
    ),
    _knob(r"compress", other={M.cpu: 0.6, M.encoding: 0.8, M.schema: 0.5}),
    _knob(r"origin|cors|same ?site|\bcsp\b", other={M.auth: 0.8}),
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
    _knob(r"charset|encoding|\butf\b|codec", other={M.encoding: 1}),
    _knob(r"format|pattern|schema|mapping|content type", other={M.schema: 1, M.clock: 0.4}),
    _knob(
        r"host|\burl\b|\buri\b|endpoint|addr|\bport\b|region|bucket|topic|\bdsn\b|upstream|server|"
        r"broker|publish|subscribe|channel|exchange|routing key|\bdns\b|resolver|nameserver|domain",
        other={M.address: 1, M.auth: 0.3, M.tls: 0.3},
    ),
    _knob(r"required|strict|nullable|validat", other={M.schema: 1, M.data: 0.6}),
    _knob(r"cach", other={M.cache: 1, M.database: 0.5}),
    _knob(r"prefix|namespace|shard|\bkey\b", other={M.cache: 0.8, M.data: 0.4, M.config: 0.4}),
    _knob(r"\bname\b|env", other={M.config: 0.8}),
)
