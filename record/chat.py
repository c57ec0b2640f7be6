"""What stands in chat of each incident, as we know it: chat is made to show what the record says,
and nothing is believed because it was once sent.

A turn at an incident's message is taken by a compare-and-swap on its row, for a while: of several
servers one posts, and whoever dies in between leaves the row unsure, so that the next one looks at
what is there before it posts again.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine, Select, and_, delete, func, or_, select, update

from ..incident.lifecycle import ACTIVE
from .chat_tables import CHAT_EVENTS, CHATS
from .database import durable, glance
from .tables import EVENTS, INCIDENTS, insert_once

TURN_S = 60.0
FIRST_S, LONGEST_S = 2.0, 300.0
PAUSE_S = 1.5
"""Between two turns at one message: Slack takes about one a second in a channel."""
FRESH_S = 7 * 86_400.0
"""An incident that was taken longer ago is not begun with."""
KEPT_S = 86_400.0
WORTH = (
    "step_done",
    "action_done",
    "asked",
    "decided",
    "state_changed",
    "acknowledged",
    "person_acted",
)
"""Events after which an incident may stand otherwise."""


@dataclass(frozen=True)
class Told:
    """What stands there; times in unix seconds."""

    incident_id: str
    version: int = 0
    channel: str = ""
    ts: str = ""
    shown: str = ""
    told: tuple[str, ...] = ()
    due_at: float = 0.0
    unsure: bool = False
    attempts: int = 0


class Chats:
    """The table. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine, self.reading, self.clock = durable(engine), glance(engine), clock

    def find(self, incident_id: str) -> Told:
        """As it stands; version 0 where nothing does."""
        with self.reading.begin() as connection:
            query = select(CHATS).where(CHATS.c.incident_id == incident_id)
            return _told(connection.execute(query).mappings().first()) or Told(incident_id)

    def at(self, channel: str, ts: str) -> str:
        """The incident whose message, or thread, this is; empty: none."""
        here = (CHATS.c.channel == channel, CHATS.c.ts == ts)
        with self.reading.begin() as connection:
            query = select(CHATS.c.incident_id).where(*here)
            return connection.execute(query).scalar() or "" if ts else ""

    def behind(self, after: int, everything: bool) -> tuple[set[str], int]:
        """Incidents that chat may show otherwise than they are: those of which something happened
        after a position, and the position now; or everything: those that run, those that changed
        since, those that a turn did not succeed with."""
        position = func.max(EVENTS.c.position)
        worth = EVENTS.c.event.in_(WORTH)
        happened = select(EVENTS.c.incident_id).where(EVENTS.c.position > after, worth)
        query = self._all() if everything else happened.group_by(EVENTS.c.incident_id)
        with self.reading.begin() as connection:
            last = connection.execute(select(position)).scalar() or 0
            return set(connection.execute(query).scalars()), last

    def _all(self) -> Select:
        running = and_(
            INCIDENTS.c.state.in_([state.value for state in ACTIVE]),
            INCIDENTS.c.severity != "",
            INCIDENTS.c.taken_at > self.clock() - FRESH_S,
        )
        since = or_(INCIDENTS.c.updated_at > CHATS.c.at, CHATS.c.attempts > 0, CHATS.c.unsure)
        query = select(INCIDENTS.c.id).outerjoin(CHATS, CHATS.c.incident_id == INCIDENTS.c.id)
        return query.where(or_(running, since))

    def take(self, known: Told, channel: str, at: float) -> Told | None:
        """Take the next turn, to show what was so `at` a time; None: it is somebody else's, or too
        early for one. What is handed back says in `unsure` whether the one before came to an end.
        """
        now, version = self.clock(), known.version + 1
        if known.due_at > now:
            return None
        row = {"due_at": now + TURN_S, "unsure": True, "at": at, "version": version}
        with self.engine.begin() as connection:
            if not known.version:
                fresh = {"channel": channel, "ts": "", "shown": "", "told": "[]", "attempts": 0}
                fresh |= {"incident_id": known.incident_id}
                mine = insert_once(connection, CHATS, **row, **fresh)
            else:
                here = (CHATS.c.incident_id == known.incident_id, CHATS.c.version == known.version)
                mine = connection.execute(update(CHATS).where(*here).values(row)).rowcount == 1
        taken = replace(known, version=version, channel=known.channel or channel)
        return taken if mine else None

    def done(self, turn: Told) -> None:
        """It shows this now."""
        self._put(turn, due_at=self.clock() + PAUSE_S, unsure=False, attempts=0)

    def failed(self, turn: Told, unsure: bool, wait: float = 0.0) -> None:
        """It may not (unsure: it may all the same): again in a while, or after `wait` seconds."""
        pause = wait or min(LONGEST_S, FIRST_S * 2.0 ** min(turn.attempts, 30))
        self._put(turn, due_at=self.clock() + pause, unsure=unsure, attempts=turn.attempts + 1)

    def keep(self, turn: Told) -> None:
        """So far it has come: the turn goes on."""
        self._put(turn, due_at=self.clock() + TURN_S, unsure=True, attempts=turn.attempts)

    def _put(self, turn: Told, due_at: float, unsure: bool, attempts: int) -> None:
        here = (CHATS.c.incident_id == turn.incident_id, CHATS.c.version == turn.version)
        values = {"channel": turn.channel, "ts": turn.ts, "shown": turn.shown, "unsure": unsure}
        values |= {"told": json.dumps(turn.told), "due_at": due_at, "attempts": attempts}
        with self.engine.begin() as connection:
            connection.execute(update(CHATS).where(*here).values(values))

    def first(self, event: str) -> bool:
        """Whether this event came for the first time; older ones are forgotten."""
        now = self.clock()
        with self.engine.begin() as connection:
            connection.execute(delete(CHAT_EVENTS).where(CHAT_EVENTS.c.at < now - KEPT_S))
            return insert_once(connection, CHAT_EVENTS, id=event, at=now)


def _told(row) -> Told | None:
    if row is None:
        return None
    values = {name: row[name] for name in Told.__dataclass_fields__ if name != "told"}
    told: Sequence[str] = json.loads(row["told"])
    return Told(**values, told=tuple(told))
