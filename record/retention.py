"""What is dropped for its age: what tools answered, once its incident has been over for long, and
what senders sent, word for word.

Nothing of an incident that is not over, and nothing that a document says: a quote stays, and what
it was lifted from says that it expired. How much was dropped is in the audit log.
"""

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine, Update, and_, exists, select, update

from ..incident.lifecycle import OVER
from . import audit
from .database import reader
from .tables import ALERTS, DELIVERIES, EVIDENCE, INCIDENTS, PAYLOADS

ACTOR = "retention"
DAY_S = 86400.0


OVER_STATES = [state.value for state in OVER]
CHUNK = 200
"""Rows that are dropped in one transaction: nobody waits for long."""


def drop_evidence(engine: Engine, now: float, days: float) -> int:
    """Drop the payloads of incidents that ended and have not changed for so long, unless another
    one holds the same; how many those were. A second time changes nothing.

    now: unix seconds.
    """
    held = and_(EVIDENCE.c.digest == PAYLOADS.c.digest, EVIDENCE.c.incident_id == INCIDENTS.c.id)
    old = INCIDENTS.c.state.in_(OVER_STATES) & (INCIDENTS.c.updated_at < now - days * DAY_S)
    gone = and_(
        PAYLOADS.c.dropped_at.is_(None), exists().where(held, old), ~exists().where(held, ~old)
    )
    change = update(PAYLOADS).where(gone).values(body=b"", dropped_at=now)
    return _drop(engine, PAYLOADS.c.digest, gone, change, "drop evidence")


def drop_deliveries(engine: Engine, now: float, days: float) -> int:
    """Drop the bodies of deliveries that last came so long ago, unless an alert of theirs belongs
    to an incident that is not over; how many those were. The alerts as parsed stay.

    now: unix seconds.
    """
    of = and_(ALERTS.c.receiver == DELIVERIES.c.receiver, ALERTS.c.delivery == DELIVERIES.c.key)
    open_ = and_(INCIDENTS.c.id == ALERTS.c.incident_id, INCIDENTS.c.state.not_in(OVER_STATES))
    old = and_(DELIVERIES.c.last_at < now - days * DAY_S, DELIVERIES.c.body != b"")
    gone = and_(old, ~exists().where(of, open_))
    change = update(DELIVERIES).where(gone).values(body=b"")
    return _drop(engine, DELIVERIES.c.id, gone, change, "drop deliveries")


def _drop(
    engine: Engine, key: sa.Column, gone: ColumnElement[bool], change: Update, act: str
) -> int:
    """Some at a time. What was locked is looked at once more: somebody may need it by now."""
    total, count = 0, 1
    while count:
        with reader(engine).begin() as connection:
            some = list(connection.execute(select(key).where(gone).limit(CHUNK)).scalars())
        with engine.begin() as connection:
            connection.execute(select(key).where(key.in_(some)).with_for_update())
            count = connection.execute(change.where(key.in_(some))).rowcount
            if count:
                audit.add(connection, ACTOR, act, detail={"count": count})
        total += count
    return total
