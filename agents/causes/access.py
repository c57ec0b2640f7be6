"""Somebody tries credentials that are not theirs, and the networks that such addresses fill."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network

from ...actions.edge import WIDEST
from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from ...text_safety.injection import speaks
from ...tools.logins import FailedLogins
from ...tools.traffic import AccessPattern, access_patterns
from .candidate import Candidate
from .observations import Observations, cite

ATTACK = ("concentrated", "distributed")
FAILURES = SignalName.login_failure_share


def attackers(seen: Observations) -> list[FailedLogins]:
    """Sources that only fail, failed hardly before, and fail beyond chance now."""
    return [
        row
        for row in seen.logins.rows
        if row.kind in ATTACK and row.failures == row.attempts and (row.pattern or row.score >= 2)
    ]


def attacks(seen: Observations) -> Iterator[Candidate]:
    """Failed logins far above the usual, from sources that try many users."""
    found = attackers(seen)
    if not found:
        return
    worst = found[0]
    service = _login_service(seen)
    failures = sum(row.failures for row in found)
    users = sum(row.users for row in found)
    statement = f"credentials are being tried against {service} from {len(found)} sources"
    names = ", ".join(row.value for row in found)
    candidate = Candidate(service, FaultKind.credential_attack, statement, resource=names)
    text = f"{failures} failed logins from {len(found)} sources that failed hardly before"
    quotes = [q for row in found[:3] for q in cite(seen.logins, row, "value", "failures")]
    candidate.backed(3.0, failures / 20, text, quotes)
    candidate.backed(1.5, users / 20, f"they try {users} users", cite(seen.logins, worst, "users"))
    row = seen.signal(service, FAILURES)
    share = (row.current or 0.0) if row else 0.0
    text = f"{share:.0%} of all logins fail"
    candidate.backed(1.0, share, text, cite(seen.signals, row, "current", "baseline"))
    _beside(seen, candidate)
    yield candidate


BESIDE = 2.5
"""Log-odds against an attack where what alerted does not need what is attacked: somebody always
knocks, and a refused login hurts nobody."""
UNATTACKED = 4.0
"""Log-odds against words about logins where logins are recorded and nobody tries credentials."""


def _beside(seen: Observations, candidate: Candidate) -> None:
    alerting, service = seen.case.document.alert.service, candidate.service
    beside = bool(alerting) and service not in seen.needs(alerting)
    text = f"the alert is about {alerting}, which does not need {service}"
    candidate.doubted(BESIDE, float(beside), text)


def doubt_attack(seen: Observations, candidate: Candidate) -> None:
    """Held against the logins themselves: lines say that somebody failed, sources say who."""
    _beside(seen, candidate)
    row = next(iter(seen.logins.rows), None)
    if row is None:
        candidate.lacking("failed logins by source")
        return
    quotes = cite(seen.logins, row, "value", "failures", "kind")
    text = "logins are recorded, and no source fails beyond the usual"
    candidate.doubted(UNATTACKED, float(not tried(seen)), text, quotes)


def tried(seen: Observations) -> bool:
    """Whether credentials are tried beyond the usual, by some or by many."""
    return any(row.kind in ATTACK for row in seen.logins.rows)


def _login_service(seen: Observations) -> str:
    """The service whose login signals moved; else one that counts logins at all."""
    rows = [r for r in seen.signals.rows if r.signal.startswith("login")]
    moved = [row for row in rows if row.worse]
    if rows:
        return (moved or rows)[0].service
    lines = (r for r in seen.patterns.rows if "login" in r.template.lower())
    return next((row.service for row in lines), seen.case.document.alert.service)


REFUSED, REQUESTS = 0.6, 30
"""A source that only sends what nobody answers is refused this often, over so many requests."""


def mostly_refused(rows: Sequence[AccessPattern]) -> list[AccessPattern]:
    """Refused far more often than all others together, so that an outage for all is no sign."""
    requests, errors = sum(row.requests for row in rows), sum(row.errors for row in rows)
    found = [
        r for r in rows if REQUESTS <= r.requests < requests and r.errors >= REFUSED * r.requests
    ]
    others = {r.value: (errors - r.errors) / (requests - r.requests) for r in found}
    return [r for r in found if r.errors / r.requests - others[r.value] >= REFUSED / 2]


def refused(seen: Observations) -> list[AccessPattern]:
    """Sources that are mostly refused, and came or grew beyond chance."""
    patterns = seen.ask(access_patterns, by="source")
    return [row for row in mostly_refused(patterns.rows) if row.score >= 3]


def injections(seen: Observations) -> Iterator[Candidate]:
    """Texts that speak to a model reach a service that asks one, and somebody is refused there."""
    outside = seen.of_kind("external")
    asking = {s.name for s in seen.case.catalogue.services if outside & set(s.depends_on)}
    heard = [r for r in seen.symptoms.rows if r.service in asking and speaks(r.text)]
    sources = refused(seen) if heard else []
    for worst in sources[:1]:
        names, service = ", ".join(source.value for source in sources), heard[0].service
        statement = f"{names} sends {service} texts that speak to its model"
        kind = FaultKind("prompt injection")
        candidate = Candidate(service, kind, statement, resource=names)
        quotes = cite(seen.symptoms, heard[0], "service", "source", "now")
        candidate.backed(3.0, 1.0, f"{service} logs what addresses its reader", quotes)
        text = f"{worst.value} is refused {worst.errors} of {worst.requests} times"
        quotes = cite(seen.ask(access_patterns, by="source"), worst, "value", "errors", "requests")
        candidate.backed(3.0, 1.0, text, quotes)
        yield candidate


WIDE = {4: 24, 6: 48}
"""Bits of the network that is named to people."""
MANY = 3
"""Attacking addresses of one network from which the whole network is named."""


def networks(sources: Sequence[str], good: Mapping[str, int]) -> list[str]:
    """The sources, those of one network joined where nobody else in it sends good requests.

    Args:
        sources: attacking addresses or networks; what is neither is left out.
        good: good requests per address, attacking or not.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        network = _around(source, WIDEST)
        if network:
            groups[network].append(source)
    found = []
    for network, members in groups.items():
        harmless = any(count > 0 for address, count in good.items() if covered(address, [network]))
        found += members if len(members) < MANY or harmless else [network]
    return found


def covered(address: str, sources: Iterable[str]) -> bool:
    """Whether an address is, or lies in, one of these addresses or networks; names compare as
    they are."""
    return any(_within(address, source) for source in sources)


def mostly_in(sources: Iterable[str]) -> str:
    """ ", mostly in 203.0.113.0/24" where three or more share few networks; else empty."""
    listed = list(sources)
    around = Counter(network for source in listed if (network := _around(source, WIDE)))
    busiest = [(network, count) for network, count in around.most_common(3) if count >= MANY]
    if sum(count for _, count in busiest) * 2 < len(listed) or not busiest:
        return ""
    return f", mostly in {', '.join(network for network, _ in busiest)}"


def _within(address: str, source: str) -> bool:
    try:
        return ip_address(address) in ip_network(source, strict=False)
    except ValueError:
        return address == source


def _around(source: str, prefix: Mapping[int, int]) -> str:
    """The network around an address; a network as it is; empty for what is neither."""
    try:
        own = ip_network(source, strict=False)
    except ValueError:
        return ""
    if own.num_addresses > 1:
        return str(own)
    return str(ip_network(f"{source}/{prefix[own.version]}", strict=False))
