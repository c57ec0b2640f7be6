"""The alerts on record, for reading: each episode, how often it was told of, what became of it."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from ..incident.document import Alert
from ..record.database import reader
from ..record.tables import ALERTS


@dataclass(frozen=True, slots=True)
class Episode:
    """From when an alert fires until it is over; times in unix seconds, starts and ends by its
    source's clock."""

    id: int
    receiver: str  # empty: it was handed over
    alert: Alert
    starts_at: float
    ends_at: float | None
    received_at: float
    last_at: float
    times: int  # told of
    incident_id: str | None
    reason: str  # why that incident; empty: it opened it
    silence_id: str | None


def episodes(
    engine: Engine,
    incident_id: str | None = None,
    untaken: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> list[Episode]:
    """Newest first: of one incident, or only those that fire and that no incident has taken;
    `before` is the id that the last page ended with."""
    query = select(ALERTS).order_by(ALERTS.c.id.desc()).limit(limit)
    if incident_id is not None:
        query = query.where(ALERTS.c.incident_id == incident_id)
    if untaken:
        query = query.where(ALERTS.c.incident_id.is_(None), ALERTS.c.ends_at.is_(None))
    if before is not None:
        query = query.where(ALERTS.c.id < before)
    with reader(engine).begin() as connection:
        rows = connection.execute(query).mappings().all()
    names = [name for name in Episode.__dataclass_fields__ if name != "alert"]
    return [
        Episode(alert=Alert.model_validate_json(row["body"]), **{name: row[name] for name in names})
        for row in rows
    ]
