"""Holding an incident: its lease is renewed beside the work, and the work hears when it has to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from ..errors import LeaseLost, StoreUnavailable
from .leases import Lease
from .work import Work


@dataclass(frozen=True)
class Held:
    """An incident that we hold. `ended` is set when its turn has to end at the next event: the
    lease is lost, or whoever works it stops."""

    lease: Lease
    ended: Event = field(default_factory=Event)

    @property
    def incident_id(self) -> str:
        """Whose lease it is."""
        return self.lease.incident_id


@contextmanager
def renewed(work: Work, held: Held, lease_s: float) -> Iterator[None]:
    """A thread renews the lease while the block runs; where it is lost, `ended` is set."""
    over = Event()

    def renew() -> None:
        while not over.wait(lease_s / 4):
            try:
                work.renew(held.lease, lease_s)
            except LeaseLost:
                held.ended.set()
                return
            except StoreUnavailable:
                continue  # it passes, or the lease runs out: the token tells

    thread = Thread(target=renew, name=f"lease {held.incident_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
