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


def _plain(connection: Connection, now: float) -> Iterator[Count]:
    """Figures without a label. Ages in seconds, 0 where nothing waits."""
    due, unsent = is_due(now), OUTBOX.c.next_at.is_not(None)
    one = func.count
    for name, about, query, grows in (
        ("alerts", "Alerts written down, repeats not counted.", select(one(ALERTS.c.id)), True),
        (
            "alerts_untaken",
            "Alerts that should have been grouped into incidents by now.",
            select(one(ALERTS.c.id)).where(ALERTS.c.due_at <= now),
            False,
        ),
        (
            "leases",
            "Times that an incident was taken up or given back.",
            select(func.sum(WORK.c.token)),
            True,
        ),
        (
            "work_failures",
            "Attempts in a row that failed, over all incidents.",
            select(func.sum(WORK.c.attempts)),
            False,
        ),
        (
            "work_due",
            "Incidents that are due and that nobody works.",
            select(one(WORK.c.token)).where(due),
            False,
        ),
        (
            "work_late_seconds",
            "How long the longest of them has been due.",
            select(now - func.min(SINCE)).where(due),
            False,
        ),
        (
            "outbox",
            "Messages that were not delivered yet.",
            select(one(OUTBOX.c.key)).where(unsent),
            False,
        ),
        (
            "outbox_age_seconds",
            "Age of the oldest of them.",
            select(now - func.min(OUTBOX.c.put_at)).where(unsent),
            False,
        ),
    ):
        found = float(connection.execute(query).scalar() or 0)
        yield Count(name, about, {"": found}, grows=grows)


def _labelled(connection: Connection, now: float) -> Iterator[Count]:
    asked = and_(APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > now)
    void, done = EFFECTS.c.void.is_(True), EFFECTS.c.done_at.is_not(None)
    state = case((void, "void"), (done, "done"), else_="unrecorded")
    tokens = {
        kind: float(
            connection.execute(select(func.sum(MODEL_CALLS.c[f"{kind}_tokens"]))).scalar() or 0
        )
        for kind in ("input", "cached", "output")
    }
    about = "Deliveries taken, repeats counted."
    yield Count(
        "deliveries",
        about,
        _by(connection, _grouped(DELIVERIES.c.receiver, func.sum(DELIVERIES.c.times))),
        "receiver",
        grows=True,
    )
    about = "Incidents by state."
    yield Count("incidents", about, _by(connection, _grouped(INCIDENTS.c.state)), "state")
    about = "Questions that wait for people."
    waiting = _grouped(APPROVALS.c.kind).where(asked)
    yield Count("approvals_waiting", about, _by(connection, waiting), "kind")
    about = "Incidents by status of their work."
    yield Count("work", about, _by(connection, _grouped(WORK.c.status)), "status")
    about = "Effects claimed; unrecorded: begun, and nobody knows yet; void: proven not done."
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
