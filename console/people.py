"""`warroom account` and `warroom team`: who may sign in, and which team they belong to."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ..record.accounts import Accounts
    from ..record.teams import Teams
    from ..record.tokens import Role

account = typer.Typer(help="Who may sign in, and as what.", rich_markup_mode=None)
team = typer.Typer(help="Who sees which team's incidents.", rich_markup_mode=None)
PEOPLE = {"account": account, "team": team}
"""Groups of commands by their names."""
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the account, in small letters.")]
Whose = Annotated[str, typer.Argument(metavar="NAME", help="Of an account or a token.")]
Team = Annotated[str, typer.Argument(metavar="TEAM", help="As the catalogue calls it.")]
What = Annotated[str, typer.Option("--role", help="observer, responder, commander or admin.")]


@account.command("create")
def create(name: Name, role: What) -> None:
    """Make an account and print the link by which its person sets a password, once."""
    accounts, by = _accounts()
    _linked(name, accounts.create(name, _role(role), by))


@account.command("link")
def link(name: Name) -> None:
    """Print another link, where the first was lost or the password forgotten."""
    accounts, by = _accounts()
    _linked(name, accounts.link(name, by))


@account.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """List who has one, what they may, and how they sign in."""
    accounts, _by = _accounts()
    from .desk import print_json
    from .screen import say, screen, shown

    found = accounts.all()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        how = "disabled" if one.disabled_at else "single sign-on" if one.signs_on else "password"
        how = how if one.signs_on or one.has_password else "has not set a password yet"
        say(screen(), (f"  {shown(one.name):<24} ", "strong"), f"{one.role:<10} {how}")


@account.command("role")
def set_role(name: Name, role: Annotated[str, typer.Argument(metavar="ROLE")]) -> None:
    """Give another role; sessions of the account end."""
    accounts, by = _accounts()
    accounts.set_role(name, _role(role), by)
    _done(f"{name} is a {role} now")


@account.command("disable")
def disable(name: Name) -> None:
    """Nobody signs in with it; its sessions end and its tokens open nothing."""
    accounts, by = _accounts()
    accounts.disable(name, by)
    _done(f"{name} is disabled")


@account.command("enable")
def enable(name: Name) -> None:
    """Let it sign in again."""
    accounts, by = _accounts()
    accounts.disable(name, by, again=True)
    _done(f"{name} may sign in again")


@team.command("add")
def add_member(team: Team, name: Whose) -> None:
    """Have somebody belong to a team: they see its incidents and those of no team."""
    teams, by = _teams()
    teams.add(team, name, by)
    _done(f"{name} belongs to {team}")


@team.command("remove")
def remove_member(team: Team, name: Whose) -> None:
    """Have them belong to it no more; who belongs to no team sees everything."""
    teams, by = _teams()
    teams.remove(team, name, by)
    _done(f"{name} belongs to {team} no more")


@team.command("list")
def list_teams(as_json: AsJson = False) -> None:
    """List members by team."""
    teams, _by = _teams()
    from .desk import print_json
    from .screen import say, screen, shown

    found = teams.all()
    if as_json:
        print_json(found)
        return
    for name, members in found.items():
        say(screen(), (f"  {shown(name):<24} ", "strong"), shown(", ".join(members), 600))


def _accounts() -> tuple["Accounts", str]:
    from ..record.accounts import Accounts

    engine, by = _door()
    return Accounts(engine), by


def _teams() -> tuple["Teams", str]:
    from ..record.teams import Teams

    engine, by = _door()
    return Teams(engine), by


def _door() -> tuple["Engine", str]:
    """The record, and who changes it."""
    from ..app.configuration import settings
    from ..app.record import Record
    from ..incident.identity import at_terminal

    return Record(settings()).store.engine, str(at_terminal("administrator"))


def _role(word: str) -> "Role":
    from ..errors import InputError
    from ..record.tokens import Role

    if word not in list(Role):
        raise InputError(f"{word!r} is no role: give observer, responder, commander or admin")
    return Role(word)


def _linked(name: str, code: str) -> None:
    """On stdout alone, so that it can be kept by a program."""
    from ..app.configuration_file import read_configuration

    print(f"{read_configuration().server.url}/set-password/{code}")
    _done(f"whoever opens this first, within three days, sets the password of {name}")


def _done(text: str) -> None:
    from .screen import say, screen, shown

    say(screen(to_stderr=True), ("  ✓ ", "good"), shown(text, 300))
