"""Failed attempts to sign in, counted per address."""

import threading
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

MOST_FAILURES = 30
"""Wrong tokens from one address in a minute; then none of it is looked at until the minute is over.
A token is 256 bits: this keeps the work small, not the secret safe."""
PERIOD_S = 60.0
MOST_ADDRESSES = 10_000


class Attempts:
    """Failed attempts per address, in this process. `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._since: dict[str, tuple[float, int]] = {}

    def wait(self, address: str) -> float:
        """Seconds until this address is listened to again; 0: it is now."""
        with self._lock:
            since, count = self._current(network_of(address))
            return since + PERIOD_S - self.clock() if count >= MOST_FAILURES else 0.0

    def failed(self, address: str) -> None:
        """Count one."""
        address = network_of(address)
        with self._lock:
            since, count = self._current(address)
            self._since.pop(address, None)
            self._since[address] = since, count + 1  # the newest stands last
            if len(self._since) > MOST_ADDRESSES:
                del self._since[next(iter(self._since))]

    def _current(self, address: str) -> tuple[float, int]:
        now = self.clock()
        since, count = self._since.get(address, (now, 0))
        return (since, count) if now < since + PERIOD_S else (now, 0)


def network_of(address: str) -> str:
    """One network of IPv6 is one address: whoever has one has all of its 2^64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(int(found) >> 64) if isinstance(found, IPv6Address) else address
