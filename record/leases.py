"""A lease: the right to work one incident for a while, with a token that fences off who had it.

Each new holder, and each release, counts the token of the incident's row up, and every write of a
holder names its own (`writing`): whoever was stopped past the end and goes on later is refused,
whatever the clocks say. Time decides only from when on somebody else may take over.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, bindparam, select, text

from ..errors import LeaseLost
from .tables import WORK

LEASE_S = 15.0
"""A worker that says nothing for so long is taken for dead."""
RENEW_S = LEASE_S / 4

Clock = Callable[[Connection], float]
"""Unix seconds, as everybody who works here reads them."""


def shared_clock(connection: Connection) -> float:
    """The server's clock, which all machines share; beside a file, this machine's."""
    if connection.dialect.name == "postgresql":
        return float(connection.execute(text(SERVER_TIME)).scalar_one())
    return time.time()


SERVER_TIME = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass(frozen=True)
class Lease:
    """The right to work one incident."""

    incident_id: str
    owner: str
    token: int
    until: float  # unix seconds, by the shared clock


def new_owner() -> str:
    """A name for a worker of this process: machine, process, and a part that is never repeated."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether the process of this owner is known to be gone; what runs elsewhere is not known."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def hold(connection: Connection, lease: Lease) -> None:
    """See that the lease is ours until this transaction ends. Raises LeaseLost."""
    if connection.execute(HELD, {"incident": lease.incident_id}).scalar() != lease.token:
        raise lost(lease)


HELD = (
    select(WORK.c.token)
    .where(WORK.c.incident_id == bindparam("incident"))
    .with_for_update(read=True)
)
"""Made once: each write of a holder asks it."""


@contextmanager
def writing(engine: Engine, lease: Lease | None = None) -> Iterator[Connection]:
    """A transaction that counts only while the lease is ours. Raises LeaseLost at its end."""
    with engine.begin() as connection:
        yield connection
        if lease is not None:
            hold(connection, lease)


def lost(lease: Lease) -> LeaseLost:
    """What its late holder is told."""
    return LeaseLost(
        f"{lease.incident_id} is worked by somebody else by now: what this process still had in "
        "hand is left to them"
    )
