"""Alerts become incidents, or parts of one that runs, before any model is asked: in transactions of
many alerts each, after they were kept. One that is killed leaves every alert due as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from ..errors import Overtaken
from ..incident.document import Alert, Incident
from ..incident.events import AlertTaken, IncidentEvent
from ..incident.identity import receiver
from ..incident.lifecycle import State
from ..record import events, store
from ..record.store import Store
from ..record.tables import ALERTS, INCIDENTS, WORK
from ..record.waking import ENDED, wake_all
from .scopes import Calls, Owners, Row, Scope
from .silences import quiet
from .telling import MOST_LINES, Arrival, doubled, end, join, opened

BATCH = 1000
"""Alerts that are grouped in one transaction, at most."""
LESS = 8
"""Times fewer, where an incident of theirs ended meanwhile."""


def group_due(
    records: Store, now: datetime, calls: Calls | None = None, owners: Owners | None = None
) -> dict[str, bool]:
    """Give every alert that is due to its incident; the incidents that heard something, by id, and
    whether each is a new one.

    Args:
        records: the record.
        now: as the incidents live it.
        calls: who calls whom.
        owners: whose each component is.

    Raises StoreError; what was grouped by then stays grouped.
    """
    found: dict[str, bool] = {}
    most = BATCH
    while True:
        try:
            with records.durable.begin() as connection:
                due = due_rows(connection, now.timestamp(), most)
                batch = Batch(records, connection, now, calls or {}, owners or {})
                found = batch.take(due) | found
        except Overtaken:
            if most == 1:
                raise
            most = max(1, most // LESS)
            continue
        if len(due) < most:
            return found
        most = min(BATCH, most * 2)


LATER = ALERTS.alias()
FIRES = and_(
    ALERTS.c.ends_at.is_(None),
    ~exists().where(
        LATER.c.receiver == ALERTS.c.receiver,
        LATER.c.fingerprint == ALERTS.c.fingerprint,
        LATER.c.starts_at > ALERTS.c.starts_at,
    ),
)
"""Not over, and not followed by a later episode."""


def due_rows(connection: Connection, at: float, most: int = BATCH) -> list[Row]:
    """The rows to look at, ours until the transaction ends: the worst first. Due is also what
    still fires and came to an incident after its last look, once the work on that has ended."""
    ended = and_(WORK.c.incident_id == ALERTS.c.incident_id, WORK.c.status.in_(ENDED))
    left = and_(ALERTS.c.unworked.is_(True), FIRES, exists().where(ended))
    found: dict[int, Row] = {}
    for due in (ALERTS.c.due_at <= at, left):  # one by one: each has its index
        query = select(ALERTS).where(due).order_by(ALERTS.c.due_at, ALERTS.c.id)
        query = query.limit(most - len(found)).with_for_update(skip_locked=True, of=ALERTS)
        found |= {row.id: row for row in connection.execute(query)}
    rows = list(found.values())
    return sorted(rows, key=lambda row: (row.scope, row.rank, row.starts_at, row.id))


@dataclass
class Share:
    """What one incident gets of a batch."""

    new: bool
    related: tuple[str, ...] = ()
    firing: list[tuple[Row, str]] = field(default_factory=list)  # with the reason
    ended: list[Row] = field(default_factory=list)
    told: bool = False  # whether its document changed


@dataclass
class Batch:
    """Alerts that are grouped in one transaction."""

    records: Store
    connection: Connection
    now: datetime
    calls: Calls
    owners: Owners = field(default_factory=dict)
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
        known = self._known()
        self._mark(rows, muted)
        news: list[tuple[str, IncidentEvent]] = []
        for incident_id, share in self.shares.items():
            news += [(incident_id, event) for event in self._tell(incident_id, share, known)]
        at = self.now.timestamp()
        events.append_to(self.connection, [(*one, at) for one in news])
        self._wake()
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
            incident_id = scope.open(row, self.shares)
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
            mark |= {"looked_at": row.last_at, "due_at": due, "silence_id": silence}
            marks.append({**mark, "unworked": row.id in given})
        if marks:
            connection = self.connection
            connection.execute(update(ALERTS).where(ALERTS.c.id == bindparam("row")), marks)

    def _known(self) -> "Known":
        """What the incidents have before this batch."""
        ids = [incident_id for incident_id, share in self.shares.items() if not share.new]
        what = (ALERTS.c.incident_id, ALERTS.c.component, ALERTS.c.name)
        query = select(*what, func.min(ALERTS.c.rank), func.count()).group_by(*what)
        known = Known()
        for incident_id, component, name, rank, count in self.connection.execute(
            query.where(ALERTS.c.incident_id.in_(ids))
        ):
            known.ranks[incident_id, component, name] = rank
            known.counts[incident_id] = known.counts.get(incident_id, 0) + count
        calm = select(INCIDENTS.c.id).where(
            INCIDENTS.c.id.in_(ids), INCIDENTS.c.state == State.monitoring.value
        )
        known.watched.update(self.connection.execute(calm).scalars())
        return known

    def _tell(self, incident_id: str, share: Share, known: "Known") -> list[IncidentEvent]:
        """Write the incident's document, where it hears something; what happened, as events."""
        before = known.counts.get(incident_id, 0)
        again = [row for row, _ in share.firing if row.incident_id == incident_id]
        arrivals = [
            Arrival(_alert(row), reason, again=row.incident_id == incident_id)
            for row, reason in share.firing
            if row.incident_id == incident_id or known.is_new(incident_id, row)
        ]
        count = before + len(share.firing) - len(again)
        news: list[IncidentEvent] = []
        if share.new:
            first, *arrivals = arrivals
            document = opened(incident_id, first.alert, self.now, related=share.related)
            component = share.firing[0][0].component.casefold()
            store.add(self.connection, document, self.owners.get(component, ""))
            news.append(AlertTaken(alert=first.alert))
        share.told = share.new or bool(arrivals or share.ended) or doubled(before, count)
        if not (arrivals or share.ended or (share.told and not share.new)):
            return news
        firing = self._firing(incident_id) if share.ended else 1
        ended = [_alert(row) for row in share.ended]

        def change(document: Incident) -> None:
            join(document, arrivals, before, count, self.now)
            end(document, ended, not firing, self.now)

        _, changed = store.revise(self.connection, incident_id, change)
        taken = [arrival for arrival in arrivals if not arrival.again][:MOST_LINES]
        news += [AlertTaken(alert=one.alert, reason=one.reason) for one in taken]
        if share.ended and not firing:
            self._withdraw(incident_id, share.ended[-1])
        return [*news, *changed]

    def _withdraw(self, incident_id: str, row: Row) -> None:
        """Nobody is asked for an action any more: it is watched whether it ended by itself."""
        by = receiver(f"receiver {row.receiver}".strip())
        reason = "every alert of it is resolved at its source"
        self.records.ledger.withdraw(incident_id, by, reason, self.connection)

    def _firing(self, incident_id: str) -> int:
        """How many alerts of it fire."""
        here = (ALERTS.c.incident_id == incident_id, FIRES)
        return self.connection.execute(select(func.count()).where(*here)).scalar_one()

    def _wake(self) -> None:
        """Have those worked that heard something. Raises Overtaken where one ended in this very
        moment: its alerts are due again, and a new incident opens.

        Rows of work come last: in this order nobody waits in a circle.
        """
        told = [incident_id for incident_id, share in self.shares.items() if share.told]
        wake_all(self.connection, told, why="alerts came in")
        mine = (WORK.c.incident_id.in_(list(self.shares)), WORK.c.status.in_(ENDED))
        held = select(WORK.c.incident_id).where(*mine).with_for_update(read=True)
        if over := self.connection.execute(held).scalars().first():
            raise Overtaken(f"{over} ended while an alert joined it; look again")


@dataclass
class Known:
    """What incidents have: the worst rank by incident, component and alert name, and how many."""

    ranks: dict[tuple[str, str, str], int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)  # whose alerts were over, it seemed

    def is_new(self, incident_id: str, row: Row) -> bool:
        """Whether the alert tells it something: a new name, worse than before, or back."""
        key = (incident_id, row.component, row.name)
        if row.rank >= self.ranks.get(key, NEVER) and incident_id not in self.watched:
            return False
        self.watched.discard(incident_id)
        self.ranks[key] = row.rank
        return True


NEVER = 99


def _alert(row: Row) -> Alert:
    return Alert.model_validate_json(row.body)
