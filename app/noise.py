"""Alerts that led to nothing (§6): no action was taken, and nobody did more than acknowledge them.
Whom they woke, and which change of their rule the record speaks for; nothing is changed by it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import yaml
from sqlalchemy import Engine, Row, not_, or_, select

from ..analysis.quantities import span
from ..errors import TelemetryError
from ..incident.document import Alert
from ..record.claims import Does
from ..record.database import reader
from ..record.oncall_tables import STEPS
from ..record.tables import ALERTS, AUDIT, EFFECTS
from ..record.teams import Sight
from ..telemetry.sources.alertmanager import rules_at
from ..telemetry.sources.datasource import Datasource
from .figures import taken
from .record import Record

DEEDS = (
    *("approved", "approved by one of two", "rejected", "edited", "edit text", "taken over"),
    *("assign", "set severity", "note", "link", "relate", "resolve", "merge", "split"),
)
"""What a person does about an incident, as the audit log has it; to acknowledge one is nothing."""
FEWEST, MANY = 3, 10
"""So many times an alert has to fire before anything is proposed; and to be deleted."""
LONGER_S, MOST = (120.0, 300.0, 600.0, 900.0, 1800.0), 0.9
"""What a `for` may be longer by, and the share of times that then nobody hears of."""
WAIT, RAISE = "wait longer (for:)", "higher threshold"
TICKET, DELETE = "a ticket, no page", "delete it"
READ = ("id", "name", "component", "incident_id", "starts_at", "ends_at", "body")


@dataclass(frozen=True)
class Noisy:
    """An alert of one name and service."""

    name: str
    service: str
    times: int  # that it fired
    lasted: float | None  # median, seconds; None: nobody said when it ended
    woke: Mapping[str, int]  # who was told how often of incidents that it opened
    incidents: Sequence[str]
    change: str  # to its rule; empty: none
    why: str
    longer: float  # what its `for` is to be longer by, seconds
    rule: str  # as it should be, YAML; empty: it was not read, or stays as it is


def noise(
    record: Record, now: datetime, weeks: int, sight: Sight, sources: Sequence[Datasource] = ()
) -> list[Noisy]:
    """The alerts of so many weeks that led to nothing, those first that woke most; with their rules
    as they should be, where a Prometheus among the sources says how they are."""
    incidents = {one.id: one for one in taken(record, now, weeks * 7, "", sight)}
    alerts, deeds, told = _read(record.store.engine, now.timestamp() - weeks * 7 * 86400)
    opened = {row.incident_id: row.id for row in reversed(alerts)}
    groups, rules = defaultdict[tuple[str, str], list[Row]](list), list(_rules(sources))
    for row in alerts:
        if row.incident_id in incidents:
            groups[row.name, row.component].append(row)
    found = list[Noisy]()
    for (name, service), rows in groups.items():
        ids, mine = list(dict.fromkeys(row.incident_id for row in rows)), {row.id for row in rows}
        if any(one in deeds or incidents[one].acts[0] for one in ids):
            continue
        lasted = [row.ends_at - row.starts_at for row in rows if row.ends_at]
        woke = Counter(person for incident, person in told if opened.get(incident) in mine)
        calm = all(incidents[one].noise for one in ids)
        change, why, longer = _proposed(len(rows), lasted, calm, woke.total(), weeks)
        labels = Alert.model_validate_json(rows[-1].body).labels
        rule = _changed(change, longer, {**labels, "alertname": name}, rules)
        half = median(lasted) if lasted else None
        found.append(Noisy(name, service, len(rows), half, woke, ids, change, why, longer, rule))
    return sorted(found, key=lambda one: (-sum(one.woke.values()), -one.times, one.name))


def _read(engine: Engine, since: float) -> tuple[Sequence[Row], set[str], Sequence[Row]]:
    """Alerts, incidents about which something was done, and who was told of which."""
    here = (ALERTS.c.received_at >= since, ALERTS.c.incident_id.is_not(None))
    alerts = select(*(ALERTS.c[name] for name in READ)).where(*here).order_by(ALERTS.c.id)
    code = or_(*(AUDIT.c.actor.like(f"{one}:%") for one in ("automatic", "warroom", "receiver")))
    person = select(AUDIT.c.incident_id).where(AUDIT.c.at >= since, AUDIT.c.act.in_(DEEDS))
    done = (EFFECTS.c.does == Does.execute.value, EFFECTS.c.void.is_(False))
    acted = select(EFFECTS.c.incident_id).where(EFFECTS.c.claimed_at >= since, *done)
    told = select(STEPS.c.incident_id, STEPS.c.person)
    told = told.where(STEPS.c.at >= since, STEPS.c.act == "told", STEPS.c.person != "")
    with reader(engine).begin() as connection:
        deeds = connection.execute(person.where(not_(code)).union(acted)).scalars().all()
        return connection.execute(alerts).all(), set(deeds), connection.execute(told).all()


def _proposed(
    times: int, lasted: Sequence[float], calm: bool, pages: int, weeks: int
) -> tuple[str, str, float]:
    """What to change, why, and by how much a `for` is to be longer: the mildest cure first. calm:
    telemetry showed each time that nobody was hurt."""
    if times < FEWEST:
        return "", f"fired {times} times: too few to change a rule by", 0.0
    for longer in LONGER_S:
        short = sum(each < longer for each in lasted)
        if short >= MOST * times:
            why = f"{short} of {times} were over by themselves within {span(longer)}"
            return (
                WAIT,
                f"{why}: had the rule waited so much longer, nobody would have heard",
                longer,
            )
    often = f"fired {times} times in {weeks} weeks"
    if calm:
        looked = f"{often}; each time telemetry was looked at, and nobody was hurt"
        return (DELETE if times >= MANY else RAISE), looked, 0.0
    if pages:
        why = f"{often}; pages sent: {pages}, and nobody did anything about it"
        return TICKET, f"{why}: it can wait for a working day", 0.0
    if times >= MANY:
        return DELETE, f"{often}, told nobody, and nobody did anything about it", 0.0
    return "", f"{often} and told nobody: look at it before it is changed", 0.0


def _rules(sources: Sequence[Datasource]) -> Iterator[dict[str, Any]]:
    """Of all servers; in place of one that says none, why."""
    for source in (one for one in sources if one.type == "prometheus"):
        try:
            yield from rules_at(source)
        except TelemetryError as error:
            yield {"failed": f"# {source.name} {' '.join(str(error).split())}\n"}


def _changed(
    change: str, longer: float, labels: Mapping[str, str], rules: Sequence[dict[str, Any]]
) -> str:
    """YAML as a rules file has it. Which threshold is right, the record does not hold."""
    named = (rule for rule in rules if rule.get("alert") == labels["alertname"])
    rule = next((one for one in named if one["labels"].items() <= labels.items()), None)
    if change not in (WAIT, TICKET) or rule is None:
        return "".join(one["failed"] for one in rules if "failed" in one)
    own = rule["labels"] | ({"severity": "ticket"} if change == TICKET else {})
    waits = {"for": f"{float(rule['for'][:-1]) + longer:g}s", "labels": own}
    return yaml.safe_dump([rule | waits], sort_keys=False, allow_unicode=True, width=100)


def listed(one: Noisy) -> dict[str, object]:
    """As a row of a spreadsheet; times in seconds."""
    woke = ", ".join(f"{person} {times}" for person, times in one.woke.items())
    row = {"name": one.name, "service": one.service, "times": one.times, "lasted_s": one.lasted}
    return {
        **row,
        "woke": woke,
        "incidents": len(one.incidents),
        "change": one.change,
        "why": one.why,
    }
