"""Effects: claimed before they happen, reported afterwards, at most one an approval.

A claim is one transaction in which everything is checked that the effect rests on: the approval of
exactly this plan, which is still live; the switches; the policy's bounds; that nothing else is
under way on the same target. A row that is claimed and not reported blocks its target (a unique
index, not a clock): what became of it is found out first, by a probe or by a person.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, func, select, update

from ..errors import ApprovalError, HeldBack
from ..incident.action import Verdict
from ..incident.evidence import digest, short
from ..incident.identity import WARROOM, Identity
from ..incident.timeline import from_ts
from . import audit
from .database import lineage
from .leases import Lease, writing
from .switches import switched_off
from .tables import APPROVALS, EFFECTS, insert_once
from .waking import wake

HOUR_S = 3600.0
PUT_BACK = (
    "approved before the database was restored or another server took over: it may have been "
    "carried out since, so it has to be asked again"
)
CLAIMING = 0xC1A1
"""Number of the advisory lock under which limits are counted on PostgreSQL."""


class Does(StrEnum):
    """Kinds of effects."""

    execute = "execute"
    undo = "undo"
    send = "send"


@dataclass(frozen=True)
class Effect:
    """Something done once under one approval."""

    incident_id: str
    does: Does
    subject: str  # hash of the plan or message
    number: int = 1  # of the request that was approved
    target: str = ""  # system and what is acted on in it; empty: nothing that could collide
    approved: bool = True  # False: needs no person (a message inside the house)
    tries: int = 0  # that are known not to have happened, under this request
    stage: int = 0  # of what is done in several, from 0; one approval covers them all

    @property
    def key(self) -> str:
        """The row's key, and the idempotency key that the target gets to see."""
        again = f":{self.number}" if self.number > 1 else ""
        tried = f".{self.tries}" if self.tries else ""
        staged = f"/{self.stage}" if self.stage else ""
        return f"{self.incident_id}:{self.does}:{self.subject}{again}{tried}{staged}"

    @property
    def question(self) -> str:
        """Under which a person is asked whether it was done, where nobody reported it."""
        return question_about(self.key)


def question_about(key: str) -> str:
    """The subject of that question."""
    return digest(["was it done?", key])


@dataclass(frozen=True)
class ClaimedEffect:
    """A claimed effect: done_at is None when its doer never reported back."""

    key: str
    done_at: float | None
    result: dict[str, Any]
    void: bool = False  # it is known that nothing was done


@dataclass(frozen=True)
class Bounds:
    """What the policy allows now."""

    frozen_until: float | None = None  # unix seconds; None: no freeze
    per_hour: int | None = None  # actions, whole installation
    per_target: int | None = None


FREE = Bounds()


class Claims:
    """The table of effects; the approvals that allow them are beside it, in the ledger."""

    engine: Engine
    reading: Engine
    clock: Callable[[], float]
    lease: Lease | None

    def claim(self, effect: Effect, bounds: Bounds = FREE) -> ClaimedEffect | None:
        """Claim an effect before it happens: None when it is ours to carry out now, else the
        earlier claim (reported or not): then it must not be carried out again.

        Raises ApprovalError without a live approval of exactly this, HeldBack when it may not
        happen now. Then nothing was claimed, and it can be tried again.
        """
        with writing(self.engine, self.lease) as connection:
            return self.claimed(connection, effect, bounds)

    def claimed(
        self, connection: Connection, effect: Effect, bounds: Bounds = FREE
    ) -> ClaimedEffect | None:
        """The same inside a transaction of the caller's."""
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(CLAIMING)))
        if earlier := _effect(connection, effect.key):
            return earlier
        now = self.clock()
        if effect.approved:
            _approved(connection, effect, now)
        if effect.does is not Does.send:
            _may(connection, effect, bounds, now)
        row = {"incident_id": effect.incident_id, "target": effect.target, "claimed_at": now}
        row |= {"key": effect.key, "does": effect.does.value, "void": False}
        if not insert_once(connection, EFFECTS, **row):
            raise HeldBack(_busy(connection, effect.target))
        audit.add(
            connection,
            str(WARROOM),
            f"{effect.does}: claimed",
            effect.incident_id,
            {
                "key": effect.key,
                "target": effect.target,
            },
        )
        return None

    def finish(
        self, key: str, result: dict[str, Any], void: bool = False, by: Identity = WARROOM
    ) -> bool:
        """Report a claimed effect: as carried out, or (void) as known not to have happened.

        What was reported stands: False when somebody had. Whoever did something may report it,
        also one who works the incident no more.
        """
        with self.engine.begin() as connection:
            incident_id = reported(connection, key, result, self.clock(), void, by)
            if incident_id is not None:
                wake(connection, incident_id, why="an effect was reported")
        return incident_id is not None

    def effect(self, key: str) -> ClaimedEffect | None:
        """What is on record of this effect; None: it was never claimed."""
        with self.reading.begin() as connection:
            return _effect(connection, key)

    def used(
        self, connection: Connection, incident_id: str, subject: str, number: int
    ) -> ClaimedEffect | None:
        """The effect that was begun under this request, or None."""
        keys = [Effect(incident_id, do, subject, number).key for do in (Does.execute, Does.send)]
        query = select(EFFECTS).where(EFFECTS.c.key.in_(keys)).order_by(EFFECTS.c.does)
        row = connection.execute(query).mappings().first()
        return _claimed(row) if row is not None else None


def reported(
    connection: Connection,
    key: str,
    result: dict[str, Any],
    now: float,
    void: bool = False,
    by: Identity = WARROOM,
) -> str | None:
    """Write the report of a claimed effect, where nobody has: whose incident it is of, or None."""
    values = {"done_at": now, "result": json.dumps(result), "void": void}
    here = (EFFECTS.c.key == key, EFFECTS.c.done_at.is_(None))
    change = update(EFFECTS).where(*here).values(values).returning(EFFECTS.c.incident_id)
    incident_id = connection.execute(change).scalar()
    if incident_id is not None:
        _answered(connection, incident_id, question_about(key), by, now)
        act = "effect: not done" if void else "effect: reported"
        audit.add(connection, str(by), act, incident_id, {"key": key, "result": result})
    return incident_id


def _effect(connection: Connection, key: str) -> ClaimedEffect | None:
    row = connection.execute(select(EFFECTS).where(EFFECTS.c.key == key)).mappings().first()
    return _claimed(row) if row is not None else None


def _claimed(row: RowMapping) -> ClaimedEffect:
    result = json.loads(row["result"] or "{}")
    return ClaimedEffect(row["key"], row["done_at"], result, bool(row["void"]))


def _answered(
    connection: Connection, incident_id: str, question: str, by: Identity, now: float
) -> None:
    """Nobody needs to say any more whether it was done."""
    asked = (APPROVALS.c.incident_id == incident_id, APPROVALS.c.subject == question)
    values = {"verdict": Verdict.withdrawn.value, "decided_by": by.name, "reason": "reported"}
    open_ = update(APPROVALS).where(*asked, APPROVALS.c.verdict.is_(None))
    connection.execute(open_.values(**values, decided_at=now))


def _approved(connection: Connection, effect: Effect, now: float) -> None:
    """A live approval of exactly this; an undo is covered by the one its action was done under."""
    query = select(APPROVALS).where(
        APPROVALS.c.incident_id == effect.incident_id, APPROVALS.c.subject == effect.subject
    )
    newest = query.order_by(APPROVALS.c.number.desc()).limit(1).with_for_update()
    row = connection.execute(newest).first()
    if row is None or row.verdict != Verdict.approved.value:
        raise ApprovalError(f"{short(effect.subject)} is not approved: nothing was done")
    expired = row.expires_at <= now and not _used_in_time(connection, effect)
    if effect.does is not Does.undo and (row.number != effect.number or expired):
        raise ApprovalError(f"the approval of {short(effect.subject)} has expired: ask again")
    if effect.does is not Does.undo and row.lineage != lineage(connection):
        raise ApprovalError(f"{short(effect.subject)}: {PUT_BACK}")


def _used_in_time(connection: Connection, effect: Effect) -> bool:
    """Whether it goes on with what was begun under the same request."""
    before = replace(effect, stage=effect.stage - 1, tries=0) if effect.stage else None
    return before is not None and _effect(connection, before.key) is not None


def _may(connection: Connection, effect: Effect, bounds: Bounds, now: float) -> None:
    """Raises HeldBack. What takes back something bad is stopped by the switch alone."""
    if switch := switched_off(connection, effect.target):
        raise HeldBack(switch.words)
    if effect.does is Does.undo:
        return
    if bounds.frozen_until is not None:
        until = bounds.frozen_until
        raise HeldBack(f"changes are frozen until {from_ts(until):%a %H:%M} UTC", until)
    if effect.stage:  # the action was let through with its first
        return
    _within(connection, bounds.per_hour, now, "actions in all")
    here = EFFECTS.c.target == effect.target
    _within(connection, bounds.per_target, now, f"actions on {effect.target}", here)


def _within(connection: Connection, limit: int | None, now: float, what: str, *where: Any) -> None:
    if limit is None:
        return
    counted = (EFFECTS.c.does == Does.execute.value, EFFECTS.c.void.is_(False))
    since = EFFECTS.c.claimed_at > now - HOUR_S
    query = select(EFFECTS.c.claimed_at).where(*counted, since, *where)
    times = connection.execute(query.order_by(EFFECTS.c.claimed_at)).scalars().all()
    if len(times) >= limit:
        until = times[len(times) - limit] + HOUR_S if limit else None
        raise HeldBack(f"{len(times)} {what} within an hour, the limit is {limit}", until)


def _busy(connection: Connection, target: str) -> str:
    query = select(EFFECTS.c.incident_id).where(
        EFFECTS.c.target == target, EFFECTS.c.done_at.is_(None)
    )
    incident_id = connection.execute(query).scalar()
    return f"an action of {incident_id} on {target} is under way, or nobody knows what became of it"
