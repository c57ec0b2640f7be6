"""`warroom connect`: a backend into warroom.yaml, and what to paste where alerts come from."""

import os
from pathlib import Path

from rich.console import Console

from ..app.configuration import settings
from ..app.configuration_file import FILE, NAMED, read_configuration, use_configuration
from ..app.connecting import Connected, connect
from ..telemetry.sources.checkup import Checkup
from ..telemetry.sources.datasource import ALERTS_ONLY
from .doctor import holds, services
from .exits import Exit
from .screen import folded, line, say, screen, shown


def connect_command(
    kind: str, url: str, token_file: Path | None, name: str, file: Path | None
) -> Exit:
    """Say what was found, where it was written, and what comes next."""
    made, console = connect(kind, url, token_file, name, file), screen()
    for one in made.written:
        _written(console, one)
    for known in made.known:
        say(console, ("  = ", "dim"), f"{known} was there already: nothing was changed")
    for one in made.refused:
        _told(console, ("  ✖ ", "bad"), f"{one.name} {one.fault}")
    for text in made.unread:
        _told(console, ("  - ", "dim"), text)
    say(console, ("  file      ", "dim"), shown(made.file))
    if kind in ALERTS_ONLY:
        _paste(console, made)
    if made.file not in (Path(FILE).resolve(), Path(os.environ.get(NAMED, "")).resolve()):
        export = line(("  first     ", "dim"), f"export {NAMED}={shown(made.file)}")
        console.print(export, soft_wrap=True)  # to be copied whole
    say(console, ("  next      ", "dim"), "`warroom doctor`, then `warroom triage --now`")
    return Exit.done


def _written(console: Console, one: Checkup) -> None:
    version = f" {one.version}" if one.version else ""
    facts = (f"{one.type}{version}", services(one) and f"services: {services(one)}", holds(one))
    _told(console, ("  ✓ ", "good"), f"{one.name}: {', '.join(filter(None, facts))}")
    for text in () if one.sees else one.advice:
        _told(console, ("  ! ", "watch"), f"nothing is seen there yet: {text}")


def _told(console: Console, head: tuple[str, str], text: str) -> None:
    console.print(folded(line(head), shown(text, 600)))


def _paste(console: Console, made: Connected) -> None:
    """What makes it send its alerts here, with a secret that is made where there is none."""
    from ..service.opening import first_receiver
    from .serving import senders

    use_configuration(made.file)
    file = read_configuration()
    for receiver in file.receivers or [first_receiver(settings().home)]:
        senders(console, receiver, file.server.url)
