"""Keeps incident documents, their evidence and its payloads.

Every change of a document is one read-modify-write under a lock on it, so
specialists that work side by side cannot lose each other's words.
"""

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import NotFound, Overtaken, StoreError
from ..incident.document import Incident
from ..incident.events import ActionDone, IncidentEvent, StepDone
from ..incident.evidence import Evidence
from . import events, evidence, memories
from .database import durable, glance, open_database
from .evidence import Pending, Sealed
from .leases import Lease, writing
from .ledger import Ledger
from .tables import ALERTS, INCIDENTS, WORK
from .timers import Timers
from .work import Work

Change = Callable[[Incident], None]
Done = StepDone | ActionDone
LONGEST_TITLE, LONGEST_SERVICE = 300, 100
"""Characters of them that the list holds: an index of PostgreSQL takes 2,700 bytes a row."""
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
    service: str  # that its first alert names; empty: none
    team: str  # whose it is; empty: nobody's
    work: str | None  # its status; None: nobody was ever asked to work it


LISTED = select(
    *(INCIDENTS.c[field.name] for field in fields(IncidentRow)[:-1]), WORK.c.status.label("work")
).outerjoin(WORK, WORK.c.incident_id == INCIDENTS.c.id)
"""Rows of that kind."""


class Store:
    """All incidents of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reading = glance(engine)
        self.durable = durable(engine)
        self.ledger = Ledger(engine)
        self.timers = Timers(engine)
        self.work = Work(engine)
        self.lease: Lease | None = None
        self.pending: Pending | None = None
        self.events = events.EventLog(engine)
        self.newest = _Newest()

    @classmethod
    def open(cls, place: Path | str, key_file: Path | None = None) -> "Store":
        """The store in this SQLite file, made when it is not there, or under this URL; the audit
        log's key in `key_file` (see `open_database`)."""
        return cls(open_database(place, key_file))

    def under(self, lease: Lease) -> "Store":
        """The same store for who holds this lease: its writes count only as long as it does; after
        that they raise LeaseLost. What it finds and tells is written with its next change."""
        held = copy(self)
        held.lease, held.ledger = lease, copy(self.ledger)
        held.pending = Pending(self.engine, lease.incident_id, lease)
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
            document = _read(connection, incident_id)
            document.evidence = self._evidence(connection, incident_id)
        return document

    def update(
        self,
        incident_id: str,
        change: Change,
        says: Callable[[Incident], Done] | None = None,
        tell: Callable[[Done], None] = lambda _event: None,
    ) -> Incident:
        """Apply `change` to the newest document and write it; the document as written.

        says: the event that is kept with it and, once it is, told.

        Raises NotFound; StoreError when the change would rewrite the timeline's past, LeaseLost.
        """
        pending = self.pending or Pending(self.engine, incident_id)
        with pending.lock:
            known = self.newest.take(incident_id)
            with pending.writing() as (connection, told):
                found = self._evidence(connection, incident_id)
                document, news, written = _revise(connection, incident_id, change, known, found)
                said = [says(document)] if says else []
                told += [(event, time.time()) for event in (*news, *said)]
            self.newest.keep(incident_id, written)
            for event in said:
                tell(event)
        return document

    def add_evidence(self, incident_id: str, record: Evidence, payload: Any) -> Evidence:
        """Keep a tool call's record and payload; the record with its number and digest."""
        if self.pending:
            return self.pending.add(record, payload)
        sealed = Sealed.of(record, payload)
        with self.engine.begin() as connection:
            _locked(connection, incident_id)
            number = evidence.number_after(evidence.records(connection, incident_id))
            evidence.keep(connection, incident_id, [sealed := sealed.numbered(number)])
        return sealed.record

    def _evidence(self, connection: Connection, incident_id: str) -> list[Evidence]:
        """All of it; who holds the incident knows it."""
        if self.pending and self.pending.incident_id == incident_id:
            return list(self.pending.known())
        return evidence.records(connection, incident_id)

    def payload(self, payload_digest: str) -> Any:
        """The payload under this digest. Raises NotFound; StoreError if it was altered."""
        waits = self.pending.payload(payload_digest) if self.pending else None
        if waits is not None:
            return waits
        with self.reading.begin() as connection:
            return evidence.payload(connection, payload_digest)

    def look(self, incident_id: str) -> None:
        """What hurts is looked at now: alerts that come to it from here on are not seen by this."""
        mine = (ALERTS.c.incident_id == incident_id, ALERTS.c.unworked.is_(True))
        order = (ALERTS.c.receiver, ALERTS.c.fingerprint, ALERTS.c.starts_at)  # as they are kept
        with self.reading.begin() as connection:  # most steps look at what the first one saw
            if connection.execute(select(ALERTS.c.id).where(*mine).limit(1)).first() is None:
                return
        with writing(self.engine, self.lease) as connection:
            found = connection.execute(
                select(ALERTS.c.id).where(*mine).order_by(*order).with_for_update()
            ).scalars()
            seen = update(ALERTS).where(ALERTS.c.id.in_(list(found)))
            connection.execute(seen.values(unworked=False))

    def incidents(self) -> list[IncidentRow]:
        """Every incident, newest first."""
        with self.reading.begin() as connection:
            rows = connection.execute(LISTED.order_by(*NEWEST))
            return [IncidentRow(*row) for row in rows]


def add(connection: Connection, document: Incident, team: str = "") -> None:
    """A new incident, inside the transaction of what it is opened for.

    team: whose the alerting service is, where the catalogue says so; triage says it anew.
    Raises Overtaken where there is one of this id: another drew the same in the same second.
    """
    own = {"id": document.id, "version": 1, "taken_at": time.time(), "team": team}
    try:
        connection.execute(insert(INCIDENTS).values(own | _columns(document)))
    except IntegrityError as error:
        raise Overtaken(f"there is an incident {document.id} already: try again") from error


def revise(
    connection: Connection, incident_id: str, change: Change
) -> tuple[Incident, list[IncidentEvent]]:
    """Apply `change` to the newest document and write it, inside this transaction: the document as
    written, and the events to append at the transaction's end.

    Raises NotFound; StoreError when the change would rewrite the timeline's past.
    """
    found = evidence.records(connection, incident_id)
    document, news, _ = _revise(connection, incident_id, change, None, found)
    return document, news


def _revise(
    connection: Connection,
    incident_id: str,
    change: Change,
    known: "Written | None",
    found: list[Evidence],
) -> tuple[Incident, list[IncidentEvent], "Written"]:
    """As `revise`; what was `known` of it is taken where it is still the newest, with all of the
    evidence that was `found`. Also what was written, as whoever reads it finds it."""
    stamp = _locked(connection, incident_id)
    document = known.document if known and known.stamp == stamp else _read(connection, incident_id)
    document.evidence = found
    before, past, was = list(document.timeline), events.Before.of(document), document.state
    change(document)
    if document.timeline[: len(before)] != before:
        raise StoreError("the timeline only grows: a past entry was changed or removed")
    values = {"version": stamp.version + 1, **_columns(document)}
    read = _readable(incident_id, values["document"])
    known_as = {"incident": incident_id, "known": stamp.version}
    if connection.execute(REWRITE, values | known_as).rowcount != 1:
        raise StoreError(f"{incident_id} was written by somebody else meanwhile; try again")
    memories.keep(connection, document, was)
    written = Written(_Stamp(values["version"], values["updated_at"]), read)
    return document, past.news(document), written


class _Stamp(NamedTuple):
    """Which writing of a document; the time tells apart what a lost one and its successor wrote
    under one number, after a failover."""

    version: int
    updated_at: float


class Written(NamedTuple):
    """A document as it was written, without its evidence; whoever takes it may change it."""

    stamp: _Stamp
    document: Incident


class _Newest:
    """Documents that this process wrote last: who changes one again need not read it again."""

    MOST = 8

    def __init__(self) -> None:
        self._written: dict[str, Written] = {}

    def take(self, incident_id: str) -> Written | None:
        """Once: it is changed in place."""
        return self._written.pop(incident_id, None)

    def keep(self, incident_id: str, written: Written) -> None:
        """Only what is committed; the oldest goes."""
        self._written[incident_id] = written
        for oldest in list(self._written)[: -self.MOST]:
            self._written.pop(oldest, None)


# Made once: each step asks them, and a statement takes longer to make than to execute.
HERE = INCIDENTS.c.id == bindparam("incident")
DOCUMENT = select(INCIDENTS.c.document).where(HERE)
STAMP = select(INCIDENTS.c.version, INCIDENTS.c.updated_at).where(HERE).with_for_update()
REWRITE = update(INCIDENTS).where(HERE, INCIDENTS.c.version == bindparam("known"))


def _locked(connection: Connection, incident_id: str) -> _Stamp:
    """Which writing is the newest; nobody else changes the incident until this transaction ends."""
    row = connection.execute(STAMP, {"incident": incident_id}).first()
    return _Stamp(*row) if row else _Stamp(0, 0.0)


def _read(connection: Connection, incident_id: str) -> Incident:
    text = connection.execute(DOCUMENT, {"incident": incident_id}).scalar()
    if text is None:
        raise NotFound(f"no incident {incident_id}; `warroom incidents` lists them")
    return Incident.model_validate_json(text)


def _readable(incident_id: str, text: str) -> Incident:
    """What could never be read again is not written: a copy of a model checks nothing."""
    try:
        return Incident.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(f"{incident_id} would not be readable any more: {error}") from error


def _columns(document: Incident) -> dict[str, Any]:
    return {
        "document": document.model_dump_json(exclude={"evidence"}),
        "state": document.state.value,
        "severity": document.severity.value if document.severity else "",
        "title": document.title[:LONGEST_TITLE],
        "service": document.alert.service[:LONGEST_SERVICE],
        "fingerprint": document.alert.fingerprint,
        "opened_at": document.opened_at.timestamp(),
        "updated_at": time.time(),
        **({"team": document.services[0].team} if document.services else {}),
    }
