"""Which running incident takes an alert, and why (practice: detection, grouping).

    the same component      within 5 minutes: strong; within 30: medium
    the same alert again    while its incident runs
    a neighbour             that it calls or that calls it, by the catalogue, within 30 minutes
    the same error, the same source address                        within 30 minutes

All inside one scope (identity.py). An incident runs until its graph is over; what fires after that
opens a new one, linked to it. In a scope one transaction at a time decides (a row is locked), so
two workers cannot open two incidents for one component.
"""

from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from ..incident.lifecycle import OVER
from ..record.tables import ALERTS, GROUPS, INCIDENTS, WORK, insert_once, inserting
from ..record.waking import ENDED
from ..telemetry.model import Catalogue
from .telling import new_id

STRONG_S, MEDIUM_S = 300.0, 1800.0
"""How far apart alerts of one incident may come in."""
Calls = Mapping[str, frozenset[str]]
"""By component, in small letters, those that it calls."""
Owners = Mapping[str, str]
"""By component, in small letters, the team whose it is."""
Row = sa.Row[Any]


def calls_of(catalogue: Catalogue) -> Calls:
    """Who calls whom, by the service catalogue."""
    return {
        service.name.casefold(): frozenset(name.casefold() for name in service.depends_on)
        for service in catalogue.services
    }


def owners_of(catalogue: Catalogue) -> Owners:
    """Whose each service is, by the service catalogue."""
    return {service.name.casefold(): service.team for service in catalogue.services}


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

    def open(self, row: Row, taken: Container[str]) -> str:
        """The id of a new incident that takes the component's alerts from now on; none of these."""
        incident_id = new_id(taken)
        self._running[incident_id] = True
        self._came(row, incident_id)
        return incident_id

    def before(self, row: Row) -> tuple[str, ...]:
        """The incident that the component's alerts went to before, where there was one."""
        earlier, _at = self.groups.get(row.component, ("", 0.0))
        return (earlier,) if earlier else ()

    def write(self) -> None:
        """Keep which incident takes what."""
        names = ("scope", "component", "incident_id", "last_at")
        rows = [(self.scope, one, *self.groups[one]) for one in sorted(self.changed)]
        put = inserting(self.connection.dialect.name, GROUPS)
        kept = put.on_conflict_do_update(
            index_elements=names[:2], set_={name: put.excluded[name] for name in names[2:]}
        )
        if rows:
            self.connection.execute(kept, [dict(zip(names, row, strict=True)) for row in rows])

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
    return row is not None and row.status not in ENDED and row.state not in OVER
