"""Who attacks the login when every address tries only a few times: the networks they share.

A script that rents addresses gets them in blocks. Each address stays below what a busy customer
sends; its network does not.
"""

from collections import Counter
from collections.abc import Sequence

from .rates import rate_change
from .sources import (
    MAX_LOG10_P,
    MIN_FAILED,
    MIN_RATIO,
    AttackSource,
    AuthEvent,
    by_network,
    pattern_of,
)

EXPLAINED = 0.5
"""Share of all failures that the named networks must carry together."""


def attacking_networks(
    baseline: Sequence[AuthEvent],
    incident: Sequence[AuthEvent],
    baseline_s: float,
    incident_s: float,
    prefix: int = 24,
) -> tuple[AttackSource, ...]:
    """IPv4 networks that try far more than they did before and mostly fail, surest first.

    Made for attacks that `attacking_sources` calls "distributed": it is known that there is one.
    A network is held against its own past, since the one network of all customers is no measure
    of one from which nobody came. A network is not named where an address in it logs in more
    often than it fails: that is a customer. Empty unless those named explain half of all
    failures. A network of which a single address was seen is named by that address. Both
    durations > 0.
    """
    before = Counter(event.source for event in by_network(baseline, prefix))
    members: dict[str, list[AuthEvent]] = {}
    for event, network in zip(incident, by_network(incident, prefix), strict=True):
        members.setdefault(network.source, []).append(event)
    total = sum(event.failed for event in incident)
    found = [
        attack
        for network, events in members.items()
        if (attack := _attack(network, events, before[network], total, baseline_s / incident_s))
    ]
    if sum(attack.failures for attack in found) < EXPLAINED * total:
        return ()
    return tuple(sorted(found, key=lambda a: (-a.confidence, -a.failures, a.source)))


def _attack(
    network: str, events: list[AuthEvent], before: int, total: int, exposure: float
) -> AttackSource | None:
    failed = [event for event in events if event.failed]
    change = rate_change(max(before, 1), len(events), exposure, 1.0)
    share = len(failed) / len(events)
    if change.ratio < MIN_RATIO or change.log10_p > MAX_LOG10_P or share < MIN_FAILED:
        return None
    balance = Counter[str]()
    for event in events:
        balance[event.source] += 1 if event.failed else -1
    if min(balance.values()) < 0:
        return None
    users = len({event.user for event in failed})
    return AttackSource(
        source=network if len(balance) > 1 else events[0].source,
        attempts=len(events),
        failures=len(failed),
        share=len(failed) / total,
        users=users,
        baseline_attempts=before,
        ratio=change.ratio,
        log10_p=change.log10_p,
        confidence=share * (1.0 - 1.0 / change.ratio),
        pattern=pattern_of(users, len(failed)),
    )
