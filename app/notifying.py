"""The channels of this installation, as warroom.yaml has them now, with people's own ways."""

import os
import time
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import Engine

from ..agents.comms import table as comms
from ..agents.runtime.outbox import Letter
from ..errors import ToolFailed
from ..incident.communication import Message, of_ours
from ..incident.document import Incident
from ..incident.evidence import digest
from ..incident.identity import WARROOM
from ..incident.lifecycle import OVER
from ..incident.report import FollowUp
from ..incident.timeline import from_ts, utc_now
from ..notify.channels import DIGEST, Channels
from ..notify.configuration import Notifications
from ..prompts.values import data
from ..record.lists import incidents
from ..record.oncall import Shelf
from ..record.outbox import Outbox, Parcel, put_page
from ..record.store import Store
from ..settings import Settings
from .configuration import recall
from .configuration_file import NAMED, read_configuration
from .oncall import KnownWay
from .record import masked

FRESH_S, SETTLED_S = 86_400.0, 60.0
"""What changed longer ago makes no tickets any more; what was put at a day's end has arrived."""


def channels_of(engine: Engine) -> Channels:
    """As they are now. Raises TableError for a file that is wrong."""
    ways = Shelf(engine, "way", KnownWay)

    def address_of(key: str) -> str:
        if (found := ways.find(key)) is None:
            raise ToolFailed(
                "the way is not kept any more: it is told under their name from now on"
            )
        return found.body.address

    return Channels(notifications(), address_of, Remembered(engine))


class Posted(BaseModel):
    """What was made at a tracker or a status page."""

    remote: str


class Remembered:
    """Ids there, by channel and incident or follow-up; that it was made is in the audit log."""

    def __init__(self, engine: Engine) -> None:
        self.shelf = Shelf(engine, "posted", Posted)

    def get(self, name: str) -> str:
        """Empty: nothing was made."""
        return found.body.remote if (found := self.shelf.find(name)) else ""

    def put(self, name: str, remote: str) -> None:
        """Keep it for good."""
        self.shelf.put(name, Posted(remote=remote), WARROOM)


def file_tickets(settings: Settings, store: Store) -> None:
    """Have tickets made of the follow-ups of what is over."""
    for row in incidents(store.engine, OVER, limit=50).items if _trackers() else []:
        if row.updated_at >= time.time() - FRESH_S and not recall(settings, row.id).drill:
            put_tickets(store, store.load(row.id))


def put_tickets(store: Store, incident: Incident) -> list[str]:
    """Have a ticket made of each of its follow-ups, once, at each tracker; their names."""
    document, trackers = masked(incident), _trackers()
    for item in document.follow_ups:
        ticket = _ticket(document, item, trackers)
        letter = Letter(message=ticket, drill=False, at=ticket.created_at).model_dump_json()
        for tracker in trackers:
            told = (f"ticket {digest(item.title)[:12]}", document.id, tracker, letter, time.time())
            with store.durable.begin() as connection:
                put_page(connection, *told)
    return trackers


def gather(settings: Settings, store: Store) -> None:
    """Put on its way the one message of each day that is over, with what waited for its end."""
    channels = channels_of(store.engine)
    names = [one.name for one in channels.told.channels if DIGEST in one.carries]
    waiting = Outbox(store.engine).waiting(names, time.time() - SETTLED_S) if names else []
    for _day, parcels in groupby(waiting, lambda parcel: (parcel.channel, parcel.put_at)):
        first, *_others = day = list(parcels)
        letters = [(parcel.incident_id, Letter.model_validate_json(parcel.body)) for parcel in day]
        newest = {
            incident_id: one.message
            for incident_id, one in sorted(letters, key=lambda it: it[1].message.created_at)
            if channels.gathers(first.channel, one.message, one.drill)
        }
        if newest:
            letter = _of_the_day([*newest.values()], first, settings.language).model_dump_json()
            with store.durable.begin() as connection:
                put_page(connection, first.day, "", first.channel, letter, time.time())


def _of_the_day(ours: list[Message], first: Parcel, language: str) -> Letter:
    """The newest message of each incident, whole."""
    at = from_ts(first.put_at)
    head = comms().subjects[language].day.format(at=f"{at:%Y-%m-%d %H:%M}", count=len(ours))
    texts = [f"## {data(each.subject)}\n\n{each.body}" for each in ours]
    message = of_ours("digest", [first.channel], head, "\n\n".join(texts), at)
    said = message.model_copy(update={"language": language})
    return Letter(message=said, drill=False, at=at)


def _trackers() -> list[str]:
    return [one.name for one in notifications().channels if "ticket" in one.carries]


def _ticket(document: Incident, item: FollowUp, trackers: list[str]) -> Message:
    found = ", ".join(item.evidence)
    lines = [item.rationale, f"Owner: {item.owner}; by {item.due:%Y-%m-%d}; {item.kind}."]
    lines.append(f"From {document.id}, {document.title}" + (f" ({found})." if found else "."))
    body = "\n\n".join(data(line) for line in lines if line) + "\n"
    return of_ours("ticket", trackers, f"{item.title} ({document.id})"[:240], body, utc_now())


def _stamp() -> tuple[str, int, int]:
    """Which file, and in which state."""
    named = os.environ.get(NAMED, "")
    try:
        about = Path(named).stat()
    except OSError:
        return named, 0, 0
    return named, about.st_mtime_ns, about.st_size


def notifications() -> Notifications:
    """The section as it is now. Raises TableError."""
    return _told(*_stamp())


@lru_cache(maxsize=4)  # it is asked each second
def _told(_file: str, _changed: int, _size: int) -> Notifications:
    return read_configuration().notifications


def tried(channels: Channels, name: str) -> None:
    """Send a word that says it is a test. Raises ToolFailed where it did not arrive."""
    body = "**This is a test.** Whoever reads it need do nothing; messages reach this channel.\n"
    message = of_ours("test", [name], "Warroom's test: nothing is wrong", body, utc_now())
    channels.send(name, message, f"test:{name}:{message.created_at.timestamp()}")
