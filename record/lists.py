"""The record page by page: incidents by what they are, those that wait for a person, alerts as they
came.

A page ends with a mark; the next one begins after it, whatever came in meanwhile.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Engine, Row, Select, case, func, not_, or_, select, tuple_

from ..errors import InputError
from ..incident.document import Alert
from .database import reader
from .escalations import OPEN
from .oncall_tables import ESCALATIONS
from .store import LISTED, NEWEST, IncidentRow
from .tables import ALERTS, APPROVALS, INCIDENTS, WORK
from .teams import Sight, seen, told
from .waking import HANDED_OVER, STUCK

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
    return _paged(engine, query, after, limit, IncidentRow)


Row_ = TypeVar("Row_", bound=IncidentRow)


def _paged(engine: Engine, query: Select, after: str, limit: int, kind: type[Row_]) -> Page[Row_]:
    """A page of rows of this kind; the query's last column is when they were taken."""
    if after:
        here = tuple_(INCIDENTS.c.taken_at, INCIDENTS.c.id)
        query = query.where(here < tuple_(*_mark(after)))
    with reader(engine).begin() as connection:
        rows = connection.execute(query.order_by(*NEWEST).limit(limit + 1)).all()
    found = [kind(*tuple(row)[:-1]) for row in rows[:limit]]
    more = f"{rows[limit - 1].taken_at!r} {found[-1].id}" if len(rows) > limit else ""
    return Page(found, more)


@dataclass(frozen=True, slots=True)
class Listed(IncidentRow):
    """With what of it waits for a person."""

    unanswered: bool  # nobody has acknowledged it
    question: str | None  # the first that is asked


@dataclass(frozen=True)
class Wanted:
    """Which incidents are looked for; empty: whatever they are."""

    states: Sequence[str] = ()
    severities: Sequence[str] = ()
    text: str = ""  # in id, title or service
    service: str = ""
    team: str = ""
    sight: Sight = None  # whose incidents are seen at all

    @property
    def narrowed(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.states or self.severities or self.text or self.service or self.team)

    def clauses(self) -> Iterator[ColumnElement[bool]]:
        """As SQL has it, on both databases."""
        yield seen(self.sight)
        if self.states:
            yield INCIDENTS.c.state.in_(self.states)
        if self.severities:
            yield INCIDENTS.c.severity.in_(self.severities)
        if self.service:
            yield func.lower(INCIDENTS.c.service) == self.service.lower()
        if self.team:
            yield func.lower(INCIDENTS.c.team) == self.team.lower()
        if self.text:
            text, columns = (
                self.text.lower(),
                (INCIDENTS.c.id, INCIDENTS.c.title, INCIDENTS.c.service),
            )
            yield or_(*(func.lower(each).contains(text, autoescape=True) for each in columns))


def waiting(engine: Engine, wanted: Wanted, limit: int = 50) -> list[Listed]:
    """Those that a person has to do something about, the worst first, among equals the oldest."""
    unknown = case((INCIDENTS.c.severity == "", "P9"), else_=INCIDENTS.c.severity)
    query = _listed().where(_waits(), *wanted.clauses())
    with reader(engine).begin() as connection:
        rows = connection.execute(query.order_by(unknown, INCIDENTS.c.taken_at).limit(limit)).all()
    return [Listed(*tuple(row)[:-1]) for row in rows]


def others(engine: Engine, wanted: Wanted, after: str = "", limit: int = 50) -> Page[Listed]:
    """All that `waiting` leaves, newest first. Raises InputError for a mark that no page had."""
    query = _listed().where(not_(_waits()), *wanted.clauses())
    return _paged(engine, query, after, limit, Listed)


def _open() -> tuple[ColumnElement[bool], ...]:
    return APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > time.time()


def _waits() -> ColumnElement[bool]:
    asked = INCIDENTS.c.id.in_(select(APPROVALS.c.incident_id).where(*_open()))
    return or_(asked, _unanswered(), func.coalesce(WORK.c.status, "").in_((STUCK, HANDED_OVER)))


def _unanswered() -> ColumnElement[bool]:
    return INCIDENTS.c.id.in_(select(ESCALATIONS.c.incident_id).where(ESCALATIONS.c.state == OPEN))


def _listed() -> Select:
    mine = select(APPROVALS.c.title).where(APPROVALS.c.incident_id == INCIDENTS.c.id, *_open())
    first = mine.order_by(APPROVALS.c.kind, APPROVALS.c.requested_at).limit(1).scalar_subquery()
    return LISTED.add_columns(_unanswered(), first, INCIDENTS.c.taken_at)


def _mark(after: str) -> tuple[float, str]:
    taken_at, _, incident_id = after.partition(" ")
    try:
        return float(taken_at), incident_id
    except ValueError:
        raise InputError("`after` is what the page before ended with: give that") from None


def alerts(
    engine: Engine, after: int = 0, limit: int = 50, sight: Sight = None, incident: str = ""
) -> Page[TakenAlert]:
    """Alerts in the order in which they came, after this number, of one incident where it is named;
    not those of incidents that somebody does not see."""
    query = select(ALERTS.c.id, ALERTS.c.received_at, ALERTS.c.incident_id, ALERTS.c.body)
    query = (
        query.where(ALERTS.c.id > after, told(sight, ALERTS.c.incident_id))
        .order_by(ALERTS.c.id)
        .limit(limit + 1)
    )
    query = query.where(ALERTS.c.incident_id == incident) if incident else query
    with reader(engine).begin() as connection:
        rows = connection.execute(query).all()
    found = [_taken(row) for row in rows[:limit]]
    return Page(found, str(found[-1].id) if len(rows) > limit else "")


def _taken(row: Row) -> TakenAlert:
    alert = Alert.model_validate_json(row.body)
    return TakenAlert(row.id, row.received_at, row.incident_id, alert)
