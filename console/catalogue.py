"""`warroom catalog`, and what the doctor says of a catalogue: what was taken of it, and where it
says otherwise than what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..app.configuration import Sources, asked, declared
from ..errors import InputError
from ..telemetry.catalogue.files import Declared
from ..telemetry.catalogue.written import Measured, inferred, measure, written
from ..telemetry.sources.checkup import Checkup, checkups
from ..telemetry.topology import Edge, disagreements
from .exits import Exit
from .screen import line, say, screen, shown


def write_catalogue_command(file: Path) -> Exit:
    """Look at what the datasources show, and write it down; nothing is replaced."""
    datasources, known = asked(Sources()), declared(Sources())
    if not datasources:
        raise InputError("no datasource is configured: `warroom connect KIND URL` writes one")
    if known.faults:
        raise InputError(f"{known.faults[0]}; correct the catalogue that there is first")
    found, measured = checkups(datasources), measure(datasources)
    made = inferred(known.catalogue, measured.calls, found)
    if not made.services:
        raise InputError("no datasource shows a service yet: `warroom doctor` says why")
    text = written(made, measured.calls, found)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; name another file") from error
    console = screen()
    calls = sum(len(one.depends_on) for one in made.services)
    say(console, ("  ✓ ", "good"), f"{len(made.services)} services, {calls} calls: {shown(file)}")
    for what, why in measured.gaps:
        say(console, ("  ! ", "watch"), shown(f"{what}: {why}"))
    words = f"correct it; in warroom.yaml: catalog: [{shown(file)}]"
    console.print(line(("  next      ", "dim"), words), soft_wrap=True)  # to be copied whole
    return Exit.done


def todo(known: Declared, measured: Measured, found: Sequence[Checkup]) -> Iterator[str]:
    """What is to be done about a catalogue, in words."""
    yield from known.faults
    yield from known.says
    yield from (one.words for one in disagreements(known.catalogue, measured.calls))
    yield from _unseen(known, measured.calls, found)


def _unseen(known: Declared, calls: Mapping[Edge, int], found: Sequence[Checkup]) -> Iterator[str]:
    """Services that no telemetry is called by: most likely they have another name there."""
    seen = {name for edge in calls for name in edge} | {n for one in found for n in one.services}
    for service in known.catalogue.services:
        if seen and service.name not in seen:
            yield (
                f"nothing shows a service {service.name}: if telemetry calls it otherwise, say so "
                "in the annotation warroom/service"
            )
