"""Evidence with its payloads; and what a turn has found and told that is not written yet.

Whoever holds an incident is the only one to add evidence to it, so a turn knows all of it. What is
new it writes together with the next change of the document, in one transaction: a report and what
it cites are on record together or not at all. Events that were told meanwhile go with them, and
where no change comes, all of it is written a moment later, for those who follow. What a dying
process had not written is found again: its step runs again.
"""

import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Event, RLock, Thread
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select, update

from ..errors import NotFound, StoreError
from ..incident.events import ModelWrites, ResponseEvent
from ..incident.evidence import Evidence, canonical, digest_of, short
from ..incident.timeline import from_ts
from . import events
from .database import reader
from .leases import Lease, lost, writing
from .tables import EVIDENCE, PAYLOADS, inserting

MOMENT_S, LOOK_S = 0.5, 0.25
"""How long what was found or told waits for company, and how often that is looked at."""
MOST = 64
"""Payloads that a turn has at hand once they are written: reports cite what was found just now."""


class Sealed(NamedTuple):
    """A record with its payload's digest, and that payload."""

    record: Evidence
    body: bytes  # canonical JSON, zlib

    @classmethod
    def of(cls, record: Evidence, content: Any) -> "Sealed":
        """Without a number yet."""
        text = canonical(content)
        sealed = record.model_copy(update={"digest": digest_of(text)})
        return cls(sealed, zlib.compress(text, 1))

    def numbered(self, number: int) -> "Sealed":
        """As the evidence of this number in its incident."""
        return self._replace(record=self.record.model_copy(update={"id": f"E{number}"}))


def number_after(known: Sequence[Evidence]) -> int:
    """1, or 8 after E7."""
    return int(known[-1].id[1:]) + 1 if known else 1


def records(connection: Connection, incident_id: str) -> list[Evidence]:
    """All evidence of an incident, in the order of its numbers."""
    found = select(EVIDENCE.c.record).where(EVIDENCE.c.incident_id == incident_id)
    return [_read(row) for row in connection.execute(found.order_by(EVIDENCE.c.number)).scalars()]


@lru_cache(4096)  # a record never changes, and every document read holds all of them
def _read(text: str) -> Evidence:
    return Evidence.model_validate_json(text)


def keep(connection: Connection, incident_id: str, found: Sequence[Sealed]) -> bool:
    """Write them inside this transaction; False where somebody else gave out these numbers."""
    if not found:
        return True
    _keep_payloads(connection, {record.digest: body for record, body in found})
    rows = [
        {
            "incident_id": incident_id,
            "number": int(record.id[1:]),
            "record": record.model_dump_json(),
            "digest": record.digest,
        }
        for record, _body in found
    ]
    once = inserting(connection.dialect.name, EVIDENCE).on_conflict_do_nothing()
    kept = connection.execute(once.returning(EVIDENCE.c.number), rows).scalars().all()
    return len(kept) == len(rows)


def _keep_payloads(connection: Connection, bodies: dict[str, bytes]) -> None:
    """Each once for all evidence that holds the same; what was dropped for its age is back. Always
    in one order: two that keep the same do not wait for each other crosswise."""
    once = inserting(connection.dialect.name, PAYLOADS).on_conflict_do_nothing()
    rows = [{"digest": digest, "body": bodies[digest]} for digest in sorted(bodies)]
    new = set(connection.execute(once.returning(PAYLOADS.c.digest), rows).scalars())
    if known := [digest for digest in bodies if digest not in new]:
        # Locked, so that it is not dropped while this transaction comes to rest on it.
        held = select(PAYLOADS.c.digest, PAYLOADS.c.dropped_at).where(PAYLOADS.c.digest.in_(known))
        locked = held.order_by(PAYLOADS.c.digest).with_for_update(read=True)
        for digest, dropped_at in connection.execute(locked).all():
            if dropped_at is not None:
                back = update(PAYLOADS).where(PAYLOADS.c.digest == digest)
                connection.execute(back.values(dropped_at=None, body=bodies[digest]))


def payload(connection: Connection, payload_digest: str) -> Any:
    """The payload under this digest. Raises NotFound; StoreError if it was altered."""
    query = select(PAYLOADS).where(PAYLOADS.c.digest == payload_digest)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"no payload {short(payload_digest)}")
    if row["dropped_at"] is not None:
        when = f"{from_ts(row['dropped_at']):%Y-%m-%d}"
        raise NotFound(f"payload {short(payload_digest)} expired: dropped for its age on {when}")
    text = zlib.decompress(row["body"])
    if digest_of(text) != payload_digest:
        raise StoreError(f"payload {short(payload_digest)} is not what was recorded")
    return json.loads(text)


class Pending:
    """What was found and told of one incident since it was last written. Without a lease it is
    written for whoever changes a document that nobody has to hold."""

    def __init__(self, engine: Engine, incident_id: str, lease: Lease | None = None) -> None:
        self.engine = engine
        self.incident_id = incident_id
        self.lease = lease
        self.lock = RLock()
        """Held while any of it is written: what is told is stored in the order of telling."""
        self._all: list[Evidence] | None = None
        self._bodies: dict[str, bytes] = {}
        self._found: list[Sealed] = []
        self._told: list[events.Told] = []
        self._since = 0.0

    @property
    def waits(self) -> bool:
        """Whether anything is not written yet."""
        return bool(self._found or self._told)

    def add(self, record: Evidence, content: Any) -> Evidence:
        """The record with its number and digest; written with what comes next."""
        sealed = Sealed.of(record, content)
        with self.lock:
            known = self.known()
            sealed = sealed.numbered(number_after(known))
            self._begin()
            self._found.append(sealed)
            self._bodies[sealed.record.digest] = sealed.body
            known.append(sealed.record)
        return sealed.record

    def known(self) -> list[Evidence]:
        """All evidence, also what is not written yet. Raises StoreUnavailable."""
        with self.lock:
            if self._all is None:
                with reader(self.engine).begin() as connection:
                    self._all = records(connection, self.incident_id)
            return self._all

    def payload(self, payload_digest: str) -> Any:
        """The payload, where this turn found it a while ago or did not write it yet, else None."""
        body = self._bodies.get(payload_digest)
        return None if body is None else json.loads(zlib.decompress(body))

    def tell(self, out: Callable[[ResponseEvent], None], event: ResponseEvent) -> None:
        """Tell those who watch, and put it down for those who follow."""
        with self.lock:
            if not isinstance(event, ModelWrites):  # half a sentence is nothing to keep
                self._begin()
                self._told.append((event, time.time()))
            out(event)

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, list[events.Told]]]:
        """A transaction that takes along what waits, evidence first and events last; more events
        may be added to the list. Raises LeaseLost at its end."""
        with self.lock:
            found, told = list(self._found), list(self._told)
            begun = len(told)
            with writing(self.engine, self.lease) as connection:
                if not keep(connection, self.incident_id, found) and self.lease:
                    raise lost(self.lease)
                yield connection, told
                if told:
                    events.append_all(connection, self.incident_id, told)
            del self._found[: len(found)], self._told[:begun]
            for oldest in list(self._bodies)[:-MOST]:
                del self._bodies[oldest]

    def flush(self, older_s: float = 0.0) -> None:
        """Write what has waited for so long. Raises LeaseLost."""
        with self.lock:
            if self.waits and time.monotonic() - self._since >= older_s:
                with self.writing():
                    pass

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Nothing waits for longer than a moment while the block runs, and nothing afterwards."""
        over = Event()

        def look() -> None:
            while not over.wait(LOOK_S):
                with suppress(StoreError):  # whoever writes next says so
                    self.flush(MOMENT_S)

        thread = Thread(target=look, name=f"events of {self.incident_id}", daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            with suppress(StoreError):
                self.flush()
            raise
        finally:
            over.set()
            thread.join()
        self.flush()

    def _begin(self) -> None:
        if not self.waits:
            self._since = time.monotonic()
