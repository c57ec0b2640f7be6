"""Who is hammering the login: attempts by source address, against what is usual for a source.

Concentration is the top share and Shannon's entropy (1948) over log n. A source attacks when it
*tries* far more than a source usually does (test of rates.py) and mostly fails; counting
attempts and not failures keeps a broken login, where everyone fails, from looking like an
attack by everyone.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from .rates import rate_change

Pattern = Literal["stuffing", "brute force"]

MIN_RATIO, MAX_LOG10_P, MIN_FAILED = 4.0, -3.0, 0.5
"""A source must try at least this many times the usual rate, this unlikely by chance, and fail
at least this often."""
FEW = 10
"""Below so many sources, one alone moves their median."""


class AuthEvent(NamedTuple):
    """One login attempt."""

    source: str
    user: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unevenly events spread over their sources."""

    total: int
    distinct: int
    top_share: float
    """Share of the k busiest sources."""
    entropy: float
    """0 = one source, 1 = all equally busy."""


@dataclass(frozen=True, slots=True)
class AttackSource:
    """One source that behaves like an attacker."""

    source: str
    attempts: int
    failures: int
    share: float
    """Of all failures of the incident."""
    users: int
    """Different users it failed for."""
    baseline_attempts: int
    ratio: float
    """Its attempt rate ÷ its own or an average source's rate before, the larger."""
    log10_p: float
    confidence: float
    """Share of its attempts that failed x share of them above what is usual."""
    pattern: Pattern
    """Many users with few tries each, or few users with many."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """Attack or not, and by whom."""

    kind: Literal["concentrated", "distributed", "none"]
    sources: tuple[AttackSource, ...]
    """Surest first; empty when the attack is spread too thin to name one."""
    concentration: Concentration
    """Of the incident's failures."""
    confidence: float


def concentration(counts: Sequence[int], k: int = 3) -> Concentration:
    """Spread of events over sources, given each source's count."""
    busy = np.sort(np.array([c for c in counts if c > 0], dtype=float))[::-1]
    if busy.size == 0:
        return Concentration(0, 0, 0.0, 0.0)
    share = busy / busy.sum()
    bits = -float((share * np.log(share)).sum())
    entropy = min(1.0, bits / float(np.log(busy.size))) if busy.size > 1 else 0.0
    return Concentration(int(busy.sum()), busy.size, float(share[:k].sum()), max(0.0, entropy))


def by_network(events: Iterable[AuthEvent], prefix: int = 24) -> list[AuthEvent]:
    """The same events with IPv4 sources widened to their network (10.1.2.0/24); others as are."""
    cache: dict[str, str] = {}
    return [
        event._replace(source=cache.setdefault(event.source, _network(event.source, prefix)))
        for event in events
    ]


def _network(source: str, prefix: int) -> str:
    try:
        return str(ipaddress.IPv4Network(f"{source}/{prefix}", strict=False))
    except ValueError:  # a host name, IPv6 or nonsense: it stays what it is
        return source


def attacking_sources(
    baseline: Sequence[AuthEvent],
    incident: Sequence[AuthEvent],
    baseline_s: float,
    incident_s: float,
) -> SourceReport:
    """Name the sources that attack the login in the incident window.

    Without baseline events a usual source is the median one of the others in the incident.
    "distributed": attempts at least doubled, mostly failing, and no source stands out.
    """
    failures = Counter(event.source for event in incident if event.failed)
    spread = concentration(list(failures.values()))
    usual = _Usual(baseline, incident, baseline_s, incident_s)
    found = [source for s in sorted(failures) if (source := _attacker(s, incident, usual))]
    found.sort(key=lambda a: (-a.confidence, -a.failures, a.source))
    if found:
        return SourceReport("concentrated", tuple(found), spread, found[0].confidence)
    confidence = _distributed(baseline, incident, baseline_s, incident_s)
    return SourceReport("distributed" if confidence else "none", (), spread, confidence)


class _Usual:
    """Attempts that are usual for a source, and the incident's, counted once."""

    def __init__(
        self,
        baseline: Sequence[AuthEvent],
        incident: Sequence[AuthEvent],
        baseline_s: float,
        incident_s: float,
    ) -> None:
        self.before = Counter(event.source for event in baseline)
        self.now = Counter(event.source for event in incident)
        self.failed = Counter(event.source for event in incident if event.failed)
        self.seconds = (
            (baseline_s, incident_s) if baseline and min(baseline_s, incident_s) > 0 else (1.0, 1.0)
        )
        peers = list(self.before.values() or self.now.values())
        self.average = float(np.mean(peers) if self.before else np.median(peers or [0]))

    def of(self, source: str) -> int:
        """Attempts that would be usual for this source, at least 1."""
        average = self.average
        if not self.before and len(self.now) < FEW:
            others = [count for other, count in self.now.items() if other != source]
            average = float(np.median(others)) if others else 0.0
        return max(self.before[source], round(average), 1)


def _attacker(source: str, incident: Sequence[AuthEvent], usual: _Usual) -> AttackSource | None:
    attempts, failures = usual.now[source], usual.failed[source]
    change = rate_change(usual.of(source), attempts, *usual.seconds)
    failed_share = failures / attempts
    if change.ratio < MIN_RATIO or change.log10_p > MAX_LOG10_P or failed_share < MIN_FAILED:
        return None
    users = len({event.user for event in incident if event.failed and event.source == source})
    return AttackSource(
        source=source,
        attempts=attempts,
        failures=failures,
        share=failures / usual.failed.total(),
        users=users,
        baseline_attempts=usual.before[source],
        ratio=change.ratio,
        log10_p=change.log10_p,
        confidence=failed_share * (1.0 - 1.0 / change.ratio),
        pattern=pattern_of(users, failures),
    )


def pattern_of(users: int, failures: int) -> Pattern:
    """Stuffing tries leaked pairs on many users, brute force many passwords on few."""
    return "stuffing" if users >= max(3, 0.3 * failures) else "brute force"


def _distributed(
    baseline: Sequence[AuthEvent],
    incident: Sequence[AuthEvent],
    baseline_s: float,
    incident_s: float,
) -> float:
    """Confidence in an attack from everywhere: share of the attempts beyond the usual rate that
    failed. 0 where attempts did not double or half of the extra ones succeed."""
    if not baseline or baseline_s <= 0 or incident_s <= 0:
        return 0.0
    change = rate_change(len(baseline), len(incident), baseline_s, incident_s)
    if change.ratio < 2.0 or change.log10_p > MAX_LOG10_P:
        return 0.0
    scale = incident_s / baseline_s
    extra = len(incident) - len(baseline) * scale
    extra_failed = sum(e.failed for e in incident) - sum(e.failed for e in baseline) * scale
    share = min(1.0, max(0.0, extra_failed / extra))
    return share if share >= MIN_FAILED else 0.0
