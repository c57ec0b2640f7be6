"""`warroom account` and `warroom team`: who may sign in, and which team they belong to."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .by_hand import here
from .options import ROLES, AsJson

if TYPE_CHECKING:
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


@account.command("create")
def create(name: Name, role: Annotated[str, typer.Option(help=f"{ROLES}.")]) -> None:
    """Make an account and print the link by which its person sets a password, once."""
    accounts, _teams, by = _people()
    _linked(name, accounts.create(name, _role(role), by))


@account.command("link")
def link(name: Name) -> None:
    """Print another link, where the first was lost or the password forgotten."""
    accounts, _teams, by = _people()
    _linked(name, accounts.link(name, by))


@account.command("change")
def change(
    name: Name,
    role: Annotated[str, typer.Option(help=f"{ROLES}.")] = "",
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it may sign in.")
    ] = None,
) -> None:
    """Give another role, disable or enable; sessions of the account end."""
    accounts, _teams, by = _people()
    accounts.change(name, by, _role(role) if role else None, enabled)
    _done(f"{name} is changed, and its sessions have ended")


@account.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """List who has one, what they may, and how they sign in."""
    from .desk import print_json
    from .screen import say, screen, shown

    found = _people()[0].all()
    if as_json:
        print_json([asdict(one) for one in found])
    for one in () if as_json else found:
        say(screen(), (f"  {shown(one.name):<24} ", "strong"), f"{one.role:<10} {one.how}")


@team.command("add")
def add_member(
    team: Team,
    name: Whose,
    role: Annotated[str, typer.Option(help="In its incidents; default as everywhere.")] = "",
) -> None:
    """Have somebody belong to a team: they see its incidents and those of no team."""
    _accounts, teams, by = _people()
    teams.add(team, name, by, _role(role) if role else None)


@team.command("remove")
def remove_member(team: Team, name: Whose) -> None:
    """Have them belong to it no more; who belongs to no team sees everything."""
    _accounts, teams, by = _people()
    teams.remove(team, name, by)


@team.command("list")
def list_teams(as_json: AsJson = False) -> None:
    """List members by team."""
    from .desk import print_json
    from .screen import say, screen, shown

    found = _people()[1].all()
    if as_json:
        print_json(found)
    for name, members in {} if as_json else found.items():
        say(
            screen(),
            (f"  {shown(name):<24} ", "strong"),
            shown(", ".join(map(_member, members.items())), 600),
        )


def _member(pair: "tuple[str, Role | None]") -> str:
    name, role = pair
    return f"{name} ({role})" if role else name


def _people() -> tuple["Accounts", "Teams", str]:
    """What the record keeps of them, and who changes it."""
    from ..record.accounts import Accounts
    from ..record.teams import Teams

    store, by = here("administrator")
    return Accounts(store.engine), Teams(store.engine), str(by)


def _role(word: str) -> "Role":
    from ..errors import InputError
    from ..record.tokens import Role

    if word not in list(Role):
        raise InputError(f"{word!r} is no role: give {ROLES}")
    return Role(word)


def _linked(name: str, code: str) -> None:
    """On stdout alone, so that it can be kept by a program."""
    from ..app.configuration_file import read_configuration

    print(f"{read_configuration().server.url}/set-password/{code}")
    _done(f"whoever opens this first, within three days, sets the password of {name}")


def _done(text: str) -> None:
    from .screen import say, screen, shown

    say(screen(to_stderr=True), ("  ✓ ", "good"), shown(text, 300))
