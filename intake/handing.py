"""Alerts that somebody hands over and waits for: the command line, drills and evaluations. They go
the same way as what a receiver takes, at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from ..errors import InputError
from ..incident.document import Alert
from ..record.store import Store
from ..record.tables import ALERTS
from .grouping import group_due
from .scopes import Calls, Owners, runs
from .taking import Delivery, keep, rank_of
from .telling import Arrival, join

HANDED = ""
"""Stands for the receiver."""


@dataclass(frozen=True)
class Handed:
    """What became of alerts that were handed over."""

    incidents: dict[str, bool]  # in the order to work them, the worst first; whether each is new
    left_out: int  # alerts that are over or silenced, and belong to no incident that runs


def hand_over(
    records: Store,
    alerts: Sequence[Alert],
    body: bytes,
    now: datetime,
    calls: Calls | None = None,
    owners: Owners | None = None,
) -> Handed:
    """Keep them and group them. What is handed over again is looked at again.

    Args:
        records: the record.
        alerts: as parsed.
        body: as they came.
        now: as their incidents live it.
        calls: who calls whom, by component.
        owners: whose each component is.
    """
    delivery = Delivery(HANDED, body, alerts=alerts)
    keep(records.engine, [delivery], now.timestamp(), remind_s=0.0)
    grouped = group_due(records, now, calls, owners)
    order = sorted(alerts, key=lambda alert: (rank_of(alert), alert.service))
    found = [_incident_of(records, alert) for alert in order]
    ids = dict.fromkeys(incident_id for incident_id in found if incident_id)
    return Handed({one: grouped.get(one, False) for one in ids}, found.count(None))


def take(
    records: Store, alert: Alert, now: datetime, calls: Calls | None = None
) -> tuple[str, bool]:
    """The incident that has this alert now, and whether it is a new one.

    Raises InputError where none has: it is over, or silenced.
    """
    handed = hand_over(records, [alert], alert.model_dump_json().encode(), now, calls)
    if not handed.incidents:
        raise InputError(f"{alert.name} is over or silenced, and no incident that runs has it")
    return next(iter(handed.incidents.items()))


def attach(
    records: Store, incident_id: str, alerts: Sequence[Alert], reason: str, now: datetime
) -> None:
    """Keep alerts as this incident's, whatever grouping would say. Raises NotFound."""
    body = "\n".join(alert.model_dump_json() for alert in alerts).encode()
    keep(records.engine, [Delivery(HANDED, body, alerts=alerts)], now.timestamp())
    values = {"incident_id": incident_id, "reason": reason, "due_at": None}
    here = ALERTS.c.receiver == HANDED
    prints = ALERTS.c.fingerprint.in_([alert.fingerprint for alert in alerts])
    with records.durable.begin() as connection:
        connection.execute(update(ALERTS).where(here, prints).values(values))
    arrivals = [Arrival(alert, reason) for alert in alerts]
    records.update(incident_id, lambda doc: join(doc, arrivals, 1, len(arrivals) + 1, now))


def _incident_of(records: Store, alert: Alert) -> str | None:
    """The incident that has the alert's newest episode, where it still runs."""
    here = (ALERTS.c.receiver == HANDED, ALERTS.c.fingerprint == alert.fingerprint)
    newest = select(ALERTS.c.incident_id).where(*here).order_by(ALERTS.c.starts_at.desc()).limit(1)
    with records.reading.begin() as connection:
        incident_id = connection.execute(newest).scalar()
        return incident_id if incident_id and runs(connection, incident_id) else None
