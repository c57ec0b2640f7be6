"""Tells other systems every event of incidents, as CloudEvents: each follower at its own pace, in
order, from where it was."""

import time
from contextlib import suppress
from threading import Thread

from .. import outgoing
from ..errors import ToolFailed, WarroomError
from ..incident.timeline import from_ts
from ..notify.cloudevents import TIMEOUT_S, envelope, post
from ..notify.configuration import Sink
from ..record.events import EventLog
from ..record.followers import Followers, Turn
from ..record.store import Store
from .configuration_file import read_configuration
from .notifying import notifications
from .record import masked_content

ROUND_S = 20.0
"""Of one turn: another process takes it up much later."""


def tell_followers(store: Store) -> list[Thread]:
    """Begin a turn of each that has not heard all; whoever waits for a turn joins its thread."""
    followers, begun = Followers(store.engine), []
    for sink in notifications().events:
        if turn := followers.turn(f"cloudevents:{sink.name}"):
            told = Thread(target=_tell, args=(store, sink, turn), name=turn.name, daemon=True)
            told.start()
            begun.append(told)
    return begun


def _tell(store: Store, sink: Sink, turn: Turn) -> None:
    at, error, until = turn.position, "", time.monotonic() + ROUND_S
    with suppress(WarroomError):  # then its turn ends by itself
        source = read_configuration().server.url
        with outgoing.client(timeout=TIMEOUT_S) as client:
            for each in EventLog(store.engine).after(turn.position):
                event, key = each.event, (each.incident_id, each.number, each.position)
                if not sink.only or event.event in sink.only:
                    content = masked_content(event.model_dump(mode="json"))
                    body = envelope(source, key, from_ts(each.at).isoformat(), content)
                    try:
                        post(client, sink, body)
                    except ToolFailed as failed:
                        error = str(failed)
                        break
                at = each.position
                if time.monotonic() > until:
                    break
        Followers(store.engine).told(turn, at, error)
