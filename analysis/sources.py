"""Who is hammering the login: attempts by source address, against what is usual for a source.

A source attacks when it
*tries* far more than a source usually does (test of rates.py) and mostly fails; counting
attempts and not failures keeps a broken login, where everyone fails, from looking like an
attack by everyone. A script that rents addresses gets them in blocks: each stays below what a busy
customer sends, the network that they share does not.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from .rates import RateChange, rate_change

Pattern = Literal["stuffing", "brute force"]

MIN_RATIO, MAX_LOG10_P, MIN_FAILED = 4.0, -3.0, 0.5
"""A source must try at least this many times the usual rate, this unlikely by chance, and fail
at least this often."""
LOCKED_OUT, LOCKED_LOG10_P = 0.5, -2.0
"""Rate of successful logins to the usual from which customers are locked out, and its chance."""
FEW = 10
"""Below so many sources, one alone moves their median."""


class AuthEvent(NamedTuple):
    """One login attempt."""

    source: str
    user: str
    failed: bool


@dataclass(frozen=True, slots=True)
class AttackSource:
    """One source that behaves like an attacker."""

    source: str
    attempts: int
    failures: int
    users: int
    """Different users it failed for."""
    ratio: float
    """Its attempt rate ÷ its own or an average source's rate before, the larger."""
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
    confidence: float


def by_network(events: Iterable[AuthEvent]) -> list[AuthEvent]:
    """The same events with IPv4 sources widened to their network (10.1.2.0/24); others as are."""
    cache: dict[str, str] = {}
    return [
        event._replace(source=cache.setdefault(event.source, _network(event.source)))
        for event in events
    ]


def _network(source: str) -> str:
    try:
        return str(ipaddress.IPv4Network(f"{source}/24", strict=False))
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
    failing = sorted({event.source for event in incident if event.failed})
    usual = _Usual(baseline, incident, baseline_s, incident_s)
    found = [attack for source in failing if (attack := _attacker(source, usual))]
    found.sort(key=lambda a: (-a.confidence, -a.failures, a.source))
    if found:
        return SourceReport("concentrated", tuple(found), found[0].confidence)
    confidence = _distributed(baseline, incident, baseline_s, incident_s)
    return SourceReport("distributed" if confidence else "none", (), confidence)


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
        self.events: dict[str, list[AuthEvent]] = {}
        for event in incident:
            self.events.setdefault(event.source, []).append(event)
        self.now = {source: len(events) for source, events in self.events.items()}
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


def _attacker(source: str, usual: _Usual) -> AttackSource | None:
    events = usual.events[source]
    return _named(source, events, rate_change(usual.of(source), len(events), *usual.seconds))


def _named(source: str, events: Sequence[AuthEvent], change: RateChange) -> AttackSource | None:
    """The attack of these events, all of one source; None where they are no attack."""
    failures = [event for event in events if event.failed]
    share = len(failures) / len(events)
    if change.ratio < MIN_RATIO or change.log10_p > MAX_LOG10_P or share < MIN_FAILED:
        return None
    users = len({event.user for event in failures})
    return AttackSource(
        source=source,
        attempts=len(events),
        failures=len(failures),
        users=users,
        ratio=change.ratio,
        confidence=share * (1.0 - 1.0 / change.ratio),
        # Stuffing tries leaked pairs on many users, brute force many passwords on few.
        pattern="stuffing" if users >= max(3, 0.3 * len(failures)) else "brute force",
    )


def _distributed(
    baseline: Sequence[AuthEvent],
    incident: Sequence[AuthEvent],
    baseline_s: float,
    incident_s: float,
) -> float:
    """Confidence in an attack from everywhere: share of the attempts beyond the usual rate that
    failed. 0 where attempts did not double or half of the extra ones succeed, and where those who
    used to get in no longer do: then the check is broken, and customers try again."""
    if not baseline or baseline_s <= 0 or incident_s <= 0:
        return 0.0
    before, after = (sum(not e.failed for e in events) for events in (baseline, incident))
    fell = rate_change(before, after, baseline_s, incident_s)
    if fell.ratio <= LOCKED_OUT and fell.log10_p <= LOCKED_LOG10_P:
        return 0.0
    change = rate_change(len(baseline), len(incident), baseline_s, incident_s)
    if change.ratio < 2.0 or change.log10_p > MAX_LOG10_P:
        return 0.0
    scale = incident_s / baseline_s
    extra = len(incident) - len(baseline) * scale
    extra_failed = sum(e.failed for e in incident) - sum(e.failed for e in baseline) * scale
    share = min(1.0, max(0.0, extra_failed / extra))
    return share if share >= MIN_FAILED else 0.0


EXPLAINED = 0.5
"""Share of all failures that the named networks must carry together."""


def attacking_networks(
    baseline: Sequence[AuthEvent],
    incident: Sequence[AuthEvent],
    baseline_s: float,
    incident_s: float,
) -> tuple[AttackSource, ...]:
    """IPv4 networks that try far more than they did before and mostly fail, surest first.

    Made for attacks that `attacking_sources` calls "distributed": it is known that there is one.
    A network is held against its own past, since the one network of all customers is no measure
    of one from which nobody came. A network is not named where an address in it logs in more
    often than it fails: that is a customer. Empty unless those named explain half of all
    failures. A network of which a single address was seen is named by that address. Both
    durations > 0.
    """
    before = Counter(event.source for event in by_network(baseline))
    members: dict[str, list[AuthEvent]] = {}
    for event, network in zip(incident, by_network(incident), strict=True):
        members.setdefault(network.source, []).append(event)
    total = sum(event.failed for event in incident)
    found = [
        attack
        for network, events in members.items()
        if (attack := _attack(network, events, before[network], baseline_s / incident_s))
    ]
    if sum(attack.failures for attack in found) < EXPLAINED * total:
        return ()
    return tuple(sorted(found, key=lambda a: (-a.confidence, -a.failures, a.source)))


def _attack(
    network: str, events: list[AuthEvent], before: int, exposure: float
) -> AttackSource | None:
    balance = Counter[str]()
    for event in events:
        balance[event.source] += 1 if event.failed else -1
    if min(balance.values()) < 0:
        return None
    change = rate_change(max(before, 1), len(events), exposure, 1.0)
    source = network if len(balance) > 1 else events[0].source
    return _named(source, events, change)
