"""`warroom ack` and `warroom oncall`: take an incident on, see who is on call."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from .by_hand import done, here
from .options import AsJson, By, Id

ACK = typer.Typer(rich_markup_mode=None)
oncall = typer.Typer(help="Who is on call.", rich_markup_mode=None)


@ACK.command()
def ack(
    incident: Id,
    by: By = "on-call commander",
    back: Annotated[bool, typer.Option("--release", help="Give it back instead.")] = False,
) -> None:
    """Take an incident on: nobody else is told for as long as that counts."""
    from ..app.escalating import acknowledge, release
    from ..app.words import moment
    from ..incident.timeline import from_ts

    store, who = here(by)
    found = (release if back else acknowledge)(store, incident, who)
    until = f" until {moment(from_ts(found.due_at))}" if found.due_at else ""
    said = "given back: others are told again" if back else f"yours: nobody else is told{until}"
    done(f"{incident} is {said}")


@oncall.command("now")
def now(as_json: AsJson = False) -> None:
    """Print who is on each schedule, until when, and what is wrong with the next four weeks."""
    from ..app.configuration import settings
    from ..app.configuration_file import read_configuration
    from ..app.oncall import Rota
    from ..app.record import Record
    from ..app.words import moment
    from ..incident.timeline import utc_now
    from ..oncall.shifts import remarks
    from .desk import print_json
    from .screen import say, screen, shown

    rota, at = Rota(Record(settings()).store.engine, read_configuration()), utc_now()
    found = {name: rota.shifts(name, at, at + timedelta(days=28)) for name in rota.schedules}
    if as_json:
        firsts = {name: shifts[0] for name, shifts in found.items()}
        print_json({n: {"people": s.people, "until": s.end.timestamp()} for n, s in firsts.items()})
        return
    for name, shifts in found.items():
        who = ", ".join(shifts[0].people) or "nobody"
        text = f"{shown(who)} until {moment(shifts[0].end)}"
        say(screen(), (f"  {shown(name):<20} ", "strong"), text)
        for remark in remarks(shifts)[:5]:
            say(screen(), ("    ", ""), (shown(remark, 300), "watch"))
    for one in rota.told.external:
        told = f"for {one.service}: {one.contact}"
        say(screen(), (f"  {shown(one.provider):<20} ", "strong"), shown(told, 300))
    for fault in rota.faults():
        say(screen(), ("  ! ", "watch"), shown(fault, 300))
    if not found:
        say(screen(), ("  ", ""), "there is no schedule: write `oncall:` into warroom.yaml")


@oncall.command("import")
def bring(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="grafana, opsgenie, alertmanager.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its export: JSON, or YAML.")],
) -> None:
    """Print an export as `oncall:` of warroom.yaml; on stderr what could not be taken."""
    import json

    import yaml

    from ..errors import InputError
    from ..oncall.imports import imported
    from ..yaml_tables import read_documents
    from .screen import say, screen, shown

    try:
        text = file.read_text(encoding="utf-8")
        found = read_documents(text, file.name) if file.suffix != ".json" else [json.loads(text)]
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} cannot be read ({error}): name an export") from error
    given = getattr(found[0], "data", found[0]) if found else None
    section, left = imported(kind, given)
    print(yaml.safe_dump({"oncall": section}, sort_keys=False, allow_unicode=True), end="")
    for remark in left:
        say(screen(to_stderr=True), ("  ! ", "watch"), shown(remark, 300))
