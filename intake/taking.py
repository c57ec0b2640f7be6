"""Alerts and deliveries on record before anything else happens with them: each once, in the order
of their source, by keys and not by luck.

    delivery   once for its receiver and the sender's id of it, or its digest; then it is counted
    episode    once for receiver, fingerprint and start: from when an alert fires until it is over

What comes again, late, out of order or at once from a hundred senders changes nothing but counts:
an end stays an end, whatever its beginning comes in after it. Two sources cannot be told apart from
noise by that, and are taken as firing: a start that is repeated long after its end was known (a
monitoring system that was restarted says so), and a reminder long after grouping looked last.

Sources that do not name an episode's start, or name one alert for several (a reopened one), say
when they speak; their word of the latest time counts.
"""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine, case, func, insert, select, update

from ..incident.document import Alert
from ..incident.severity import parse_severity
from ..record.database import durable
from ..record.tables import ALERTS, DELIVERIES, inserting
from .identity import DEFAULT, Labels, identity_of

LATE_S = 600.0
"""A start told again within this time of its end is a straggler: senders retry for some minutes."""
RETRY_S = 60.0
"""The same for a delivery without any time that comes a second time, word by word."""
REMIND_S = 3600.0
"""A reminder of what fires is looked at again after this time: its incident may be over."""
AT_ONCE = 0.0
"""When news are due, whatever the clock does meanwhile."""
LEAST_S = 0.001
"""Between the starts of two episodes."""
UNKNOWN = 4
"""Rank of a severity that no mapping knows: after all others."""


@dataclass(frozen=True)
class Delivery:
    """What a receiver took in one request, or a person handed over."""

    receiver: str
    body: bytes  # as it came, inflated
    key: str = ""  # the sender's own id of it; empty: the body's digest
    alerts: Sequence[Alert] = field(default_factory=tuple)
    problem: str = ""  # why it could not be read; kept all the same

    @cached_property  # a storm's body is long, and each of its alerts asks
    def identity(self) -> str:
        """What makes it this delivery and no other."""
        return self.key or hashlib.sha256(self.body).hexdigest()


def keep(
    engine: Engine,
    deliveries: Iterable[Delivery],
    at: float,
    labels: Labels = DEFAULT,
    remind_s: float = REMIND_S,
) -> None:
    """Write them down in one transaction that survives a power failure.

    Args:
        engine: of the record.
        deliveries: as they were read; their alerts may be repeated.
        at: when they came, unix seconds.
        labels: which say who an alert is about.
        remind_s: how long a repeated alert is nothing new.

    Raises StoreError; nothing of them is kept then.
    """
    mine = sorted(deliveries, key=lambda one: (one.receiver, one.identity))
    told = [(delivery, alert) for delivery in mine for alert in delivery.alerts]
    rows = [_row(alert, delivery, at, labels) for delivery, alert in told]
    exact = [row for row, (_, alert) in zip(rows, told, strict=True) if _names_episode(alert)]
    with durable(engine).begin() as connection:
        _count(connection, mine, at)
        if exact:
            told_of = _upsert(connection.dialect.name, remind_s)
            connection.execute(told_of, sorted(exact, key=_key))
        words = [
            Word(row, _said(alert), _came_before(connection, row))
            for row, (_, alert) in zip(rows, told, strict=True)
            if not _names_episode(alert)
        ]
        for word in sorted(words, key=lambda one: _key(one.row)):
            _by_last_word(connection, word, remind_s)


def _names_episode(alert: Alert) -> bool:
    return alert.starts_at is not None and alert.seen_at is None


def _count(connection: Connection, deliveries: Sequence[Delivery], at: float) -> None:
    rows = [
        {
            "receiver": delivery.receiver,
            "key": delivery.identity,
            "received_at": at,
            "last_at": at,
            "times": 1,
            "body": zlib.compress(delivery.body, 1),
            "alerts": len(delivery.alerts),
            "problem": delivery.problem,
        }
        for delivery in deliveries
    ]
    if rows:
        connection.execute(_counted(connection.dialect.name), rows)


@cache  # a statement takes longer to build than to run
def _counted(dialect: str) -> Any:
    put, old = inserting(dialect, DELIVERIES), DELIVERIES.c
    again = {"times": old.times + 1, "last_at": _max(old.last_at, put.excluded.last_at)}
    return put.on_conflict_do_update(index_elements=["receiver", "key"], set_=again)


def _came_before(connection: Connection, row: dict[str, Any]) -> bool:
    """Whether the delivery that tells of it came a second time."""
    here = (DELIVERIES.c.receiver == row["receiver"], DELIVERIES.c.key == row["delivery"])
    return (connection.execute(select(DELIVERIES.c.times).where(*here)).scalar() or 0) > 1


def _said(alert: Alert) -> float | None:
    over = alert.status == "resolved"
    return _ts(alert.seen_at) or (_ts(alert.ends_at) if over else None)


def _row(alert: Alert, delivery: Delivery, at: float, labels: Labels) -> dict[str, Any]:
    about = identity_of(alert, labels)
    over = alert.status == "resolved"
    ends = _ts(alert.ends_at) or _ts(alert.seen_at) or at
    seen = _ts(alert.seen_at)
    return {
        "receiver": delivery.receiver,
        "fingerprint": alert.fingerprint,
        "starts_at": _ts(alert.starts_at) or seen or (ends if over else at),
        "seen_at": seen,
        "ends_at": ends if over else None,
        "end_known_at": at if over else None,
        "received_at": at,
        "last_at": at,
        "times": 1,
        "rank": rank_of(alert),
        "scope": about.scope,
        "component": about.component,
        "name": alert.name,
        "signature": about.signature,
        "address": about.address,
        "body": alert.model_dump_json(),
        "delivery": delivery.identity,
        "due_at": None if over else AT_ONCE,
        "reason": "",
    }


def rank_of(alert: Alert) -> int:
    """Of its severity, 0 the worst: as its receiver maps the word, else as the word is known."""
    level = alert.level or parse_severity(alert.severity)
    return level.rank if level else UNKNOWN


@cache
def _upsert(dialect: str, remind_s: float) -> Any:
    """One statement for what names its episode: the rules above as columns."""
    put = inserting(dialect, ALERTS)
    old, new = ALERTS.c, put.excluded
    ends, fires = new.ends_at.is_not(None), new.ends_at.is_(None)
    again = sa.and_(fires, old.end_known_at < new.received_at - LATE_S)  # no straggler: it fires
    first_end = sa.and_(ends, sa.or_(old.ends_at.is_(None), new.ends_at < old.ends_at))
    worse = sa.and_(fires, new.rank < old.rank)
    reminded = sa.and_(fires, old.ends_at.is_(None), old.looked_at <= new.received_at - remind_s)
    news = sa.or_(
        again, sa.and_(ends, old.ends_at.is_(None)), sa.and_(worse, old.ends_at.is_(None)), reminded
    )
    known = func.coalesce(old.end_known_at, new.end_known_at)
    changes = {
        "times": old.times + 1,
        "last_at": _max(old.last_at, new.last_at),
        "ends_at": case((again, None), (first_end, new.ends_at), else_=old.ends_at),
        "end_known_at": case((again, None), else_=known),
        "rank": case((worse, new.rank), else_=old.rank),
        "body": case((sa.or_(worse, again), new.body), else_=old.body),
        "due_at": case((old.due_at.is_not(None), old.due_at), (news, AT_ONCE), else_=None),
    }
    return put.on_conflict_do_update(
        index_elements=["receiver", "fingerprint", "starts_at"], set_=changes
    )


@dataclass(frozen=True)
class Word:
    """What a source that names no episode's start says of an alert."""

    row: dict[str, Any]  # as a new episode would be kept
    said: float | None  # when it says so, by its clock; None: it does not tell
    again: bool  # the same delivery came before


def _by_last_word(connection: Connection, word: Word, remind_s: float) -> None:
    """The latest word counts; one without a time is as new as its arrival."""
    row = word.row
    _alone(connection, row["receiver"], row["fingerprint"])
    here = (ALERTS.c.receiver == row["receiver"], ALERTS.c.fingerprint == row["fingerprint"])
    newest = select(ALERTS).where(*here).order_by(ALERTS.c.starts_at.desc()).limit(1)
    latest = connection.execute(newest).first()
    if latest is None:
        connection.execute(insert(ALERTS).values(row))
        return
    known = max(latest.starts_at, latest.seen_at or 0.0, latest.ends_at or 0.0)
    said = max(row["last_at"], known) if word.said is None else word.said
    if row["ends_at"] is None and latest.ends_at is not None and _fires_again(latest, word, said):
        start = max(said, latest.starts_at + LEAST_S)
        connection.execute(insert(ALERTS).values({**row, "starts_at": start}))
        return
    over = row["ends_at"] is not None
    news = _ended(latest, said, row) if over else _fires_on(latest, said, row, remind_s)
    counted = {"times": latest.times + 1, "last_at": max(latest.last_at, row["last_at"])}
    connection.execute(update(ALERTS).where(ALERTS.c.id == latest.id).values(counted | news))


def _fires_again(latest: sa.Row[Any], word: Word, said: float) -> bool:
    """Whether a word after the end is one of a new episode, and no straggler of the old."""
    if word.said is not None:
        return said > max(latest.ends_at, latest.seen_at or 0.0)
    return not word.again or latest.end_known_at < word.row["last_at"] - RETRY_S


def _ended(latest: sa.Row[Any], said: float, row: dict[str, Any]) -> dict[str, Any]:
    """An end counts unless the source said later that it fires."""
    last = latest.seen_at or latest.starts_at
    if latest.ends_at is not None or said < last:
        return {"seen_at": max(last, said)} if latest.ends_at is not None else {}
    due = AT_ONCE if latest.due_at is None else latest.due_at
    return {"seen_at": said, "ends_at": said, "end_known_at": row["last_at"], "due_at": due}


def _fires_on(
    latest: sa.Row[Any], said: float, row: dict[str, Any], remind_s: float
) -> dict[str, Any]:
    """What a repeated word changes of an episode that goes on; of one that is over, nothing."""
    if latest.ends_at is not None:
        return {}
    changes: dict[str, Any] = {"seen_at": max(latest.seen_at or latest.starts_at, said)}
    worse = row["rank"] < latest.rank
    if worse:
        changes |= {"rank": row["rank"], "body": row["body"]}
    reminded = latest.looked_at is not None and latest.looked_at <= row["last_at"] - remind_s
    if (worse or reminded) and latest.due_at is None:
        changes["due_at"] = AT_ONCE
    return changes


def _alone(connection: Connection, receiver: str, fingerprint: str) -> None:
    """Until this transaction ends nobody else reads and writes episodes of this alert so. SQLite
    has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        key = func.hashtextextended(f"{receiver}\n{fingerprint}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def _max(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((other > one, other), else_=one)


def _key(row: dict[str, Any]) -> tuple[str, str, float, float]:
    """One order for all, so that two writers cannot wait for each other; an end comes last."""
    return row["receiver"], row["fingerprint"], row["starts_at"], row["ends_at"] or 0.0


def _ts(moment: Any) -> float | None:
    return moment.timestamp() if moment else None
