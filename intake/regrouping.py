"""A person's word on grouping counts: two incidents become one, an alert gets one of its own. Both
are audited, and both ways are linked in the documents.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from ..errors import InputError, NotFound
from ..incident.document import Alert, Incident
from ..incident.events import AlertTaken, IncidentJoined
from ..incident.lifecycle import State
from ..incident.timeline import utc_now
from ..record import audit, events, store
from ..record.store import Store
from ..record.tables import ALERTS, GROUPS, INCIDENTS, WORK
from ..record.waking import OVER, wake
from .scopes import runs
from .telling import Arrival, join, new_id, opened


def merge(records: Store, source: str, into: str, by: str, reason: str = "") -> None:
    """All alerts of `source` become alerts of `into`; `source` is closed and worked no more.

    by: who decides, as the audit log has it. Raises NotFound, and InputError where one of them is
    over already.
    """
    why = reason.strip() or f"merged by {by}"
    if source == into:
        raise InputError("an incident cannot be merged into itself")
    now = utc_now()
    with records.durable.begin() as connection:
        _both_run(connection, source, into)
        rows = connection.execute(
            select(ALERTS).where(ALERTS.c.incident_id == source).with_for_update()
        ).all()
        _move(connection, rows, into, why)
        moved = update(GROUPS).where(GROUPS.c.incident_id == source)
        connection.execute(moved.values(incident_id=into))
        _, closed = store.revise(connection, source, lambda doc: _close(doc, into, why, now))
        arrivals = [Arrival(_alert(row), why) for row in rows]
        _, news = store.revise(connection, into, lambda doc: _absorb(doc, source, arrivals, now))
        audit.add(connection, by, "merge", into, {"source": source, "reason": why})
        for incident_id, event in [(source, e) for e in closed] + [(into, e) for e in news]:
            events.append(connection, incident_id, event, now.timestamp())
        joined = IncidentJoined(other=source, reason=why)
        events.append(connection, into, joined, now.timestamp())
        _end_work(connection, source, into)
        wake(connection, into, why=f"{source} was merged into it")


def split(records: Store, incident_id: str, alert_ids: Sequence[int], by: str) -> str:
    """Give some of its alerts an incident of their own; the new one's id. It takes the alerts of
    their components from now on.

    Raises NotFound for an alert that the incident does not have, InputError where it would keep
    none.
    """
    now, why = utc_now(), f"split from {incident_id} by {by}"
    with records.durable.begin() as connection:
        here = ALERTS.c.incident_id == incident_id
        rows = connection.execute(select(ALERTS).where(here).with_for_update()).all()
        mine = sorted((row for row in rows if row.id in set(alert_ids)), key=_worst_first)
        if len(mine) != len(set(alert_ids)) or not mine:
            raise NotFound(f"{incident_id} does not have all of these alerts; see its alerts")
        if len(mine) == len(rows):
            raise InputError(f"{incident_id} would keep no alert: leave one, or merge instead")
        document = opened(new_id(), _alert(mine[0]), now, why, ())
        document.related.append(incident_id)
        team = select(INCIDENTS.c.team).where(INCIDENTS.c.id == incident_id)
        store.add(connection, document, connection.execute(team).scalar() or "")
        _move(connection, mine, document.id, why)
        _redirect(connection, mine, incident_id, document.id)
        arrivals = [Arrival(_alert(row), why) for row in mine[1:]]
        if arrivals:
            change = lambda doc: join(doc, arrivals, 1, len(mine), now)  # noqa: E731
            store.revise(connection, document.id, change)
        store.revise(connection, incident_id, lambda doc: _link(doc, document.id))
        detail = {"from": incident_id, "alerts": [row.id for row in mine]}
        audit.add(connection, by, "split", document.id, detail)
        taken = AlertTaken(alert=document.alert, reason=why)
        events.append(connection, document.id, taken, now.timestamp())
        wake(connection, document.id, why=why)
    return document.id


def _both_run(connection: Connection, source: str, into: str) -> None:
    for incident_id in sorted((source, into)):
        locked = select(INCIDENTS.c.id).where(INCIDENTS.c.id == incident_id).with_for_update()
        if connection.execute(locked).scalar() is None:
            raise NotFound(f"no incident {incident_id}; `warroom incidents` lists them")
        if not runs(connection, incident_id):
            raise InputError(f"{incident_id} is over: only incidents that run can be merged")


def _move(connection: Connection, rows: Sequence[sa.Row[Any]], incident_id: str, why: str) -> None:
    if rows:
        values = {"incident_id": incident_id, "reason": why}
        chosen = ALERTS.c.id.in_([row.id for row in rows])
        connection.execute(update(ALERTS).where(chosen).values(values))


def _redirect(connection: Connection, rows: Sequence[sa.Row[Any]], source: str, into: str) -> None:
    for scope, component in sorted({(row.scope, row.component) for row in rows}):
        here = (
            GROUPS.c.scope == scope,
            GROUPS.c.component == component,
            GROUPS.c.incident_id == source,
        )
        connection.execute(update(GROUPS).where(*here).values(incident_id=into))


def _end_work(connection: Connection, incident_id: str, into: str) -> None:
    """Nobody works it any more: whoever does so now holds an old token from here on."""
    here = WORK.c.incident_id == incident_id
    values = {"status": OVER, "wake_at": None, "owner": None, "lease_until": None}
    token = {"token": WORK.c.token + 1, "why": f"merged into {into}"}
    connection.execute(update(WORK).where(here).values(**values, **token))


def _close(document: Incident, into: str, why: str, now: datetime) -> None:
    _link(document, into)
    at = max(now, document.opened_at, *(t.at for t in document.transitions))
    document.move(State.closed, at, "intake", f"merged into {into}: {why}")


def _absorb(document: Incident, source: str, arrivals: Sequence[Arrival], now: datetime) -> None:
    _link(document, source)
    if arrivals:
        join(document, arrivals, 0, len(arrivals), now)


def _link(document: Incident, other: str) -> None:
    if other not in document.related:
        document.related.append(other)


def _alert(row: sa.Row[Any]) -> Alert:
    return Alert.model_validate_json(row.body)


def _worst_first(row: sa.Row[Any]) -> tuple[int, float]:
    return row.rank, row.starts_at
