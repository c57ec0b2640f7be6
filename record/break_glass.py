"""The account for when nothing else works is loud: what is done under it stands in the audit log,
in the incident's timeline and among its events, before it is done."""

import time

from sqlalchemy import Connection, Engine, select

from ..incident.document import Incident
from ..incident.events import GlassBroken
from ..incident.identity import BREAK_GLASS, Identity
from ..incident.timeline import Event, EventKind, from_ts
from . import audit, events
from .database import durable
from .store import revise
from .tables import EVENTS, INCIDENTS

AGAIN_S = 3600.0
"""Looking at an incident is told once in this time; each change is told."""


def tell(engine: Engine, by: Identity, what: str, incident_id: str, looks: bool) -> None:
    """Write down that it asks for this (method and path); of an incident, or of none: empty."""
    now = time.time()
    with durable(engine).begin() as connection:
        there = incident_id and _is_there(connection, incident_id)
        if looks and not (there and _is_new(connection, incident_id, now - AGAIN_S)):
            return
        news = []
        if there:
            text = f"{by.name} acts under the {BREAK_GLASS} account: {what}"
            line = Event(at=from_ts(now), actor=by.name, kind=EventKind.decision, text=text)

            def noted(document: Incident) -> None:
                document.record(line)

            _, news = revise(connection, incident_id, noted)
        audit.add(connection, str(by), BREAK_GLASS, incident_id or None, {"what": what})
        if there:
            told = [*news, GlassBroken(by=by.name, what=what)]
            events.append_all(connection, incident_id, [(one, now) for one in told])


def _is_there(connection: Connection, incident_id: str) -> bool:
    query = select(INCIDENTS.c.id).where(INCIDENTS.c.id == incident_id)
    return connection.execute(query).first() is not None


def _is_new(connection: Connection, incident_id: str, since: float) -> bool:
    kind = GlassBroken.model_fields["event"].default
    mine = (EVENTS.c.incident_id == incident_id, EVENTS.c.event == kind, EVENTS.c.at > since)
    return connection.execute(select(EVENTS.c.position).where(*mine)).first() is None
