"""Approvals: what was asked, what people answered, and what of it still counts.

An approval binds to the hash of one exact plan or text, expires, and is decided once, by an
identity that is vouched for. What lapsed unanswered or unused is asked anew under the next number
of the same subject; the newest request is the one that counts. Effects are in claims.py.
"""

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, exists, select, update

from ..errors import ApprovalError, NotFound
from ..incident.action import Decision, Verdict
from ..incident.events import Asked, Decided
from ..incident.evidence import short
from ..incident.identity import NOBODY, Identity
from ..incident.timeline import from_ts
from . import audit, events
from .claims import PUT_BACK, Claims
from .database import durable, glance, lineage
from .leases import Lease, writing
from .tables import APPROVALS, insert_once
from .teams import Sight, told
from .waking import wake


class Asks(StrEnum):
    """What a person is asked to decide."""

    action = "action"  # whether a plan is carried out
    text = "text"  # whether a message leaves the house
    effect = (
        "effect"  # whether an action that nobody reported on was done: rejected says it was not
    )


@dataclass(frozen=True)
class Request:
    """Something that waits for a person. Times in unix seconds."""

    incident_id: str
    subject: str  # hash of the exact plan, message or effect
    kind: str  # one of Asks
    title: str
    requested_at: float
    expires_at: float
    number: int = 1  # asked for the first, the second, … time
    wanted: int = 1  # persons that have to approve
    barred: str = ""  # the person who made it, where nobody approves their own


LAPSED = (Verdict.expired, Verdict.withdrawn)
"""Answers after which the same may be asked again."""


class Ledger(Claims):
    """Approvals and, with them, the effects that they allow. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = durable(engine)
        self.clock = clock
        self.reading = glance(engine)
        self.lease: Lease | None = None

    def ask(self, request: Request, afresh: Collection[Verdict] = LAPSED) -> Request:
        """Put a question to people; the request that stands now.

        One that is open, or was answered otherwise than in `afresh`, stays as it is; else the same
        is asked anew under the next number.
        """
        with writing(self.engine, self.lease) as connection:
            row = _newest(connection, request.incident_id, request.subject)
            if row is not None:
                answer = self._answer(connection, row)
                if answer is None or answer.verdict not in afresh:
                    return _request(row)
                barred = request.barred or row["barred"]  # asked anew it is as much their own
                request = replace(request, number=row["number"] + 1, barred=barred)
            fresh = {**vars(request), "consents": "[]", "lineage": lineage(connection)}
            if insert_once(connection, APPROVALS, **fresh):
                _told(connection, request, self.clock())
        return self.request(request.incident_id, request.subject)

    def request(self, incident_id: str, subject: str) -> Request:
        """The question as last asked. Raises NotFound."""
        with self.reading.begin() as connection:
            return _request(_asked(connection, incident_id, subject))

    def consents(self, incident_id: str, subject: str) -> list[str]:
        """Who approved already of a question that takes two. Raises NotFound."""
        with self.reading.begin() as connection:
            given: list[str] = json.loads(_asked(connection, incident_id, subject)["consents"])
        return [person.partition(":")[2] for person in given]

    def subjects(self, incident_id: str) -> list[str]:
        """Everything that was ever asked about an incident."""
        query = select(APPROVALS.c.subject).where(APPROVALS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            return list(connection.execute(query.distinct()).scalars())

    def waiting(self, incident_id: str = "", sight: Sight = None) -> list[Request]:
        """Open, unexpired questions, oldest first; of all incidents when none is named, but for
        those that somebody does not see."""
        newer = APPROVALS.alias()
        same = (
            newer.c.incident_id == APPROVALS.c.incident_id,
            newer.c.subject == APPROVALS.c.subject,
        )
        asked_anew = exists().where(*same, newer.c.number > APPROVALS.c.number)
        query = (
            select(APPROVALS)
            .where(
                APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > self.clock(), ~asked_anew
            )
            .where(told(sight, APPROVALS.c.incident_id))
        )
        if incident_id:
            query = query.where(APPROVALS.c.incident_id == incident_id)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(APPROVALS.c.requested_at)).mappings()
            return [_request(row) for row in rows]

    def decide(
        self, incident_id: str, subject: str, verdict: Verdict, by: Identity, reason: str = ""
    ) -> Decision:
        """Record somebody's answer, once: of several at the same time one counts.

        Where two have to approve, the first is told so (Verdict.one_of_two) and it stays open.
        Raises NotFound for a question never asked, ApprovalError when it was already answered (by
        whom and when), when it has expired, or when the same person approves twice.
        """
        with writing(self.engine, self.lease) as connection:
            return self.decided(connection, incident_id, subject, verdict, by, reason)

    def decided(
        self,
        connection: Connection,
        incident_id: str,
        subject: str,
        verdict: Verdict,
        by: Identity,
        reason: str = "",
    ) -> Decision:
        """The same inside a transaction of the caller's, as the last that it does."""
        now = self.clock()
        row = _asked(connection, incident_id, subject)
        given = json.loads(row["consents"])
        if verdict is Verdict.approved and len(given) + 1 < row["wanted"]:
            verdict = Verdict.one_of_two
        yes = verdict in (Verdict.approved, Verdict.one_of_two)
        if yes and by.person == row["barred"]:
            raise ApprovalError(f"{short(subject)} is {by.name}'s own: it wants another person")
        if yes and by.person.partition(":")[2] in map(_whose, given):
            raise ApprovalError(f"{short(subject)}: {by.name} approved it; it wants another")
        answer = {"verdict": verdict.value, "decided_by": by.name, "decided_at": now}
        if verdict is Verdict.one_of_two:
            answer = {"consents": json.dumps([*given, by.person])}
        self._settle(connection, row, {**answer, "reason": reason}, now)
        said = {"subject": subject, "verdict": verdict, "by": by.name, "reason": reason}
        decision = Decision(at=from_ts(now), **said)
        _note(connection, incident_id, by, row["kind"], decision)
        wake(connection, incident_id, why=f"{verdict.value} by {by.name}")
        return decision

    def withdraw(
        self, incident_id: str, by: Identity, reason: str, connection: Connection | None = None
    ) -> list[str]:
        """Take back every open question about an action, as the last that a transaction of the
        caller's does, or in one of its own; their subjects."""
        if connection is not None:
            return self._withdrawn(connection, incident_id, by, reason)
        with writing(self.engine, self.lease) as own:
            return self._withdrawn(own, incident_id, by, reason)

    def _withdrawn(
        self, connection: Connection, incident_id: str, by: Identity, reason: str
    ) -> list[str]:
        open_ = (
            APPROVALS.c.incident_id == incident_id,
            APPROVALS.c.kind == Asks.action.value,
            APPROVALS.c.verdict.is_(None),
        )
        verdict, now = Verdict.withdrawn, self.clock()
        answer = {"decided_by": by.name, "decided_at": now, "reason": reason}
        change = update(APPROVALS).where(*open_).values(verdict=verdict.value, **answer)
        rows = connection.execute(change.returning(APPROVALS)).mappings().all()
        for row in rows:
            at, subject = from_ts(now), row["subject"]
            decision = Decision(subject=subject, verdict=verdict, by=by.name, at=at, reason=reason)
            _note(connection, incident_id, by, row["kind"], decision)
        if rows:
            wake(connection, incident_id, why=f"withdrawn by {by.name}")
        return [row["subject"] for row in rows]

    def decision(self, incident_id: str, subject: str) -> Decision | None:
        """The answer to the question as last asked: None while it is open; expired when its time
        ran out before it was given, or before what it approved was begun."""
        with self.reading.begin() as connection:
            row = _newest(connection, incident_id, subject)
            return self._answer(connection, row) if row is not None else None

    def _settle(
        self, connection: Connection, row: RowMapping, values: dict[str, Any], now: float
    ) -> None:
        """Write the answer where nobody was faster; else say who was."""
        here = (
            *_here(row["incident_id"], row["subject"]),
            APPROVALS.c.number == row["number"],
            APPROVALS.c.verdict.is_(None),
            APPROVALS.c.consents == row["consents"],
            APPROVALS.c.expires_at > now,
        )
        if connection.execute(update(APPROVALS).where(*here).values(values)).rowcount == 1:
            return
        row = _asked(connection, row["incident_id"], row["subject"])
        if row["verdict"] is None and row["expires_at"] > now:
            raise ApprovalError(f"{short(row['subject'])}: somebody else approved just now; again")
        if row["verdict"] is None:
            raise ApprovalError(
                f"{short(row['subject'])} has expired; `warroom resume {row['incident_id']}` asks "
                "anew what still fits"
            )
        raise ApprovalError(
            f"{short(row['subject'])} was already {row['verdict']} by {row['decided_by']} at "
            f"{from_ts(row['decided_at']):%H:%M:%S} UTC; it counts once"
        )

    def _answer(self, connection: Connection, row: RowMapping) -> Decision | None:
        late = row["expires_at"] <= self.clock()
        if row["verdict"] is None:
            return _lapsed(row, "nobody answered in time") if late else None
        if row["verdict"] == Verdict.approved:
            used = self.used(connection, row["incident_id"], row["subject"], row["number"])
            if used is None and late:
                return _lapsed(row, "approved, and not begun in time: it has to be asked again")
            if used is None and row["lineage"] != lineage(connection):
                return _lapsed(row, PUT_BACK)
            if used is not None and used.void:
                return _lapsed(row, "approved, and proven not to have been carried out")
        return Decision(
            subject=row["subject"],
            verdict=Verdict(row["verdict"]),
            by=row["decided_by"],
            at=from_ts(row["decided_at"]),
            reason=row["reason"] or "",
        )


def _told(connection: Connection, request: Request, now: float) -> None:
    told = {name: getattr(request, name) for name in ("subject", "kind", "title")}
    asked = Asked(expires_at=from_ts(request.expires_at), **told)
    events.append(connection, request.incident_id, asked, now)


def _note(
    connection: Connection, incident_id: str, by: Identity, kind: str, decision: Decision
) -> None:
    """In the transaction of the answer: the audit log, then the event."""
    detail = {"kind": kind, "subject": decision.subject, "reason": decision.reason}
    audit.add(connection, str(by), decision.verdict.value, incident_id, detail)
    events.append(connection, incident_id, Decided(decision=decision), decision.at.timestamp())


def _whose(person: str) -> str:
    """The name, also of one that was kept when each way to sign in was a person of its own."""
    return person.partition(":")[2].casefold()


def _here(incident_id: str, subject: str) -> tuple[Any, Any]:
    return APPROVALS.c.incident_id == incident_id, APPROVALS.c.subject == subject


def _newest(connection: Connection, incident_id: str, subject: str) -> RowMapping | None:
    query = select(APPROVALS).where(*_here(incident_id, subject))
    return connection.execute(query.order_by(APPROVALS.c.number.desc()).limit(1)).mappings().first()


def _asked(connection: Connection, incident_id: str, subject: str) -> RowMapping:
    row = _newest(connection, incident_id, subject)
    if row is None:
        raise NotFound(f"{incident_id} asks nothing under {subject}; see `warroom show`")
    return row


def _request(row: RowMapping) -> Request:
    return Request(**{name: row[name] for name in Request.__dataclass_fields__})


def _lapsed(row: RowMapping, reason: str) -> Decision:
    at = from_ts(row["expires_at"])
    return Decision(
        subject=row["subject"], verdict=Verdict.expired, by=NOBODY, at=at, reason=reason
    )
