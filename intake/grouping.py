"""Alerts become incidents: which belong together is decided here, before any model is asked, and
the reason is kept (practice: detection, grouping).

    the same component      within 5 minutes: strong; within 30: medium
    the same alert again    while its incident runs
    a neighbour             that it calls or that calls it, by the catalogue, within 30 minutes
    the same error, the same source address                        within 30 minutes

All inside one scope (identity.py). An incident runs until its graph is over; what fires after that
opens a new one, linked to it. Within a scope one transaction at a time decides (a row is locked),
so two workers cannot open two incidents for one component, and one that is killed leaves every
alert due as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select, update

from ..errors import StoreUnavailable
from ..incident.document import Alert
from ..incident.events import AlertTaken, IncidentEvent
from ..incident.lifecycle import OVER as ENDED
from ..record import events, store
from ..record.store import Store
from ..record.tables import ALERTS, GROUPS, INCIDENTS, WORK, insert_once
from ..record.work import OVER, wake
from ..telemetry.model import Catalogue
from .silences import quiet
from .telling import MOST_LINES, Arrival, end, join, new_id, opened

STRONG_S, MEDIUM_S = 300.0, 1800.0
"""How far apart alerts of one incident may come in."""
BATCH = 1000
"""Alerts that are grouped in one transaction."""
Calls = Mapping[str, frozenset[str]]
"""By component, in small letters, those that it calls."""
Row = sa.Row[Any]


def calls_of(catalogue: Catalogue) -> Calls:
    """Who calls whom, by the service catalogue."""
    return {
        service.name.casefold(): frozenset(name.casefold() for name in service.depends_on)
        for service in catalogue.services
    }


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
            due = _due(connection, now.timestamp())
            batch = Batch(connection, now, calls or {}, note)
            found = batch.take(due) | found
        if len(due) < BATCH:
            return found


def _due(connection: Connection, at: float) -> list[Row]:
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
        news = [
            (key, event) for key, share in self.shares.items() for event in self._tell(key, share)
        ]
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
        incident_id, reason = (mine, "told of again") if mine else scope.place(row)
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
        arrivals = [Arrival(_alert(row), reason) for row, reason in share.firing]
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
        taken = arrivals[:MOST_LINES]
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


class Scope:
    """One scope's components and which incident takes their alerts; ours until the transaction
    ends."""

    def __init__(self, connection: Connection, scope: str, calls: Calls) -> None:
        self.connection, self.scope, self.calls = connection, scope, calls
        insert_once(connection, GROUPS, scope=scope, component="", incident_id="", last_at=0.0)
        lock = select(GROUPS.c.scope).where(GROUPS.c.scope == scope, GROUPS.c.component == "")
        connection.execute(lock.with_for_update())
        known = select(GROUPS).where(GROUPS.c.scope == scope, GROUPS.c.component != "")
        self.groups = {
            row.component: (row.incident_id, row.last_at) for row in connection.execute(known)
        }
        self.changed: set[str] = set()
        self._running: dict[str, bool] = {}

    def place(self, row: Row) -> tuple[str | None, str]:
        """The running incident that takes this alert, and why; None: none does."""
        for incident_id, reason in self._fitting(row):
            if self.runs(incident_id):
                self._came(row, incident_id)
                return incident_id, reason
        return None, ""

    def open(self, row: Row) -> str:
        """The id of a new incident that takes the component's alerts from now on."""
        incident_id = new_id()
        self._running[incident_id] = True
        self._came(row, incident_id)
        return incident_id

    def before(self, row: Row) -> tuple[str, ...]:
        """The incident that the component's alerts went to before, where there was one."""
        earlier, _at = self.groups.get(row.component, ("", 0.0))
        return (earlier,) if earlier else ()

    def write(self) -> None:
        """Keep which incident takes what."""
        for component in sorted(self.changed):
            incident_id, last_at = self.groups[component]
            key = {"scope": self.scope, "component": component}
            values = {"incident_id": incident_id, "last_at": last_at}
            if not insert_once(self.connection, GROUPS, **key, **values):
                here = sa.and_(*(GROUPS.c[name] == value for name, value in key.items()))
                self.connection.execute(update(GROUPS).where(here).values(values))

    def runs(self, incident_id: str) -> bool:
        """Whether its graph is not over yet, however it stands."""
        if incident_id not in self._running:
            self._running[incident_id] = runs(self.connection, incident_id)
        return self._running[incident_id]

    def _came(self, row: Row, incident_id: str) -> None:
        _, last = self.groups.get(row.component, ("", 0.0))
        self.groups[row.component] = (incident_id, max(last, row.last_at))
        self.changed.add(row.component)

    def _fitting(self, row: Row) -> Iterator[tuple[str, str]]:
        """Incidents that may take the alert, the best reason first."""
        incident_id, last_at = self.groups.get(row.component, ("", 0.0))
        apart = abs(row.last_at - last_at)
        if incident_id and apart <= MEDIUM_S:
            within = STRONG_S if apart <= STRONG_S else MEDIUM_S
            yield incident_id, f"{row.component} again, within {within / 60:.0f} minutes"
        yield from self._same_alert(row)
        yield from self._neighbours(row)
        yield from self._alike(row)

    def _same_alert(self, row: Row) -> Iterator[tuple[str, str]]:
        here = (ALERTS.c.receiver == row.receiver, ALERTS.c.fingerprint == row.fingerprint)
        query = select(ALERTS.c.incident_id).where(*here, ALERTS.c.incident_id.is_not(None))
        newest = query.order_by(ALERTS.c.starts_at.desc()).limit(1)
        for incident_id in self.connection.execute(newest).scalars():
            yield incident_id, "the same alert fires again"

    def _neighbours(self, row: Row) -> Iterator[tuple[str, str]]:
        for other in sorted(self._linked.get(row.component, ())):
            incident_id, last_at = self.groups.get(other, ("", 0.0))
            if incident_id and abs(row.last_at - last_at) <= MEDIUM_S:
                calls = other in self.calls.get(row.component, ())
                how = f"calls {other}" if calls else f"is called by {other}"
                yield incident_id, f"{row.component} {how}, which alerts too"

    def _alike(self, row: Row) -> Iterator[tuple[str, str]]:
        for column, value, what in (
            (ALERTS.c.signature, row.signature, "the same error"),
            (ALERTS.c.address, row.address, "the same source address"),
        ):
            if not value:
                continue
            near = ALERTS.c.last_at.between(row.last_at - MEDIUM_S, row.last_at + MEDIUM_S)
            here = (ALERTS.c.scope == self.scope, column == value, near)
            query = select(ALERTS.c.incident_id).where(*here, ALERTS.c.incident_id.is_not(None))
            for incident_id in self.connection.execute(query.distinct().limit(5)).scalars():
                yield incident_id, f"{what} ({value}) within {MEDIUM_S / 60:.0f} minutes"

    @cached_property
    def _linked(self) -> dict[str, set[str]]:
        """By component, its neighbours both ways."""
        linked: dict[str, set[str]] = {}
        for caller, callees in self.calls.items():
            for callee in callees:
                linked.setdefault(caller, set()).add(callee)
                linked.setdefault(callee, set()).add(caller)
        return linked


def runs(connection: Connection, incident_id: str) -> bool:
    """Whether the incident takes alerts: its graph is not over, and it is not resolved or closed.
    One from before there was work counts by its state alone."""
    query = select(INCIDENTS.c.state, WORK.c.status).outerjoin(
        WORK, WORK.c.incident_id == INCIDENTS.c.id
    )
    row = connection.execute(query.where(INCIDENTS.c.id == incident_id)).first()
    return row is not None and row.status != OVER and row.state not in ENDED


def _alert(row: Row) -> Alert:
    return Alert.model_validate_json(row.body)
