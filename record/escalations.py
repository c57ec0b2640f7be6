"""Escalations: one row an incident, whose next step is due at a time and is taken by one.

A step is a compare-and-swap on the row's version and a row of history under that number: however
many servers look, and however often they are killed in between, each step happens once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from ..incident.lifecycle import ACTIVE, OVER
from ..oncall.escalation import Levels
from .database import glance
from .leases import Clock, shared_clock
from .oncall_tables import ESCALATIONS, STEPS
from .outbox import PAGE
from .tables import INCIDENTS, OUTBOX, insert_once

LEVELS = TypeAdapter(Levels)
OPEN, ACKNOWLEDGED, ENDED = "open", "acknowledged", "over"
FRESH_S = 86400.0
"""An incident that was taken longer ago is not begun with: nobody is woken for what is old."""


@dataclass(frozen=True)
class Standing:
    """How the escalation of an incident stands; times in unix seconds."""

    incident_id: str
    version: int
    state: str
    severity: str
    levels: Levels  # as they were when it began
    level: int
    told: int
    started_at: float
    due_at: float | None
    answered_by: str | None
    answered_at: float | None


@dataclass(frozen=True)
class Step:
    """A line of its history; `at` in unix seconds."""

    incident_id: str
    number: int
    person: str
    at: float
    act: str
    level: int
    why: str


FIELDS = [ESCALATIONS.c[name] for name in Standing.__dataclass_fields__]


class Escalations:
    """The escalations of one installation, by a clock that all servers share."""

    def __init__(self, engine: Engine, clock: Clock = shared_clock) -> None:
        self.engine, self.reading, self.clock = engine, glance(engine), clock

    def waiting(self) -> list[str]:
        """Incidents whose escalation has a step to make now."""
        with self.reading.begin() as connection:
            now = self.clock(connection)
            active, over = ([s.value for s in states] for states in (ACTIVE, OVER))
            due = select(ESCALATIONS.c.incident_id).where(ESCALATIONS.c.due_at <= now)
            rows = select(INCIDENTS.c.id).outerjoin(
                ESCALATIONS, ESCALATIONS.c.incident_id == INCIDENTS.c.id
            )
            other = or_(
                ESCALATIONS.c.state == ENDED, ESCALATIONS.c.severity != INCIDENTS.c.severity
            )
            unknown = ESCALATIONS.c.state.is_(None) & (INCIDENTS.c.taken_at > now - FRESH_S)
            new = rows.where(
                INCIDENTS.c.state.in_(active), INCIDENTS.c.severity != "", or_(unknown, other)
            )
            runs = ESCALATIONS.c.state.in_((OPEN, ACKNOWLEDGED))
            ended = rows.where(runs, INCIDENTS.c.state.in_(over))
            found = (connection.execute(query).scalars() for query in (due, new, ended))
            return list(dict.fromkeys(each for ids in found for each in ids))

    def of(self, incident_id: str) -> Standing | None:
        """How it stands; None: nobody was to be told yet."""
        with self.reading.begin() as connection:
            return find(connection, incident_id)

    def history(self, incident_id: str = "", since: float = 0.0) -> list[Step]:
        """Its steps, oldest first; of all incidents when none is named."""
        query = select(STEPS).where(STEPS.c.at >= since)
        if incident_id:
            query = query.where(STEPS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(STEPS.c.at, STEPS.c.number)).mappings()
            return [Step(**row) for row in rows]


def find(connection: Connection, incident_id: str, lock: bool = False) -> Standing | None:
    """The row; nobody else makes a step of it until the transaction ends, where it is locked."""
    query = select(*FIELDS).where(ESCALATIONS.c.incident_id == incident_id)
    query = query.with_for_update() if lock else query
    row = connection.execute(query).mappings().first()
    return Standing(**{**row, "levels": LEVELS.validate_json(row["levels"])}) if row else None


def take(connection: Connection, incident_id: str, known: Standing | None, **values: Any) -> bool:
    """Make the next step of what is `known` (None: the first): whether it is ours to make."""
    if "levels" in values:
        values["levels"] = LEVELS.dump_json(values["levels"]).decode()
    if known is None:
        fresh = {"version": 1, "levels": "[]", "level": -1, "told": 0, "due_at": None, **values}
        return insert_once(connection, ESCALATIONS, incident_id=incident_id, **fresh)
    here = (ESCALATIONS.c.incident_id == incident_id, ESCALATIONS.c.version == known.version)
    change = update(ESCALATIONS).where(*here).values(version=known.version + 1, **values)
    return connection.execute(change).rowcount == 1


def note(
    connection: Connection,
    incident_id: str,
    known: Standing | None,
    act: str,
    people: Sequence[str],
    **row: Any,
) -> None:
    """Write the step down that was taken, a row a person."""
    number = (known.version if known else 0) + 1
    each = {"incident_id": incident_id, "number": number, "act": act, **row}
    connection.execute(insert(STEPS), [{**each, "person": one} for one in people or [""]])


def call_off(connection: Connection, incident_id: str) -> None:
    """What would still have told somebody does not go out, but for what is being delivered in this
    very moment: before the document is locked."""
    mine = (OUTBOX.c.incident_id == incident_id, OUTBOX.c.key.startswith(PAGE))
    waits = select(OUTBOX.c.key).where(*mine, OUTBOX.c.sent_at.is_(None))
    free = waits.with_for_update(skip_locked=True)
    connection.execute(delete(OUTBOX).where(OUTBOX.c.key.in_(free)))
