"""Mechanisms by which systems fail, in the words that logs, metrics and spans use for each.

The vocabulary is that of the field (SRE handbooks, drivers, runtimes, HTTP and gRPC codes), kept
broad: it says what kind of failure is seen, never what caused it. The words are mechanisms.yaml.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from ...yaml_tables import Entry, Regex, read_table
from .tokens import plain


class Mechanism(StrEnum):
    """One way to fail."""

    pool = "connections run out"
    timeout = "calls are cut off"
    storm = "retries overload a callee"
    retries = "retries give up"
    memory = "memory runs out"
    cache = "the cache misses"
    database = "queries do more work"
    fanout = "more calls a request"
    lock = "transactions block each other"
    race = "concurrent access collides"
    null = "a missing value is used"
    schema = "two sides disagree on a format"
    auth = "identities are refused"
    tls = "TLS does not come about"
    config = "a setting is missing"
    address = "a peer cannot be found"
    disk = "the disk fills or fails"
    volume = "more is written"
    ratelimit = "requests are throttled"
    clock = "clocks and expiry disagree"
    units = "amounts are off"
    encoding = "text cannot be read"
    payload = "messages are too large"
    handles = "handles leak"
    cpu = "the processor is busy"
    capacity = "too few workers"
    data = "records make no sense"
    crash = "the process dies"
    stale = "values are out of date"
    breaker = "a circuit breaker is open"


def _by_name(name: object) -> object:
    if isinstance(name, str) and name not in Mechanism.__members__:
        raise ValueError(
            f"no mechanism is called so: write one of {', '.join(Mechanism.__members__)}"
        )
    return Mechanism[name] if isinstance(name, str) else name


Weight = Annotated[float, Field(gt=0, le=1)]
Weights = dict[Annotated[Mechanism, BeforeValidator(_by_name)], Weight]
"""What something brings about, or how much it counts: 0..1 each. In tables by name."""


class MechanismTable(Entry):
    """Words by which each mechanism shows, as plain words have them."""

    shows: dict[Annotated[Mechanism, BeforeValidator(_by_name)], Regex]
    general: Weights
    """What many faults end in says less about which one it is."""

    @field_validator("shows")
    @classmethod
    def _all(cls, shows: dict[Mechanism, re.Pattern[str]]) -> dict[Mechanism, re.Pattern[str]]:
        if missing := [name.name for name in Mechanism if name not in shows]:
            raise ValueError(f"nothing says how {', '.join(missing)} shows: add the words")
        return shows


@cache
def _table() -> MechanismTable:
    return read_table("analysis/code/mechanisms.yaml", MechanismTable)


@dataclass(frozen=True)
class Mention:
    """One thing that the telemetry of the incident says and did not say before."""

    service: str
    source: str
    """log, span, metric"""
    text: str
    strength: float
    """0..1: how loudly: an error says more than a warning, words more than a name."""
    row: int = -1
    """Where it stands in the evidence."""


@dataclass(frozen=True)
class Shown:
    """How clearly a mechanism is seen, and in which symptoms, the clearest first."""

    level: float
    symptoms: tuple[Mention, ...]


def shown(symptoms: Iterable[Mention]) -> dict[Mechanism, Shown]:
    """How clearly each mechanism is seen, 0..1: what several symptoms say adds up (noisy or)."""
    found: dict[Mechanism, list[Mention]] = {}
    for symptom in symptoms:
        text = plain(symptom.text)
        for name, pattern in _table().shows.items():
            if pattern.search(text):
                found.setdefault(name, []).append(symptom)
    return {name: _shown(name, hits) for name, hits in found.items()}


def _shown(name: Mechanism, hits: list[Mention]) -> Shown:
    left = 1.0
    for symptom in hits:
        left *= 1.0 - 0.9 * min(1.0, max(0.0, symptom.strength))
    ordered = sorted(hits, key=lambda s: -s.strength)
    return Shown((1.0 - left) * _table().general.get(name, 1.0), tuple(ordered))
