"""What the incidents of some months say together (§11): how soon they were seen, acknowledged and
over, by severity, category, month and service. From the record alone; what it does not hold is left
out, not guessed. A document takes long to read: what it says is remembered until it is written
again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import mean
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, Connection, Engine, Row, cast, select, type_coerce

from ..incident.action import WAITS, Verdict
from ..incident.finding import SURE, FaultKind
from ..incident.identity import AUTOMATIC
from ..incident.lifecycle import OVER
from ..incident.severity import TARGETS
from ..record.database import reader
from ..record.oncall_tables import ESCALATIONS
from ..record.tables import INCIDENTS
from ..record.teams import Sight, seen
from .configuration import recall
from .record import Record

WELL = ("better", "partly", "contained")  # what came of an action that helped
WANTED = {level.value: targets.resolve_minutes * 60.0 for level, targets in TARGETS.items()}
WANTED["new"] = max(WANTED.values())
"""Seconds in which an incident of each severity, and one not classified, is to be over (§1)."""
PARTS = ("onset", "transitions", "executions", "hypotheses", "decisions", "slo", "impact")
PARTS = (*PARTS, "category", "type")
OLD_S = 86400.0  # from what telemetry holds of an alert to its being taken: it is a recording
AT_ONCE = 500  # documents that one question reads


@dataclass(frozen=True)
class Taken:
    """One incident; None: the record does not hold it. Times of day are unix seconds."""

    id: str
    month: str
    severity: str
    category: str
    type: str
    service: str
    opened: float
    began: float  # at the latest when the alert fired
    over: float | None  # since when it is, the last time that it was
    detect: float | None  # seconds from its onset to the alert
    acknowledge: float | None  # from the first that was told to an answer
    resolve: float | None  # from the alert until it was over
    escalated: bool  # further than the first level
    cause: str  # kind and place, where one is likelier than not; empty: none is
    acts: tuple[int, int]  # that were carried out, and that helped
    automatic: int  # of these, without a person
    noise: bool  # nothing was behind the alert
    drill: bool  # an exercise, or of a recording: nobody was hurt in this time
    failed: Mapping[str, float | None]
    """By service hurt, the share of requests that failed, as measured; None: nobody measured."""
    between: float | None = None  # that its service had worked, since the one before was over


Values = Mapping[str, float | None]
"""Of several together, by the names of figures.yaml, times in seconds; None: not known."""


def parts_of(engine: Engine) -> Any:
    """Documents as what SQL takes parts of."""
    known = INCIDENTS.c.document
    document = cast(known, JSON) if engine.dialect.name == "postgresql" else known
    return type_coerce(document, JSON)


def taken(
    record: Record, now: datetime, days: int, service: str, sight: Sight, drills: bool = False
) -> list[Taken]:
    """All incidents of so many days, the newest first; of one service where it is named."""
    names = "id severity service opened_at updated_at taken_at"
    kept = [INCIDENTS.c[name] for name in names.split()]
    answers = [ESCALATIONS.c[name] for name in ("started_at", "answered_at", "level")]
    query = (
        select(*kept, *answers)
        .outerjoin(ESCALATIONS, ESCALATIONS.c.incident_id == INCIDENTS.c.id)
        .where(INCIDENTS.c.taken_at >= (now - timedelta(days=days)).timestamp())
        .order_by(INCIDENTS.c.taken_at.desc())
    )
    if sight is not None:  # by indexes alone: a document is not walked over
        query = query.where(INCIDENTS.c.id.in_(select(INCIDENTS.c.id).where(seen(sight))))
    query = query.where(INCIDENTS.c.service == service) if service else query
    with reader(record.store.engine).begin() as connection:
        rows = connection.execute(query).all()
        known = _known(connection, record, rows)
    found = [known[row.id][1] for row in rows if row.id in known]
    return list(_apart([one for one in found if drills or not one.drill]))


_KNOWN = WeakKeyDictionary[Engine, dict[str, tuple[Row, Taken]]]()  # by incident, of which row


def _known(
    connection: Connection, record: Record, rows: Sequence[Row]
) -> Mapping[str, tuple[Row, Taken]]:
    """With those that changed read anew: written again, acknowledged, escalated."""
    engine = record.store.engine
    known, parts = _KNOWN.setdefault(engine, {}), parts_of(engine)
    new = {row.id: row for row in rows if row.id not in known or known[row.id][0] != row}
    inner = {"starts_at": ("alert", "starts_at"), "noise": ("reports", 0, "noise")}
    query = select(
        *(INCIDENTS.c[name] for name in ("id", "state", "service", "opened_at")),
        *(parts[name].label(name) for name in PARTS),
        *(parts[path].label(name) for name, path in inner.items()),
    )
    for first in range(0, len(new), AT_ONCE):
        some = INCIDENTS.c.id.in_(list(new)[first : first + AT_ONCE])
        for said in connection.execute(query.where(some)).mappings():
            row, sources = new[said["id"]], recall(record.settings, said["id"])
            recorded = sources.telemetry and row.taken_at - row.opened_at > OLD_S
            known[row.id] = row, _taken(row, said, sources.drill or bool(recorded))
    return known


def _taken(row: Row, said: Any, drill: bool) -> Taken:
    acts, decided = list(filter(_done, said["executions"] or ())), said["decisions"] or ()
    yes = (each for each in decided if each["verdict"] == Verdict.approved.value)
    code = {each["subject"] for each in yes if AUTOMATIC in each["by"]}
    causes = [each for each in said["hypotheses"] or () if not each.get("ruled_out")]
    leading = max(causes, key=lambda each: each["confidence"], default=None)
    sure = leading is not None and leading["confidence"] >= SURE
    nothing = leading is not None and leading["kind"] == FaultKind.no_fault
    noise = not acts and bool(said["noise"] or (nothing and said["state"] in OVER))
    fired, onset, over = fired_at(said), _at(said["onset"]), _over(said["transitions"] or ())
    return Taken(
        id=row.id,
        month=month(int(row.opened_at // 86400)),
        severity=row.severity or "new",
        category=said["category"],
        type=said["type"],
        service=row.service,
        opened=row.opened_at,
        began=fired if onset is None else onset,
        over=over,
        detect=None if onset is None else max(0.0, fired - onset),
        acknowledge=row.answered_at - row.started_at if row.answered_at else None,
        resolve=None if over is None else max(0.0, over - fired),
        escalated=(row.level or 0) > 0,
        cause=f"{leading['kind']} in {leading['service']}" if sure and leading else "",
        acts=(len(acts), sum(each["outcome"] in WELL for each in acts)),
        automatic=sum(each["plan"] in code for each in acts),
        noise=noise,
        drill=drill,
        failed={} if noise else _failed(said),
    )


def _done(each: Mapping[str, Any]) -> bool:
    """Whether it was carried out: what waits for others, or was left by them, was not."""
    asked = each["receipt"].get("asked") or each["outcome"] in WAITS
    return bool(each.get("merged_at") or not asked)


def _over(transitions: Sequence[Mapping[str, Any]]) -> float | None:
    """Since when it is over; reopened and resolved again: since then."""
    since = None
    for each in transitions:
        since = (since or _at(each["at"])) if each["state"] in OVER else None
    return since


def _failed(row: Any) -> dict[str, float | None]:
    """By its own objective of availability, else at the edge, for the service that the alert named;
    of others by that objective where it was missed."""
    own, impact = row["service"], row["impact"] or {}
    slos = [s for s in row["slo"] or () if s["sli"] == "availability" and s["current"] is not None]
    worst = sorted(slos, key=lambda s: -s["current"])
    found = {s["service"]: 1 - s["current"] for s in worst if s["breached"] or s["service"] == own}
    return {own: impact.get("failed_share") if impact.get("requests") else None, **found}


@cache
def month(day: int) -> str:
    """2026-11, UTC; day: since 1970."""
    return f"{datetime.fromtimestamp(day * 86400, UTC):%Y-%m}"


def fired_at(row: Any) -> float:
    """When its alert fired (incident/document.py), unix seconds; of a row with starts_at."""
    return min(_at(row["starts_at"]) or row["opened_at"], row["opened_at"])


def _at(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _apart(found: Sequence[Taken]) -> Iterator[Taken]:
    """With how long its service had worked before. Noise is no failure; what begins while another
    goes on belongs to the same stretch, and has none of its own."""
    last, between = dict[str, Taken](), dict[str, float]()
    for one in sorted(found, key=lambda each: each.began):
        before = last.get(one.service)
        if one.noise or not one.service:
            continue
        if before and before.over is not None and before.over <= one.began:
            between[one.id] = one.began - before.over
        if before is None or (before.over is not None and before.over <= (one.over or one.began)):
            last[one.service] = one
    return (replace(one, between=between[one.id]) if one.id in between else one for one in found)


def grouped(found: Sequence[Taken], *by: str) -> dict[str, Values]:
    """Together by `severity`, `category`, `month`, `service`, or several, in order of names."""
    groups = defaultdict[str, list[Taken]](list)
    for one in found:
        groups[", ".join(getattr(one, name) or "not named" for name in by)].append(one)
    return {name: _values(groups[name], len(found)) for name in sorted(groups)}


def _values(of: Sequence[Taken], every: int) -> Values:
    over = [one for one in of if one.resolve is not None]
    return {
        "count": len(of),
        "share": len(of) / every,
        "detect": _mean(one.detect for one in of),
        "acknowledge": _mean(one.acknowledge for one in of),
        "resolve": _mean(one.resolve for one in of),
        "in_time": sum((one.resolve or 0.0) <= WANTED[one.severity] for one in over),
        "between": _mean(one.between for one in of),
        "resolved": len(over),
        "escalated": sum(one.escalated for one in of),
        "acted": sum(one.acts[0] for one in of),
        "helped": sum(one.acts[1] for one in of),
        "automatic": sum(one.automatic for one in of),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None
