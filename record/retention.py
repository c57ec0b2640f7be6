"""What is dropped for its age: what tools answered, once its incident has been over for long.

Nothing of an incident that is not over, and nothing that a document says: a quote stays, and what
it was lifted from says that it expired. How much was dropped is in the audit log.
"""

from sqlalchemy import Engine, select, update

from ..incident.lifecycle import OVER
from . import audit
from .tables import EVIDENCE, INCIDENTS, PAYLOADS

ACTOR = "retention"
DAY_S = 86400.0


def drop_evidence(engine: Engine, now: float, days: float) -> int:
    """Drop the payloads of incidents that ended and have not changed for so long, unless another
    one holds the same; how many those were. A second time changes nothing.

    now: unix seconds.
    """
    over = [state.value for state in OVER]
    old = INCIDENTS.c.state.in_(over) & (INCIDENTS.c.updated_at < now - days * DAY_S)
    of = select(EVIDENCE.c.digest).join(INCIDENTS, INCIDENTS.c.id == EVIDENCE.c.incident_id)
    gone = PAYLOADS.c.digest.in_(of.where(old)) & PAYLOADS.c.digest.not_in(of.where(~old))
    change = update(PAYLOADS).where(gone, PAYLOADS.c.dropped_at.is_(None))
    with engine.begin() as connection:
        count = connection.execute(change.values(body=b"", dropped_at=now)).rowcount
        if count:
            audit.add(connection, ACTOR, "drop evidence", detail={"payloads": count, "days": days})
    return count
