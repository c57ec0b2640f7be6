"""Changes that were sent to us: each once, on the disk before anybody is told so; the oldest leave
when there are many, and when they are old.

A change is kept as a line of a bundle, JSON.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Engine, delete, func, select

from . import audit
from .database import durable, reader
from .lists import Page
from .retention import ACTOR, DAY_S
from .tables import CHANGES, insert_once

MOST = 10_000
"""Rows that are kept: the newest."""
MOST_READ = 1000
"""Of one window: the newest."""
Row = dict[str, Any]


@dataclass(frozen=True)
class TakenChange:
    """A change as it was written down."""

    id: int
    received_at: float
    change: Row  # a line of a bundle's changes.jsonl


class SentChanges:
    """The changes of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = durable(engine)
        self.reading = reader(engine)

    def keep(self, key: str, change: Row) -> bool:
        """Whether it is new: one of this key that is there already stays as it is."""
        known = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        row = {"key": known, "at": change["at"], "received_at": time.time()}
        newest = select(CHANGES.c.id).order_by(CHANGES.c.id.desc())
        beyond = newest.offset(MOST).limit(1).scalar_subquery()
        with self.engine.begin() as connection:
            new = insert_once(connection, CHANGES, **row, body=json.dumps(change))
            if new:
                connection.execute(delete(CHANGES).where(CHANGES.c.id <= beyond))
            return new

    def within(self, start: float, end: float) -> list[Row]:
        """Those of a time, unix seconds, the newest first."""
        query = select(CHANGES.c.body).where(CHANGES.c.at >= start, CHANGES.c.at < end)
        newest = query.order_by(CHANGES.c.at.desc(), CHANGES.c.id.desc()).limit(MOST_READ)
        with self.reading.begin() as connection:
            return [json.loads(body) for body in connection.execute(newest).scalars()]

    def page(self, after: int, limit: int, seen: Callable[[str], bool]) -> Page[TakenChange]:
        """Those of services that are seen, the newest first, older than this number (0: all)."""
        older = (CHANGES.c.id < after,) if after else ()
        query = select(CHANGES.c.id, CHANGES.c.received_at, CHANGES.c.body).where(*older)
        with self.reading.begin() as connection:
            rows = connection.execute(query.order_by(CHANGES.c.id.desc()))
            told = (TakenChange(id, at, json.loads(body)) for id, at, body in rows)
            mine = (one for one in told if seen(one.change.get("service", "")))
            found = list(islice(mine, limit + 1))
        return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else "")


def drop_changes(engine: Engine, now: float, days: float) -> int:
    """Drop those that came so long ago; how many those were.

    now: unix seconds.
    """
    old = CHANGES.c.received_at < now - days * DAY_S
    with engine.begin() as connection:
        count = connection.execute(select(func.count()).where(old)).scalar() or 0
        if count:
            connection.execute(delete(CHANGES).where(old))
            audit.add(connection, ACTOR, "drop changes", detail={"count": count})
    return count
