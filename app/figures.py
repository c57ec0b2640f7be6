"""What the incidents of some months say together (§11): how soon they were seen, acknowledged and
over, by severity and month. From the record alone; what it does not hold is left out, not guessed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import Any

from sqlalchemy import JSON, Engine, cast, select, type_coerce

from ..incident.lifecycle import OVER
from ..record.database import reader
from ..record.oncall_tables import ESCALATIONS
from ..record.tables import INCIDENTS
from ..record.teams import Sight, seen
from ..settings import Settings
from .configuration import recall
from .related import SURE

WELL = ("better", "partly", "contained")
"""What came of an action that helped."""


@dataclass(frozen=True)
class Taken:
    """One incident's times in seconds; None: the record does not hold it."""

    id: str
    month: str
    severity: str
    service: str
    opened: float
    detect: float | None  # from its onset to the alert
    acknowledge: float | None  # from the first that was told to an answer
    resolve: float | None  # from the alert until it was over
    escalated: bool  # further than the first level
    cause: str  # kind and place, where one is likelier than not; empty: none is
    acts: tuple[int, int]  # that were carried out, and that helped


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
    acted: int
    helped: int


def parts_of(engine: Engine) -> Any:
    """Documents as what SQL takes parts of."""
    known = INCIDENTS.c.document
    document = cast(known, JSON) if engine.dialect.name == "postgresql" else known
    return type_coerce(document, JSON)


def taken(
    settings: Settings,
    engine: Engine,
    now: datetime,
    days: int,
    service: str,
    sight: Sight,
    drills: bool = False,
) -> list[Taken]:
    """All incidents of so many days, the newest first; of one service where it is named. Of their
    documents no more is read than is needed."""
    since, parts = (now - timedelta(days=days)).timestamp(), parts_of(engine)
    named = ("onset", "transitions", "executions", "hypotheses")
    kept = [INCIDENTS.c[name] for name in ("id", "state", "severity", "service", "opened_at")]
    query = (
        select(*kept, *(parts[name].label(name) for name in named), ESCALATIONS)
        .add_columns(parts[("alert", "starts_at")].label("starts_at"))
        .outerjoin(ESCALATIONS, ESCALATIONS.c.incident_id == INCIDENTS.c.id)
        .where(seen(sight), INCIDENTS.c.taken_at >= since)
        .order_by(INCIDENTS.c.taken_at.desc())
    )
    if service:
        query = query.where(INCIDENTS.c.service == service)
    with reader(engine).begin() as connection:
        rows = connection.execute(query.execution_options(yield_per=200)).mappings()
        found = [_taken(row) for row in rows]
    return [one for one in found if drills or not recall(settings, one.id).drill]


def _taken(row: Any) -> Taken:
    opened, fired = row["opened_at"], fired_at(row)
    ends = [_at(each["at"]) for each in row["transitions"] or () if each["state"] in OVER]
    over, onset = row["state"] in OVER and ends, _at(row["onset"])
    told, answered = row["started_at"], row["answered_at"]
    outcomes = [each["outcome"] for each in row["executions"] or ()]
    causes = [each for each in row["hypotheses"] or () if not each.get("ruled_out")]
    leading = max(causes, key=lambda each: each["confidence"], default=None)
    sure = leading is not None and leading["confidence"] >= SURE
    return Taken(
        id=row["id"],
        month=f"{datetime.fromtimestamp(opened, UTC):%Y-%m}",
        severity=row["severity"] or "new",
        service=row["service"],
        opened=opened,
        detect=fired - onset if onset else None,
        acknowledge=answered - told if answered and told else None,
        resolve=max(0.0, (ends[0] or fired) - fired) if over else None,
        escalated=(row["level"] or 0) > 0,
        cause=f"{leading['kind']} in {leading['service']}" if sure and leading else "",
        acts=(len(outcomes), sum(outcome in WELL for outcome in outcomes)),
    )


def fired_at(row: Any) -> float:
    """When its alert fired (incident/document.py), unix seconds; of a row with starts_at."""
    return min(_at(row["starts_at"]) or row["opened_at"], row["opened_at"])


def _at(text: str | None) -> float | None:
    """Unix seconds."""
    return datetime.fromisoformat(text).timestamp() if text else None


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
        sum(one.acts[0] for one in of),
        sum(one.acts[1] for one in of),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None
