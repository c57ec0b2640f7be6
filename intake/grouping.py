"""Alerts become incidents, or parts of one that runs, before any model is asked: in transactions of
many alerts each, after they were kept. One that is killed leaves every alert due as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select, update

from ..errors import StoreUnavailable
from ..incident.document import Alert
from ..incident.events import AlertTaken, IncidentEvent
from ..record import events, store
from ..record.store import Store
from ..record.tables import ALERTS, WORK
from ..record.work import OVER, wake
from .scopes import Calls, Row, Scope
from .silences import quiet
from .telling import MOST_LINES, Arrival, end, join, opened

BATCH = 1000
"""Alerts that are grouped in one transaction."""


def group_due(
    records: Store, now: datetime, calls: Calls | None = None, note: str = ""
) -> dict[str, bool]:
    """Give every alert that is due to its incident; the incidents that heard something, by id, and
    whether each is a new one.

    Args:
        records: the record.
        now: as the incidents live it.
        calls: who calls whom.
        note: one line on who answers, for new incidents.

    Raises StoreError; what was grouped by then stays grouped.
    """
    found: dict[str, bool] = {}
    while True:
        with records.durable.begin() as connection:
            due = due_rows(connection, now.timestamp())
            batch = Batch(connection, now, calls or {}, note)
            found = batch.take(due) | found
        if len(due) < BATCH:
            return found


def due_rows(connection: Connection, at: float) -> list[Row]:
    """The rows to look at, ours until the transaction ends: the worst first."""
    query = select(ALERTS).where(ALERTS.c.due_at <= at).order_by(ALERTS.c.id).limit(BATCH)
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    return sorted(rows, key=lambda row: (row.scope, row.rank, row.starts_at, row.id))


@dataclass
class Share:
    """What one incident gets of a batch."""

    new: bool
    related: tuple[str, ...] = ()
    firing: list[tuple[Row, str]] = field(default_factory=list)  # with the reason
    ended: list[Row] = field(default_factory=list)


@dataclass
class Batch:
    """Alerts that are grouped in one transaction."""

    connection: Connection
    now: datetime
    calls: Calls
    note: str
    shares: dict[str, Share] = field(default_factory=dict)

    def take(self, rows: Sequence[Row]) -> dict[str, bool]:
        """Group them and write it all down; the incidents concerned, and whether each is new."""
        muted = quiet(self.connection, rows, self.now.timestamp())
        scopes: dict[str, Scope] = {}
        for row in rows:
            if row.id in muted:
                continue
            if row.scope not in scopes:
                scopes[row.scope] = Scope(self.connection, row.scope, self.calls)
            self._share(scopes[row.scope], row)
        for scope in scopes.values():
            scope.write()
        self._mark(rows, muted)
        shares = self.shares.items()
        news = [(key, event) for key, share in shares for event in self._tell(key, share)]
        for incident_id, event in news:
            events.append(self.connection, incident_id, event, self.now.timestamp())
        for incident_id in sorted(self.shares):  # last: in this order nobody waits in a circle
            self._wake(incident_id)
        return {incident_id: share.new for incident_id, share in self.shares.items()}

    def _share(self, scope: "Scope", row: Row) -> None:
        mine = row.incident_id if row.incident_id and scope.runs(row.incident_id) else None
        if row.ends_at is not None and row.incident_id:
            if mine:
                self._of(mine).ended.append(row)
            return
        incident_id, reason = (mine, row.reason) if mine else scope.place(row)
        if incident_id is None:
            related = (row.incident_id,) if row.incident_id else scope.before(row)
            incident_id = scope.open(row)
            self.shares[incident_id] = Share(new=True, related=related)
        share = self._of(incident_id)
        share.firing.append((row, reason))
        if row.ends_at is not None:
            share.ended.append(row)

    def _of(self, incident_id: str) -> Share:
        return self.shares.setdefault(incident_id, Share(new=False))

    def _mark(self, rows: Sequence[Row], muted: Mapping[int, tuple[str, float]]) -> None:
        """Say of every row that it was looked at, and what came of it."""
        given = {
            row.id: (incident_id, reason)
            for incident_id, share in self.shares.items()
            for row, reason in share.firing
        }
        marks = []
        for row in rows:
            silence, due = muted.get(row.id, (None, None))
            incident_id, reason = given.get(row.id, (row.incident_id, row.reason))
            mark = {"row": row.id, "incident_id": incident_id, "reason": reason}
            marks.append({**mark, "looked_at": row.last_at, "due_at": due, "silence_id": silence})
        if marks:
            connection = self.connection
            connection.execute(update(ALERTS).where(ALERTS.c.id == bindparam("row")), marks)

    def _tell(self, incident_id: str, share: Share) -> list[IncidentEvent]:
        """Write the incident's document; what happened, as events."""
        arrivals = [
            Arrival(_alert(row), reason, again=row.incident_id == incident_id)
            for row, reason in share.firing
        ]
        if share.new:
            first = arrivals[0].alert
            document = opened(incident_id, first, self.now, self.note, share.related)
            store.add(self.connection, document)
        told = arrivals[1:] if share.new else arrivals
        news: list[IncidentEvent] = []
        if told or share.ended:
            count, firing = self._counts(incident_id)
            ended = [_alert(row) for row in share.ended]

            def change(document) -> None:
                if told:
                    join(document, told, count, self.now)
                if ended:
                    end(document, ended, not firing, self.now)

            _, news = store.revise(self.connection, incident_id, change)
        taken = [arrival for arrival in arrivals if not arrival.again][:MOST_LINES]
        return [*(AlertTaken(alert=one.alert, reason=one.reason) for one in taken), *news]

    def _counts(self, incident_id: str) -> tuple[int, int]:
        """Alerts of the incident, and how many of them fire: not over, and not followed by a later
        episode."""
        later = ALERTS.alias()
        followed = sa.exists().where(
            later.c.receiver == ALERTS.c.receiver,
            later.c.fingerprint == ALERTS.c.fingerprint,
            later.c.starts_at > ALERTS.c.starts_at,
        )
        fires = sa.and_(ALERTS.c.ends_at.is_(None), ~followed)
        query = select(func.count(), func.sum(sa.case((fires, 1), else_=0)))
        here = ALERTS.c.incident_id == incident_id
        count, firing = self.connection.execute(query.where(here)).one()
        return count, firing or 0

    def _wake(self, incident_id: str) -> None:
        """Have it worked. Raises StoreUnavailable where it ended in this very moment: the alerts
        are due again, and a new incident opens."""
        wake(self.connection, incident_id, why="alerts came in")
        status = select(WORK.c.status).where(WORK.c.incident_id == incident_id)
        if self.connection.execute(status).scalar() == OVER:
            raise StoreUnavailable(f"{incident_id} ended while an alert joined it; look again")


def _alert(row: Row) -> Alert:
    return Alert.model_validate_json(row.body)
