"""The channels of this installation, as warroom.yaml has them now, with people's own ways."""

import os
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine

from ..errors import ToolFailed
from ..incident.communication import Audience, Message, MessageState
from ..incident.timeline import utc_now
from ..notify.channels import Channels
from ..notify.configuration import Notifications
from ..record.oncall import Shelf
from .configuration_file import NAMED, read_configuration
from .oncall import KnownWay


def channels_of(engine: Engine) -> Channels:
    """As they are now. Raises TableError for a file that is wrong."""
    ways = Shelf(engine, "way", KnownWay)

    def address_of(key: str) -> str:
        if (found := ways.find(key)) is None:
            raise ToolFailed(
                "the way is not kept any more: it is told under their name from now on"
            )
        return found.body.address

    return Channels(_told(*_stamp()), address_of)


def _stamp() -> tuple[str, int, int]:
    """Which file, and in which state."""
    named = os.environ.get(NAMED, "")
    try:
        about = Path(named).stat()
    except OSError:
        return named, 0, 0
    return named, about.st_mtime_ns, about.st_size


@lru_cache(maxsize=4)  # it is asked each second
def _told(_file: str, _changed: int, _size: int) -> Notifications:
    return read_configuration().notifications


def tried(channels: Channels, name: str) -> None:
    """Send a word that says it is a test. Raises ToolFailed where it did not arrive."""
    now = utc_now()
    message = Message(
        id="M0",
        template="test",
        audience=Audience.engineering,
        channels=[name],
        subject="Warroom's test: nothing is wrong",
        body="**This is a test.** Whoever reads it need do nothing; messages reach this channel.\n",
        state=MessageState.approved,
        created_at=now,
    )
    channels.send(name, message, f"test:{name}:{now.timestamp()}")
