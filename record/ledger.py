"""Approvals and effects: what was asked, what a person answered, what was carried out.

An approval binds to the hash of one exact plan or text, expires, and is decided once. An effect
is claimed before it happens, under a key of its own, so it happens at most once whatever crashes.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, RowMapping, select, update

from ..errors import ApprovalError, NotFound
from ..incident.action import Decision, Verdict
from ..incident.evidence import short
from ..incident.timeline import from_ts
from .database import durable, reader
from .tables import APPROVALS, EFFECTS, insert_once


@dataclass(frozen=True)
class Request:
    """Something that waits for a person: an action plan or an external text."""

    incident_id: str
    subject: str  # hash of the exact plan or message
    kind: str  # action or text
    title: str
    requested_at: float
    expires_at: float


@dataclass(frozen=True)
class ClaimedEffect:
    """A claimed effect: done_at is None when its doer never reported back."""

    key: str
    done_at: float | None
    result: dict[str, Any]


class Ledger:
    """The tables of approvals and effects. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = durable(engine)
        self.clock = clock
        self.reading = reader(engine)

    def ask(self, request: Request) -> None:
        """Put a question to people; asking the same again changes nothing."""
        with self.engine.begin() as connection:
            insert_once(connection, APPROVALS, **vars(request))

    def request(self, incident_id: str, subject: str) -> Request:
        """The question as first asked. Raises NotFound."""
        here = (APPROVALS.c.incident_id == incident_id, APPROVALS.c.subject == subject)
        with self.reading.begin() as connection:
            row = connection.execute(select(APPROVALS).where(*here)).mappings().first()
        if row is None:
            raise NotFound(f"{incident_id} asks nothing under {subject}; see `warroom show`")
        return _request(row)

    def subjects(self, incident_id: str) -> list[str]:
        """Everything that was ever asked about an incident."""
        query = select(APPROVALS.c.subject).where(APPROVALS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            return list(connection.execute(query).scalars())

    def waiting(self, incident_id: str = "") -> list[Request]:
        """Open, unexpired questions, oldest first; of all incidents when none is named."""
        query = select(APPROVALS).where(
            APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > self.clock()
        )
        if incident_id:
            query = query.where(APPROVALS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(APPROVALS.c.requested_at)).mappings()
            return [_request(row) for row in rows]

    def decide(
        self, incident_id: str, subject: str, verdict: Verdict, by: str, reason: str = ""
    ) -> Decision:
        """Record a person's answer, once.

        Raises NotFound for a question never asked, ApprovalError when it was already answered
        or has expired.
        """
        here = (APPROVALS.c.incident_id == incident_id, APPROVALS.c.subject == subject)
        now = self.clock()
        answer = {"verdict": verdict.value, "decided_by": by, "decided_at": now, "reason": reason}
        with self.engine.begin() as connection:
            asked = select(APPROVALS).where(*here).with_for_update()
            row = connection.execute(asked).mappings().first()
            if row is None:
                raise NotFound(f"{incident_id} asks nothing under {subject}; see `warroom show`")
            if row["verdict"] is not None:
                raise ApprovalError(
                    f"{short(subject)} was already {row['verdict']}; it counts once"
                )
            if row["expires_at"] <= now:
                raise ApprovalError(
                    f"{short(subject)} has expired; resume the incident for a new plan"
                )
            connection.execute(update(APPROVALS).where(*here).values(answer))
        return Decision(subject=subject, verdict=verdict, by=by, at=from_ts(now), reason=reason)

    def decision(self, incident_id: str, subject: str) -> Decision | None:
        """The answer to this question: None while it is open; expired when its time ran out before
        it was given, or before what it approved was begun."""
        here = (APPROVALS.c.incident_id == incident_id, APPROVALS.c.subject == subject)
        with self.reading.begin() as connection:
            row = connection.execute(select(APPROVALS).where(*here)).mappings().first()
        if row is None:
            return None
        late = row["expires_at"] <= self.clock()
        if row["verdict"] is None:
            return _expired(row, "nobody answered in time") if late else None
        if row["verdict"] == Verdict.approved and late and not self._begun(incident_id, subject):
            return _expired(row, "approved, and not begun in time: it has to be asked again")
        return Decision(
            subject=subject,
            verdict=Verdict(row["verdict"]),
            by=row["decided_by"],
            at=from_ts(row["decided_at"]),
            reason=row["reason"] or "",
        )

    def _begun(self, incident_id: str, subject: str) -> bool:
        """Whether an effect of this plan or text was claimed: its approval was used in time."""
        query = select(EFFECTS.c.key).where(
            EFFECTS.c.incident_id == incident_id, EFFECTS.c.key.endswith(f":{subject}")
        )
        with self.reading.begin() as connection:
            return connection.execute(query).first() is not None

    def claim(self, incident_id: str, key: str) -> ClaimedEffect | None:
        """Claim an effect before it happens: None when it is ours to carry out now, else the
        earlier claim (done or never reported back): then it must not be carried out again."""
        row = {"key": key, "incident_id": incident_id, "claimed_at": self.clock()}
        with self.engine.begin() as connection:
            if insert_once(connection, EFFECTS, **row):
                return None
            found = connection.execute(select(EFFECTS).where(EFFECTS.c.key == key)).mappings()
            earlier = found.one()
        return ClaimedEffect(key, earlier["done_at"], json.loads(earlier["result"] or "{}"))

    def finish(self, key: str, result: dict[str, Any]) -> None:
        """Report a claimed effect as carried out, with what came of it."""
        values = {"done_at": self.clock(), "result": json.dumps(result)}
        with self.engine.begin() as connection:
            connection.execute(update(EFFECTS).where(EFFECTS.c.key == key).values(values))


def _request(row: RowMapping) -> Request:
    return Request(**{name: row[name] for name in Request.__dataclass_fields__})


def _expired(row: RowMapping, reason: str) -> Decision:
    at = from_ts(row["expires_at"])
    return Decision(
        subject=row["subject"], verdict=Verdict.expired, by="nobody", at=at, reason=reason
    )
