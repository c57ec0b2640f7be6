"""`warroom game-day`: people respond to a surprise, and are told afterwards how it went."""

from random import SystemRandom
from typing import Annotated

import typer

from .options import Newest

GAME_DAY = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
"""What people practise together."""


@GAME_DAY.command()
def start(
    world: Annotated[str, typer.Option(help="What is broken: shop or queue.")] = "shop",
    seed: Annotated[int | None, typer.Option(help="Default: one that nobody knows.")] = None,
    silent: Annotated[bool, typer.Option("--silent", help="Warroom does not advise.")] = False,
    minutes: Annotated[float, typer.Option(help="How long it may take.")] = 20.0,
) -> None:
    """Break a small system by surprise; you respond. docs/game-day.md has the rules."""
    from ..app.configuration import settings
    from ..drills.game_day import GameDay, keep
    from ..drills.monitoring import available
    from ..drills.surprise import draw
    from .desk import Desk
    from .drill import ConsoleHost
    from .paging import pages_beside

    desk, seed = Desk.open(False), seed if seed is not None else SystemRandom().randrange(10**6)
    with pages_beside(desk) as pages:
        host, use = ConsoleHost(desk, False, pages), available()
        day = GameDay(draw(seed, world), settings(), host, use, silent=silent, minutes=minutes)
        incident = day.run().incident
        keep(settings(), incident, day, seed)
        debrief(incident)


@GAME_DAY.command()
def debrief(incident: Newest = None) -> None:
    """How people did, of a game day or of any incident: again once the postmortem is written."""
    from ..app.configuration import settings
    from ..app.record import Record
    from ..drills.game_day import MARKS
    from ..drills.game_day import debrief as write
    from .screen import say, screen

    record = Record(settings())
    file, checks = write(settings(), record.published(record.incident(incident).id))
    for one in checks:
        say(screen(), f"  {one.name:<14}{MARKS[one.met]:<8}{one.answer}; wanted: {one.wanted}")
    say(screen(), ("  debrief   ", "dim"), str(file))
