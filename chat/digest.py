"""P3 incidents do not chatter: once a day a channel hears of its own in one message. Which day was
told stands in the table of chat, so of several servers one tells it, also after a restart.
"""

import logging
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from ..agents.reporting.incident_status import is_noise
from ..agents.reporting.wording import headline
from ..app.chatting import Slack
from ..app.configuration import recall
from ..app.record import masked_content
from ..errors import ChatAway, InputError
from ..incident.lifecycle import ACTIVE
from ..incident.severity import Severity
from ..incident.timeline import last_at
from ..prompts.values import zh
from ..record.chat import Chats
from ..record.lists import incidents
from ..record.store import IncidentRow, Store
from ..settings import Settings
from .cards import Card, section
from .workspace import Workspace

log = logging.getLogger(__name__)
DAY = timedelta(days=1)
MOST, READ = 20, 500
"""Incidents that one message names; rows that are read, the newest first."""


class Digest:
    """Over one record and one workspace; `page` is where people reach us."""

    def __init__(
        self, settings: Settings, store: Store, told: Slack, workspace: Workspace, page: str
    ) -> None:
        self.settings, self.store, self.told, self.page = settings, store, told, page
        self.workspace, self.chats = workspace, Chats(store.engine)
        self.over: datetime | None = None  # the day that needs no look any more

    def round(self, now: datetime) -> None:
        """Tell each channel of the last day, once its hour has come."""
        if self.told.p3_hour is None:
            return
        due = last_at(self.told.p3_hour, now)
        if due != self.over:
            told = [self._tell(channel, due, rows) for channel, rows in self._rows(due).items()]
            self.over = due if all(told) else None

    def _rows(self, due: datetime) -> dict[str, list[IncidentRow]]:
        """By channel: what runs, and what ended within the day."""
        found, since = defaultdict[str, list[IncidentRow]](list), (due - DAY).timestamp()
        listed = incidents(self.store.engine, severities=[Severity.P3], limit=READ).items
        for row in listed:
            runs = row.state in [state.value for state in ACTIVE]
            channel = self.told.channel(Severity.P3, row.team)
            if channel and (runs or row.updated_at >= since) and self._real(row.id):
                found[channel].append(row)
        return found

    def _real(self, incident_id: str) -> bool:
        exercise = recall(self.settings, incident_id).drill
        return not exercise and not is_noise(self.store.load(incident_id))

    def _tell(self, channel: str, due: datetime, rows: list[IncidentRow]) -> bool:
        """Whether it stands there, or somebody else sees to it."""
        key = f"P3 {due:%Y-%m-%d} {channel}"
        known = self.chats.find(key)
        if known.ts:
            return True
        if (turn := self.chats.take(known, channel, due.timestamp())) is None:
            return False
        try:
            lost = turn.unsure and not channel.startswith("#")
            ts = self.workspace.ours(channel).get(key, "") if lost else ""
            place = channel
            if not ts:
                place, ts = self.workspace.post(channel, self._card(due, rows), key)
            self.chats.done(replace(turn, channel=place, ts=ts))
        except (ChatAway, InputError) as error:
            away = error if isinstance(error, ChatAway) else ChatAway(str(error))
            self.chats.failed(turn, away.unsure, away.wait)
            log.warning("chat, %s: %s", key, error)
            return False
        return True

    def _card(self, due: datetime, rows: list[IncidentRow]) -> Card:
        runs = sum(row.state in [state.value for state in ACTIVE] for row in rows)
        say = zh if self.told.p3_language == "zh" else str
        facts = {"until": f"{due:%Y-%m-%d %H:%M}", "runs": runs, "over": len(rows) - runs}
        head = say("P3 until {until} UTC: {runs} open, {over} over").format(**facts)
        lines = [f"{row.id} {say(row.state)}: {headline(row.title)}" for row in rows[:MOST]]
        left = len(rows) - MOST
        more = [say("and {left} more").format(left=left)] if left > 0 else []
        text = "\n".join([head, *masked_content(lines), *more, f"{self.page}/incidents"])
        return Card([section(text)], head)
