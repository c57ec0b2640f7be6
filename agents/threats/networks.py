"""Addresses in fewer words: the networks they share."""

import ipaddress
from collections import Counter
from collections.abc import Iterable


def networks(sources: Iterable[str], prefix: int = 24) -> Counter[str]:
    """How many of the addresses lie in each network (IPv4 /24, IPv6 /48); others are left out."""
    found: Counter[str] = Counter()
    for source in sources:
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            continue
        bits = prefix if address.version == 4 else 48
        found[str(ipaddress.ip_network(f"{address}/{bits}", strict=False))] += 1
    return found


def within(source: str, network: str) -> bool:
    """Whether an address is, or lies in, this address or network; names compare as they are."""
    try:
        return ipaddress.ip_address(source) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return source == network


def named(sources: Iterable[str]) -> str:
    """ ", mostly 203.0.113.0/24" where three or more share few networks; else empty."""
    listed = list(sources)
    busiest = [(net, count) for net, count in networks(listed).most_common(3) if count >= 3]
    if sum(count for _, count in busiest) * 2 < len(listed) or not busiest:
        return ""
    return f", mostly in {', '.join(net for net, _ in busiest)}"
