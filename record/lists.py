"""The record page by page: incidents by what they are, alerts as they came.

A page ends with a mark; the next one begins after it, whatever came in meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Engine, Row, select, tuple_

from ..errors import InputError
from ..incident.document import Alert
from .database import reader
from .store import LISTED, NEWEST, IncidentRow
from .tables import ALERTS, INCIDENTS
from .teams import Sight, seen, told

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list; `after` begins the next page, empty where this is the last."""

    items: Sequence[T]
    after: str


@dataclass(frozen=True)
class TakenAlert:
    """An alert as it was written down; the incident is empty until one took it."""

    id: int
    received_at: float
    incident_id: str | None
    alert: Alert


def incidents(
    engine: Engine,
    states: Sequence[str] = (),
    severities: Sequence[str] = (),
    after: str = "",
    limit: int = 50,
    sight: Sight = None,
) -> Page[IncidentRow]:
    """Incidents of these states and severities (of all where none is named), newest first; those
    that somebody sees.

    Raises InputError for a mark that no page ended with.
    """
    query = LISTED.add_columns(INCIDENTS.c.taken_at).where(seen(sight))
    if states:
        query = query.where(INCIDENTS.c.state.in_(states))
    if severities:
        query = query.where(INCIDENTS.c.severity.in_(severities))
    if after:
        here = tuple_(INCIDENTS.c.taken_at, INCIDENTS.c.id)
        query = query.where(here < tuple_(*_mark(after)))
    with reader(engine).begin() as connection:
        rows = connection.execute(query.order_by(*NEWEST).limit(limit + 1)).all()
    found = [IncidentRow(*tuple(row)[:-1]) for row in rows[:limit]]
    more = f"{rows[limit - 1].taken_at!r} {found[-1].id}" if len(rows) > limit else ""
    return Page(found, more)


def _mark(after: str) -> tuple[float, str]:
    taken_at, _, incident_id = after.partition(" ")
    try:
        return float(taken_at), incident_id
    except ValueError:
        raise InputError("`after` is what the page before ended with: give that") from None


def alerts(
    engine: Engine, after: int = 0, limit: int = 50, sight: Sight = None
) -> Page[TakenAlert]:
    """Alerts in the order in which they came, after this number; not those of incidents that
    somebody does not see."""
    query = select(ALERTS.c.id, ALERTS.c.received_at, ALERTS.c.incident_id, ALERTS.c.body)
    query = (
        query.where(ALERTS.c.id > after, told(sight, ALERTS.c.incident_id))
        .order_by(ALERTS.c.id)
        .limit(limit + 1)
    )
    with reader(engine).begin() as connection:
        rows = connection.execute(query).all()
    found = [_taken(row) for row in rows[:limit]]
    return Page(found, str(found[-1].id) if len(rows) > limit else "")


def _taken(row: Row) -> TakenAlert:
    alert = Alert.model_validate_json(row.body)
    return TakenAlert(row.id, row.received_at, row.incident_id, alert)
