"""Keeps incident documents, their evidence and its payloads.

Every change of a document is one read-modify-write under a lock on it, so
specialists that work side by side cannot lose each other's words.
"""

import json
import time
import zlib
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, insert, select, update

from ..errors import NotFound, StoreError
from ..incident.document import Incident
from ..incident.evidence import Evidence, canonical, digest_of, short
from ..incident.timeline import from_ts
from . import events
from .database import durable, open_database, reader
from .leases import Lease, writing
from .ledger import Ledger
from .tables import EVIDENCE, INCIDENTS, PAYLOADS, insert_once, next_number
from .timers import Timers
from .work import Work

Change = Callable[[Incident], None]
NEWEST = (INCIDENTS.c.taken_at.desc(), INCIDENTS.c.id.desc())
"""In the order in which they were taken: a recording's incident is opened in its own time."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in the list of all; times in unix seconds."""

    id: str
    opened_at: float
    updated_at: float
    state: str
    severity: str | None
    title: str


class Store:
    """All incidents of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reading = reader(engine)
        self.durable = durable(engine)
        self.ledger = Ledger(engine)
        self.timers = Timers(engine)
        self.work = Work(engine)
        self.lease: Lease | None = None
        self.events = events.EventLog(engine)

    @classmethod
    def open(cls, place: Path | str, key_file: Path | None = None) -> "Store":
        """The store in this SQLite file, made when it is not there, or under this URL; the audit
        log's key in `key_file` (see `open_database`)."""
        return cls(open_database(place, key_file))

    def under(self, lease: Lease) -> "Store":
        """The same store for who holds this lease: its writes count only as long as it does; after
        that they raise LeaseLost."""
        held = copy(self)
        held.lease, held.ledger = lease, copy(self.ledger)
        held.ledger.lease = lease
        held.timers = Timers(self.engine, self.work.clock, lease)
        return held

    def create(self, document: Incident) -> None:
        """Add a new incident."""
        with self.durable.begin() as connection:
            add(connection, document)

    def load(self, incident_id: str) -> Incident:
        """The document with its evidence references. Raises NotFound."""
        with self.reading.begin() as connection:
            return _load(connection, incident_id)

    def update(self, incident_id: str, change: Change) -> Incident:
        """Apply `change` to the newest document and write it; the document as written.

        Raises NotFound; StoreError when the change would rewrite the timeline's past, LeaseLost.
        """
        with writing(self.engine, self.lease) as connection:
            document, news = revise(connection, incident_id, change)
            for event in news:
                events.append(connection, incident_id, event, time.time())
        return document

    def add_evidence(self, incident_id: str, record: Evidence, payload: Any) -> Evidence:
        """Keep a tool call's record and payload; the record with its number and digest."""
        text = canonical(payload)
        sealed = record.model_copy(update={"digest": digest_of(text)})
        body = {"digest": sealed.digest, "body": zlib.compress(text, 1)}
        with writing(self.engine, self.lease) as connection:
            _locked(connection, incident_id)
            _keep(connection, sealed.digest, body)
            number = next_number(
                connection, EVIDENCE.c.number, EVIDENCE.c.incident_id == incident_id
            )
            sealed = sealed.model_copy(update={"id": f"E{number}"})
            row = {
                "incident_id": incident_id,
                "number": number,
                "record": sealed.model_dump_json(),
                "digest": sealed.digest,
            }
            connection.execute(insert(EVIDENCE).values(row))
        return sealed

    def payload(self, payload_digest: str) -> Any:
        """The payload under this digest. Raises NotFound; StoreError if it was altered."""
        query = select(PAYLOADS).where(PAYLOADS.c.digest == payload_digest)
        with self.reading.begin() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"no payload {short(payload_digest)}")
        if row["dropped_at"] is not None:
            when = f"{from_ts(row['dropped_at']):%Y-%m-%d}"
            raise NotFound(
                f"payload {short(payload_digest)} expired: dropped for its age on {when}"
            )
        text = zlib.decompress(row["body"])
        if digest_of(text) != payload_digest:
            raise StoreError(f"payload {short(payload_digest)} is not what was recorded")
        return json.loads(text)

    def incidents(self) -> list[IncidentRow]:
        """Every incident, newest first."""
        query = select(*(INCIDENTS.c[field.name] for field in fields(IncidentRow)))
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(*NEWEST))
            return [IncidentRow(*row) for row in rows]


def add(connection: Connection, document: Incident) -> None:
    """A new incident, inside the transaction of what it is opened for."""
    row = {"id": document.id, "version": 1, "taken_at": time.time(), **_columns(document)}
    connection.execute(insert(INCIDENTS).values(row))


def revise(
    connection: Connection, incident_id: str, change: Change
) -> tuple[Incident, list[events.IncidentEvent]]:
    """Apply `change` to the newest document and write it, inside this transaction: the document as
    written, and the events to append at the transaction's end.

    Raises NotFound; StoreError when the change would rewrite the timeline's past.
    """
    version = _locked(connection, incident_id)
    document = _load(connection, incident_id)
    before, known = list(document.timeline), events.Before.of(document)
    change(document)
    if document.timeline[: len(before)] != before:
        raise StoreError("the timeline only grows: a past entry was changed or removed")
    here = (INCIDENTS.c.id == incident_id, INCIDENTS.c.version == version)
    values = {"version": version + 1, **_columns(document)}
    _readable(incident_id, values["document"])
    if connection.execute(update(INCIDENTS).where(*here).values(values)).rowcount != 1:
        raise StoreError(f"{incident_id} was written by somebody else meanwhile; try again")
    return document, known.news(document)


def _locked(connection: Connection, incident_id: str) -> int:
    """The document's version; nobody else changes the incident until this transaction ends."""
    query = select(INCIDENTS.c.version).where(INCIDENTS.c.id == incident_id)
    return connection.execute(query.with_for_update()).scalar() or 0


def _load(connection: Connection, incident_id: str) -> Incident:
    query = select(INCIDENTS.c.document).where(INCIDENTS.c.id == incident_id)
    text = connection.execute(query).scalar()
    if text is None:
        raise NotFound(f"no incident {incident_id}; `warroom incidents` lists them")
    records = select(EVIDENCE.c.record).where(EVIDENCE.c.incident_id == incident_id)
    rows = connection.execute(records.order_by(EVIDENCE.c.number)).scalars()
    document = Incident.model_validate_json(text)
    document.evidence = [_evidence(row) for row in rows]
    return document


@lru_cache(4096)  # a record never changes, and every document read holds all of them
def _evidence(text: str) -> Evidence:
    return Evidence.model_validate_json(text)


def _keep(connection: Connection, payload_digest: str, body: dict[str, Any]) -> None:
    """Once for all evidence that holds the same; what was dropped for its age is back."""
    if insert_once(connection, PAYLOADS, **body):
        return
    here = PAYLOADS.c.digest == payload_digest
    # Locked, so that it is not dropped while this transaction comes to rest on it.
    dropped = select(PAYLOADS.c.dropped_at).where(here).with_for_update(read=True)
    if connection.execute(dropped).scalar() is not None:
        connection.execute(update(PAYLOADS).where(here).values(dropped_at=None, **body))


def _readable(incident_id: str, text: str) -> None:
    """What could never be read again is not written: a copy of a model checks nothing."""
    try:
        Incident.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(f"{incident_id} would not be readable any more: {error}") from error


def _columns(document: Incident) -> dict[str, Any]:
    return {
        "document": document.model_dump_json(exclude={"evidence"}),
        "state": document.state.value,
        "severity": document.severity.value if document.severity else "",
        "title": document.title,
        "fingerprint": document.alert.fingerprint,
        "opened_at": document.opened_at.timestamp(),
        "updated_at": time.time(),
    }
