"""What the incidents of some months say together (§11): how soon they were seen, acknowledged and
over, by severity and month. From the record alone; what it does not hold is left out, not guessed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import mean

from sqlalchemy import Engine, select

from ..incident.document import Incident
from ..incident.lifecycle import OVER
from ..record.database import reader
from ..record.oncall_tables import ESCALATIONS
from ..record.tables import INCIDENTS
from ..record.teams import Sight, seen

MOST = 300
"""Incidents that are read at once, the newest."""


@dataclass(frozen=True)
class Taken:
    """One incident's times in seconds; None: the record does not hold it."""

    month: str
    severity: str
    service: str
    opened: float
    detect: float | None  # from its onset to the alert
    acknowledge: float | None  # from the first that was told to an answer
    resolve: float | None  # from the alert until it was over
    escalated: bool  # further than the first level


@dataclass(frozen=True)
class Group:
    """Several together; means in seconds, None where none is known."""

    name: str
    count: int
    detect: float | None
    acknowledge: float | None
    resolve: float | None
    resolved: int
    escalated: int
    between: float | None  # from one to the next


def taken(engine: Engine, now: datetime, days: int, service: str, sight: Sight) -> list[Taken]:
    """The incidents of so many days, the newest first; of one service where it is named."""
    since = (now - timedelta(days=days)).timestamp()
    query = (
        select(INCIDENTS.c.document, INCIDENTS.c.service, ESCALATIONS)
        .outerjoin(ESCALATIONS, ESCALATIONS.c.incident_id == INCIDENTS.c.id)
        .where(seen(sight), INCIDENTS.c.taken_at >= since)
        .order_by(INCIDENTS.c.taken_at.desc())
        .limit(MOST)
    )
    if service:
        query = query.where(INCIDENTS.c.service == service)
    with reader(engine).begin() as connection:
        return [_taken(row) for row in connection.execute(query).mappings()]


def _taken(row) -> Taken:
    document = Incident.model_validate_json(row["document"])
    fired, ends = document.fired, [t for t in document.transitions if t.state in OVER]
    over = document.state in OVER and ends
    told, answered = row["started_at"], row["answered_at"]
    return Taken(
        month=f"{document.opened_at:%Y-%m}",
        severity=document.severity.value if document.severity else "new",
        service=row["service"],
        opened=document.opened_at.timestamp(),
        detect=(fired - document.onset).total_seconds() if document.onset else None,
        acknowledge=answered - told if answered and told else None,
        resolve=max(0.0, (ends[0].at - fired).total_seconds()) if over else None,
        escalated=(row["level"] or 0) > 0,
    )


def grouped(found: Sequence[Taken], by: str) -> list[Group]:
    """Together by `severity`, `month` or `service`, in order of their names."""
    groups = defaultdict[str, list[Taken]](list)
    for one in found:
        groups[getattr(one, by) or "not named"].append(one)
    return [_group(name, groups[name]) for name in sorted(groups)]


def _group(name: str, of: list[Taken]) -> Group:
    times = sorted(one.opened for one in of)
    return Group(
        name,
        len(of),
        _mean(one.detect for one in of),
        _mean(one.acknowledge for one in of),
        _mean(one.resolve for one in of),
        sum(one.resolve is not None for one in of),
        sum(one.escalated for one in of),
        (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None
