"""`warroom notify`: the channels by which people are told, and a try of one."""

from typing import Annotated

import typer

notify = typer.Typer(help="The channels by which people are told.", rich_markup_mode=None)


@notify.command("list")
def list_channels() -> None:
    """Each channel, what it carries, and what would keep a message from going out."""
    from ..app.configuration_file import read_configuration
    from ..notify.channels import Channels, described
    from .exits import Exit
    from .screen import say, screen, shown

    file = read_configuration()
    told = file.notifications
    if file.slack:
        from ..chat.workspace import Workspace

        found = Workspace(file.slack).call("auth.test")
        say(screen(), ("  Slack                ", "strong"), shown(str(found.get("team", ""))))
    for name, about in described(told):
        say(screen(), (f"  {shown(name):<20} ", "strong"), shown(about, 300))
    faults = Channels(told).faults()
    for fault in faults:
        say(screen(), ("  ✖ ", "bad"), shown(fault, 300))
    raise typer.Exit(Exit.failed if faults else Exit.done)


@notify.command("test")
def test_channel(
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="Of warroom.yaml, or somebody's way: sms:KEY.")
    ],
) -> None:
    """Send a word there that says it is a test."""
    from ..app.configuration import settings
    from ..app.notifying import channels_of, tried
    from ..app.record import Record
    from ..errors import NotFound
    from .exits import Exit
    from .screen import say, screen, shown

    channels = channels_of(Record(settings()).store.engine)
    if not channels.carries(channel):
        known = ", ".join(one.name for one in channels.told.channels) or "none"
        raise NotFound(f"notifications.channels has no {channel}; there are: {known}")
    tried(channels, channel)
    say(screen(), ("  ✓ ", "good"), f"{shown(channel)} took it: look whether it came")
    raise typer.Exit(Exit.done)
