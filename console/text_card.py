"""A text that would leave the house, as the commander sees it: every word of it."""

from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ..app.words import clock
from ..incident.communication import Message
from ..incident.evidence import short
from .screen import line, shown


def text_card(message: Message, expires: datetime) -> RenderableType:
    """Audience, channels, subject and the whole body."""
    body = Text("\n".join(shown(row, len(row)) for row in message.body.splitlines()))
    return Group(
        line(("  to       ", "dim"), f"{message.audience.value} by {', '.join(message.channels)}"),
        line(("  subject  ", "dim"), (shown(message.subject), "strong")),
        Padding(body, (1, 2, 1, 4)),
        line(("  text     ", "dim"), (short(message.hash), "strong")),
        line(("  expires  ", "dim"), f"{clock(expires)} UTC"),
    )
