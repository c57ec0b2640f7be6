"""Makes Slack show what the record says: each incident's message, and what changed in its thread.

Never from delivery: what stands there is in our own table, and whoever comes looks at that. A turn
that ended in silence is looked up in Slack, by our own mark, before anything is posted again.
"""

import logging
import time
from dataclasses import replace

from ..agents.reporting.incident_status import is_noise
from ..app.chatting import Slack
from ..app.configuration import recall
from ..app.escalating import team_of
from ..app.record import masked
from ..errors import ChatAway, InputError, WarroomError
from ..incident.document import Incident
from ..incident.severity import Severity
from ..incident.timeline import utc_now
from ..record.chat import Chats, Told
from ..record.escalations import ACKNOWLEDGED, Escalations
from ..record.store import Store
from ..record.waking import HANDED_OVER, STUCK
from ..settings import Settings
from .cards import Card, Line, card, lines, section
from .digest import Digest
from .workspace import Workspace

log = logging.getLogger(__name__)
ALL_S = 30.0
"""Between two looks at everything that runs; what happens is seen at once."""
MARK = "|"
"""Between the keys of lines in one message."""


class Poster:
    """Over one record and one workspace; `page` is where people reach us."""

    def __init__(
        self, settings: Settings, store: Store, told: Slack, workspace: Workspace, page: str
    ) -> None:
        self.settings, self.store, self.told, self.page = settings, store, told, page
        self.workspace, self.chats = workspace, Chats(store.engine)
        self.digest = Digest(settings, store, told, workspace, page)
        self._position, self._all_at = 0, 0.0
        self._pending: set[str] = set()

    def round(self) -> None:
        """Every incident that may stand there otherwise than it is."""
        everything = time.monotonic() >= self._all_at
        found, self._position = self.chats.behind(self._position, everything)
        if everything:
            self._all_at = time.monotonic() + ALL_S
            self.digest.round(utc_now())
        self._pending |= found
        for incident_id in sorted(self._pending):
            try:
                if self.show(incident_id):
                    self._pending.discard(incident_id)
            except WarroomError as error:  # the others are told all the same
                log.warning("chat, %s: %s", incident_id, error)

    def show(self, incident_id: str) -> bool:
        """Have Slack show this one as it is; whether it does now, or is to show nothing."""
        at, known = time.time(), self.chats.find(incident_id)
        document = self.store.load(incident_id)
        channel = known.channel or self._channel(document)
        if not channel:
            return True
        head, news = self._now(document)
        fresh = [line for line in news if line.key not in known.told]
        same = known.ts and known.shown == head.digest and not fresh
        if same and not known.unsure and not known.attempts:
            return True
        if (turn := self.chats.take(known, channel, at)) is None:
            return False
        try:
            turn = self._head(turn, head, news)
            fresh = [line for line in news if line.key not in turn.told]
            self.chats.done(self._thread(turn, fresh) if fresh else turn)
        except (ChatAway, InputError) as error:
            away = error if isinstance(error, ChatAway) else ChatAway(str(error))
            self.chats.failed(turn, away.unsure, away.wait)
            log.warning("chat, %s: %s", incident_id, error)
            return False
        return True

    def _channel(self, document: Incident) -> str:
        """Empty for what is told nobody: not classified, nothing behind it, an exercise."""
        if document.severity is None or is_noise(document):
            return ""
        if recall(self.settings, document.id).drill:
            return ""
        daily = document.severity is Severity.P3 and self.told.p3_hour is not None
        if daily and not self.store.ledger.waiting(document.id):
            return ""  # told once a day, unless somebody has to decide
        return self.told.channel(document.severity, team_of(document))

    def _now(self, document: Incident) -> tuple[Card, list[Line]]:
        requests = self.store.ledger.waiting(document.id)
        standing = Escalations(self.store.engine).of(document.id)
        holds = standing is not None and standing.state == ACKNOWLEDGED
        holder = (standing.answered_by or "") if standing and holds else ""
        clean = masked(document)
        work = self.store.work.standing(document.id)
        left = work is not None and work.status in (HANDED_OVER, STUCK)
        head = card(clean, requests, holder, f"{self.page}/incidents/{document.id}", left)
        return head, lines(clean, requests)

    def _head(self, turn: Told, head: Card, news: list[Line]) -> Told:
        key = f"{turn.incident_id} head"
        if not turn.ts:
            ts = self.workspace.ours(turn.channel).get(key, "") if self._lost(turn) else ""
            channel = turn.channel
            if not ts:
                channel, ts = self.workspace.post(turn.channel, head, key)
            told = tuple(line.key for line in news)  # the message itself says all of it
            turn = replace(turn, channel=channel, ts=ts, told=told, shown=head.digest)
            self.chats.keep(turn)
        elif turn.shown != head.digest and not self._edited(turn, head, key):
            return self._head(replace(turn, ts="", shown="", told=()), head, news)
        return replace(turn, shown=head.digest)

    def _edited(self, turn: Told, head: Card, key: str) -> bool:
        """Whether it is still there."""
        try:
            self.workspace.edit(turn.channel, turn.ts, head, key)
        except InputError as error:
            if "message_not_found" not in str(error):
                raise
            return False
        return True

    @staticmethod
    def _lost(turn: Told) -> bool:
        """A turn before it came to no end; a channel that is known by name cannot be searched."""
        return turn.unsure and not turn.channel.startswith("#")

    def _thread(self, turn: Told, fresh: list[Line]) -> Told:
        """Everything that is new, in one message; of a turn that was lost, what did not arrive."""
        posted = self.workspace.ours(turn.channel, turn.ts) if turn.unsure else {}
        there = {key for keys in posted for key in keys.split(MARK)}
        if news := [line for line in fresh if line.key not in there]:
            text = "\n".join(f"{line.at:%H:%M:%S} {line.text}" for line in news)
            first = Card([section(text)], text.partition("\n")[0])
            keys = MARK.join(line.key for line in news)
            self.workspace.post(turn.channel, first, keys, turn.ts)
        return replace(turn, told=(*turn.told, *(line.key for line in fresh)))
