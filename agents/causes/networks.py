"""From single addresses to the networks they fill, without catching those who do no harm."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

PREFIX = {4: 24, 6: 64}
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
        network = _around(source)
        if network:
            groups[network].append(source)
    found = []
    for network, members in groups.items():
        harmless = any(count > 0 for address, count in good.items() if covered(address, [network]))
        found += members if len(members) < MANY or harmless else [network]
    return found


def covered(address: str, sources: Sequence[str]) -> bool:
    """Whether an address is one of the sources or lies in a network among them."""
    try:
        return any(ip_address(address) in ip_network(source) for source in sources)
    except ValueError:
        return False


def _around(source: str) -> str:
    """The network around an address; a network as it is; empty for what is neither."""
    try:
        own = ip_network(source, strict=False)
    except ValueError:
        return ""
    if own.num_addresses > 1:
        return str(own)
    return str(ip_network(f"{source}/{PREFIX[own.version]}", strict=False))
