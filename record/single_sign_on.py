"""Accounts of those that an OpenID provider vouches for: made at their first sign-in, and each time
brought to what the provider says of their role and teams.

The provider's own id of a person is what counts, never a name or an address alone: those are given
to somebody else one day. An account that a password opens is not taken over by a name.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from ..errors import InputError
from ..incident.identity import Identity, Vouched
from . import audit
from .accounts import Accounts, checked, checked_name
from .people_tables import ACCOUNTS, MEMBERS
from .sessions import end_all
from .tables import TOKENS, insert_once
from .tokens import Role


@dataclass(frozen=True)
class Vouch:
    """What a provider says of somebody who has just signed in there."""

    subject: str  # issuer and sub: this person for good
    name: str
    role: Role
    teams: Collection[str] | None  # None: teams are no matter of the provider's


def admit(accounts: Accounts, vouch: Vouch) -> str:
    """The name of their account, as it is from now on. Raises InputError, which tells them why, for
    a name that is somebody else's and for an account that is disabled."""
    by = str(Identity(checked_name(vouch.name), Vouched.oidc))
    with accounts.engine.begin() as connection:
        row = _theirs(connection, vouch) or _made(connection, vouch, by, accounts.clock())
        name = row["name"]
        if row["disabled_at"] is not None:
            raise InputError(f"the account {name} is disabled: an administrator can enable it")
        if row["role"] != checked(vouch.role):
            here = update(ACCOUNTS).where(ACCOUNTS.c.name == name)
            connection.execute(here.values(role=vouch.role.value))
            end_all(connection, name, accounts.clock())
            audit.add(connection, by, "change role", detail={"name": name, "role": vouch.role})
        if vouch.teams is not None:
            _join(connection, name, set(vouch.teams), by)
    return name


def _theirs(connection: Connection, vouch: Vouch) -> RowMapping | None:
    query = select(ACCOUNTS).where(ACCOUNTS.c.subject == vouch.subject)
    return connection.execute(query.with_for_update()).mappings().first()


def _made(connection: Connection, vouch: Vouch, by: str, now: float) -> RowMapping:
    """A new account; or one that an administrator made and nobody has opened yet."""
    named = select(TOKENS.c.name).where(func.lower(TOKENS.c.name) == vouch.name)
    row = {"name": vouch.name, "role": vouch.role.value, "subject": vouch.subject, "made_at": now}
    here = ACCOUNTS.c.name == vouch.name
    if connection.execute(select(ACCOUNTS.c.name).where(here)).first() is not None:
        waits = (ACCOUNTS.c.password.is_(None), ACCOUNTS.c.subject.is_(None))
        taken = update(ACCOUNTS).where(here, *waits).values(subject=vouch.subject, link=None)
        if connection.execute(taken).rowcount != 1:
            raise InputError(f"{vouch.name} is somebody else's account here: {ASK}")
    elif connection.execute(named).first() is not None:
        raise InputError(f"a token is called {vouch.name}: {ASK}")
    elif not insert_once(connection, ACCOUNTS, **row):
        raise InputError(f"{vouch.name} was just made: sign in again")
    audit.add(connection, by, "first sign-in", detail={"name": vouch.name, "role": vouch.role})
    return connection.execute(select(ACCOUNTS).where(here)).mappings().one()


ASK = "ask an administrator to make an account for you (`warroom account create`)"


def _join(connection: Connection, name: str, teams: set[str], by: str) -> None:
    mine = MEMBERS.c.name == name
    before = set(connection.execute(select(MEMBERS.c.team).where(mine)).scalars())
    if before == teams:
        return
    connection.execute(delete(MEMBERS).where(mine, MEMBERS.c.team.not_in(teams)))
    for team in sorted(teams - before):  # where they were already, their role there stays
        connection.execute(insert(MEMBERS).values(team=team, name=name))
    detail = {"name": name, "teams": ", ".join(sorted(teams))}
    audit.add(connection, by, "change teams", detail=detail)
