"""`warroom assign`, `severity`, `note`, `link`, `support`, `relate`, `resolve`, `reopen`, `close`,
`edit`: what people change of an incident by hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import DUTIES, SEVERITIES, By, Id

if TYPE_CHECKING:
    from ..incident.document import Incident
    from ..incident.identity import Identity
    from ..record.store import Store

BY_HAND = typer.Typer(rich_markup_mode=None)
Reason = Annotated[str, typer.Option(metavar="WHY", help="It goes on the record.")]
ANYBODY = "on-call"


@BY_HAND.command()
def assign(
    incident: Id,
    duty: Annotated[str, typer.Argument(help=f"{DUTIES}; or a word of one.")],
    whom: Annotated[str, typer.Argument(help="An account or a team.")],
    note: Annotated[str, typer.Option(help="What they should know.")] = "",
    by: By = ANYBODY,
) -> None:
    """Give somebody a duty in an incident, or hand it over."""
    from ..incident.people import Duty

    named = [one for one in Duty if duty and duty.casefold() in one.value]
    if len(named) != 1:
        how = "may be each of" if named else "is no duty: give one of"
        raise InputError(f"{duty!r} {how} {', '.join(named or Duty)}")
    done(act("duties", incident, by, duty=named[0], whom=whom, note=note).timeline[-1].text)


@BY_HAND.command()
def severity(
    incident: Id,
    level: Annotated[str, typer.Argument(metavar="LEVEL", help=f"{SEVERITIES}.")],
    reason: Reason,
    by: By = "on-call commander",
) -> None:
    """Raise, lower or confirm an incident's severity."""
    from ..incident.severity import parse_severity

    if (found := parse_severity(level)) is None:
        raise InputError(f"{level!r} is no level: give {SEVERITIES}")
    done(act("severity", incident, by, severity=found, reason=reason).timeline[-1].text)


@BY_HAND.command()
def note(incident: Id, text: str, by: By = ANYBODY) -> None:
    """Put a line on an incident's timeline."""
    act("notes", incident, by, text=text)
    done("it is on the timeline")


@BY_HAND.command()
def link(
    incident: Id,
    url: str,
    title: Annotated[str, typer.Option(help="What it is.")] = "",
    by: By = ANYBODY,
) -> None:
    """Point at a call, a board, a ticket."""
    done(act("links", incident, by, url=url, title=title).timeline[-1].text)


@BY_HAND.command()
def support(
    incident: Id,
    contacts: Annotated[int, typer.Argument(metavar="COUNT", help="In all, since it began.")],
    by: By = ANYBODY,
) -> None:
    """Say how many people have written to support because of it."""
    done(act("support", incident, by, contacts=contacts).timeline[-1].text)


@BY_HAND.command()
def relate(incident: Id, other: str, reason: Reason, by: By = ANYBODY) -> None:
    """Say of two incidents that they have to do with each other."""
    done(act("related", incident, by, other=other, reason=reason).timeline[-1].text)


@BY_HAND.command()
def resolve(incident: Id, reason: Reason, by: By = "on-call commander") -> None:
    """Call an incident over; what is asked is withdrawn, and the postmortem is drafted."""
    act("resolve", incident, by, reason=reason)
    done(f"it is resolved; `warroom resume {incident}` tells people and drafts the postmortem")


@BY_HAND.command()
def reopen(incident: Id, reason: Reason, by: By = ANYBODY) -> None:
    """Say that an incident was not over."""
    act("reopen", incident, by, reason=reason)
    done("it is open again, for people to work; what fires anew opens a linked one")


@BY_HAND.command()
def close(incident: Id, reason: Reason, by: By = "on-call commander") -> None:
    """Close an incident that is resolved."""
    act("close", incident, by, reason=reason)
    done("it is closed")


@BY_HAND.command()
def edit(
    incident: Id,
    subject: Annotated[str, typer.Argument(metavar="HASH", help="Of a text for outside.")],
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its new subject in the first line; default an editor."),
    ] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also what the record lacks.")] = False,
    by: By = "on-call commander",
) -> None:
    """Say it in other words: another text, which is asked about in its place."""
    from .commander import edit_command

    raise typer.Exit(edit_command(incident, subject, file, anyway, by))


def act(path: str, incident: str, by: str, **said: object) -> "Incident":
    """One of the acts of app/by_hand.py; the incident to look at then."""
    from ..app.by_hand import BY_PATH

    (store, who), chosen = here(by), BY_PATH[path]
    return store.load(chosen.do(store, incident, chosen.read(said), who))


def here(by: str) -> "tuple[Store, Identity]":
    """This installation's store, and who acts at this terminal."""
    from ..app.configuration import settings
    from ..app.record import Record
    from ..incident.identity import at_terminal

    return Record(settings()).store, at_terminal(by)


def done(text: str) -> None:
    """Say so."""
    from .screen import say, screen, shown

    say(screen(), ("  ✓ ", "good"), shown(text))
