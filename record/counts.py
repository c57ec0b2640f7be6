"""How much there is of what, for those who watch Warroom itself: asked of the tables, so that it
holds for all processes together and over restarts.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, func, insert, select

from .database import reader
from .tables import (
    ALERTS,
    APPROVALS,
    DELIVERIES,
    EFFECTS,
    INCIDENTS,
    MODEL_CALLS,
    OUTBOX,
    SWITCHES,
    WORK,
)
from .work import SINCE, is_due


@dataclass(frozen=True)
class Count:
    """One figure, or one for each word of a label."""

    name: str
    about: str
    values: Mapping[str, float]
    label: str = ""  # empty: there is one value, under an empty word
    grows: bool = False  # and never falls


def counts(engine: Engine) -> list[Count]:
    """All figures, of one moment."""
    with reader(engine).begin() as connection:
        return [*_plain(connection, time.time()), *_labelled(connection, time.time())]


PLAIN = {
    "alerts": "Alerts taken in, repeats not counted.",
    "alerts_untaken": "Alerts that should be in an incident by now; for minutes: no worker runs.",
    "leases": "Times that a process took an incident up or gave it back.",
    "work_failures": "Failed tries, one after the other, to go on with incidents.",
    "work_due": "Incidents that wait for a worker.",
    "work_late_seconds": "How long the first of them has waited.",
    "outbox": "Messages that were not delivered yet.",
    "outbox_age_seconds": "Age of the oldest of them.",
}
"""Figures without a label. Ages in seconds, 0 where nothing waits."""


def _plain(connection: Connection, now: float) -> Iterator[Count]:
    due, unsent, one = is_due(now), OUTBOX.c.next_at.is_not(None), func.count
    queries = {
        "alerts": select(one(ALERTS.c.id)),
        "alerts_untaken": select(one(ALERTS.c.id)).where(ALERTS.c.due_at <= now),
        "leases": select(func.sum(WORK.c.token)),
        "work_failures": select(func.sum(WORK.c.attempts)),
        "work_due": select(one(WORK.c.token)).where(due),
        "work_late_seconds": select(now - func.min(SINCE)).where(due),
        "outbox": select(one(OUTBOX.c.key)).where(unsent),
        "outbox_age_seconds": select(now - func.min(OUTBOX.c.put_at)).where(unsent),
    }
    for name, about in PLAIN.items():
        found = max(0.0, float(connection.execute(queries[name]).scalar() or 0))  # due later: 0
        yield Count(name, about, {"": found}, grows=name in ("alerts", "leases"))


def _labelled(connection: Connection, now: float) -> Iterator[Count]:
    asked = and_(APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > now)
    void, done = EFFECTS.c.void.is_(True), EFFECTS.c.done_at.is_not(None)
    state = case((void, "void"), (done, "done"), else_="unrecorded")
    kinds = ("input", "cached", "output")
    sums = [func.sum(MODEL_CALLS.c[f"{kind}_tokens"]) for kind in kinds]
    spent = zip(kinds, connection.execute(select(*sums)).one(), strict=True)
    tokens = {kind: float(number or 0) for kind, number in spent}
    taken = _grouped(DELIVERIES.c.receiver, func.sum(DELIVERIES.c.times))
    about = "Deliveries taken, repeats counted."
    yield Count("deliveries", about, _by(connection, taken), "receiver", grows=True)
    about = "Incidents by state."
    yield Count("incidents", about, _by(connection, _grouped(INCIDENTS.c.state)), "state")
    about = "Questions that wait for people."
    waiting = _grouped(APPROVALS.c.kind).where(asked)
    yield Count("approvals_waiting", about, _by(connection, waiting), "kind")
    about = "Incidents by what Warroom does about them."
    yield Count("work", about, _by(connection, _grouped(WORK.c.status)), "status")
    about = "Actions and messages (unrecorded: begun, nobody knows yet; void: did not happen)."
    yield Count("effects", about, _by(connection, _grouped(state)), "state")
    yield Count("model_tokens", "Tokens of models.", tokens, "kind", grows=True)


def _grouped(column: Any, number: Any = None) -> Select:
    return select(column, func.count() if number is None else number).group_by(column)


def _by(connection: Connection, query: Select) -> dict[str, float]:
    return {str(word): float(found) for word, found in connection.execute(query)}


def is_writable(engine: Engine) -> bool:
    """Whether the database takes a write, which is taken back at once. Raises StoreError."""
    with engine.connect() as connection:
        row = {"name": "probe", "off": False, "at": 0.0, "made_by": "", "reason": ""}
        connection.execute(insert(SWITCHES).values(row))
        connection.rollback()
    return True
