"""What firewalls and audit trails tell: somebody looks for open doors, one of ours is shut out, a
credential tries what it may not, or does what nobody should without saying so."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from ...incident.finding import Finding
from ...tools.guards import AUDIT, NETWORK, Guarded, guarded
from ..causes.observations import finding
from .observations import UNLIKELY, AccessObservations, Threat, words

DOORS = 10
"""Different ports and addresses, or kinds of call, refused, from which somebody looks around."""
TRIES = 5
"""Refusals from which it is no slip."""
SHOWN = 5
OURS = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
"""Addresses that nobody outside has."""


def on_guard(seen: AccessObservations) -> Iterator[Threat]:
    """Every sign that those on guard wrote down."""
    rows = seen.guards.rows if guarded(seen.case.tools.bench) else ()
    for row in rows:
        if row.guard == NETWORK and row.refused >= TRIES and row.score >= UNLIKELY:
            yield _scan(seen, row) if row.kinds >= DOORS else _shut_out(seen, row)
    calls = [row for row in rows if row.guard == AUDIT]
    yield from _denied(seen, calls)
    yield from _grave(seen, calls)


def _scan(seen: AccessObservations, row: Guarded) -> Threat:
    """From outside that is the weather; from inside, a machine that somebody else has."""
    inside = _inside(row.who)
    text = f"{row.who} was refused at {row.kinds} ports and addresses, {row.refused} times"
    name = f"{row.who}, an address of our own, looks for open doors"
    sureness = 0.7 if inside else 0.3
    return Threat(name, sureness, (_finding(seen, row, text),), (row.who,) if inside else ())


def _shut_out(seen: AccessObservations, row: Guarded) -> Threat:
    """No attack: of an address of our own a rule that changed, most likely."""
    text = f"a firewall turned {row.who} away {row.refused} times ({row.refused_before} before), "
    text += f"at {row.what}"
    text += ": has a rule changed?" if _inside(row.who) and not row.refused_before else ""
    return Threat("connections refused", 0.2, (_finding(seen, row, text),))


def _inside(address: str) -> bool:
    try:
        return any(ip_address(address) in network for network in OURS)
    except ValueError:
        return False


def _denied(seen: AccessObservations, rows: list[Guarded]) -> Iterator[Threat]:
    """Users whose calls are refused, of many kinds: what may this credential do?"""
    for who in dict.fromkeys(row.who for row in rows):
        refused = [row for row in rows if row.who == who and row.refused > row.refused_before]
        if sum(row.refused for row in refused) < TRIES:
            continue
        found = tuple(_finding(seen, row, _refused(row)) for row in refused[:SHOWN])
        name = f"{who} tries {len(refused)} kinds of call that it may not make"
        yield Threat(name, 0.6 if len(refused) >= DOORS else 0.2, found)


def _refused(row: Guarded) -> str:
    return f"{row.who} was refused {row.what} {row.refused} times, {row.refused_before} before"


def _grave(seen: AccessObservations, rows: list[Guarded]) -> Iterator[Threat]:
    """Calls that open doors or put out the light, by who had not made them before."""
    new = [row for row in rows if row.passed and not row.passed_before]
    for row in [row for row in new if words().grave.search(row.what)][:SHOWN]:
        text = f"{row.who} made the call {row.what} {row.passed} times, never before"
        hides = words().hides.search(row.what)
        name = f"{row.who} switched off what watches" if hides else f"{row.who}: {row.what}"
        yield Threat(name, 0.7 if hides else 0.3, (_finding(seen, row, text),))


def _finding(seen: AccessObservations, row: Guarded, text: str) -> Finding:
    proof = ("who", "what", "refused", "refused_before", "passed", "kinds")
    return finding("guard", text, seen.guards, row, *proof)
