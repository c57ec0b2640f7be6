"""Holding an incident: its lease is renewed beside the work, which hears when it has to end; then
the incident is given back, whatever came of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from ..errors import LeaseLost, StoreUnavailable, TelemetryError
from .leases import LEASE_S, Lease
from .work import Work

PASSES = (StoreUnavailable, TelemetryError)
"""What is away comes back without anybody here."""
STOPPED = "stopped half-way; whoever takes it goes on from the last step"


@dataclass
class Held:
    """An incident that we hold, and what it will be given back with.

    `ended` is set when its turn has to end at the next event: the lease is lost, or we stop.
    """

    lease: Lease
    ended: Event = field(default_factory=Event)
    until: float | None = 0.0  # when to look at it next, by the shared clock; None: it is over
    why: str = STOPPED
    status: str = ""  # after it was given back

    @property
    def incident_id(self) -> str:
        """Whose lease it is."""
        return self.lease.incident_id


@contextmanager
def holding(work: Work, lease: Lease, lease_s: float = LEASE_S) -> Iterator[Held]:
    """Renew the lease while the block runs, then give the incident back, with the time at which to
    look at it again; after a failure, in a while. Raises LeaseLost."""
    held = Held(lease)
    try:
        with _renewed(work, held, lease_s):
            yield held
    except (GeneratorExit, KeyboardInterrupt):
        with suppress(LeaseLost):
            work.release(lease, work.now(), STOPPED)
        raise
    except BaseException as error:
        with suppress(LeaseLost):  # it is with somebody else, or set aside already
            why = f"{type(error).__name__}: {error}"
            work.failed(lease, why, passes=isinstance(error, PASSES))
        raise
    held.status = work.release(lease, held.until, held.why)


@contextmanager
def _renewed(work: Work, held: Held, lease_s: float) -> Iterator[None]:
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

    thread = Thread(target=renew, name=f"lease of {held.incident_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
