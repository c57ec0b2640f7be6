"""Local accounts and those that an OpenID provider vouches for: who may sign in, as what.

An administrator makes an account and hands over a one-time link by which its person sets a
password. Every change is audited in its own transaction; one of role, password or standing ends
the account's sessions there.
"""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Engine, RowMapping, select, update

from ..errors import InputError, NotFound
from ..incident.identity import Identity, Vouched
from . import audit
from .database import durable, glance
from .passwords import fits, hashed
from .people_tables import ACCOUNTS
from .sessions import end_all
from .tables import insert_once
from .tokens import Role, secret_digest

NAME = re.compile(r"[a-z0-9][a-z0-9_.@+-]{0,79}")
LINK_S = 72 * 3600.0
"""How long a one-time link works."""
NO_LINK = "this link was used, or is too old: ask an administrator for a new one"


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without what opens it; times in unix seconds."""

    name: str
    role: Role
    made_at: float
    disabled_at: float | None
    has_password: bool
    signs_on: bool  # by a provider that vouched for it

    @property
    def how(self) -> str:
        """How one signs in with it, in words."""
        if self.disabled_at is not None or not (self.signs_on or self.has_password):
            return "disabled" if self.disabled_at is not None else "has not set a password yet"
        return "single sign-on" if self.signs_on else "password"


class Accounts:
    """The accounts of one installation. `clock` tells unix seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = durable(engine)
        self.reading = glance(engine)
        self.clock = clock

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self.reading.begin() as connection:
            rows = connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.name)).mappings()
            return [_account(row) for row in rows]

    def create(self, name: str, role: Role, by: str) -> str:
        """A new one; the code of the link by which its person sets a password. Raises InputError
        for a name that is taken, or is none."""
        code, row = secrets.token_urlsafe(32), {"name": checked_name(name), "role": checked(role)}
        link = {"link": secret_digest(code), "link_until": self.clock() + LINK_S}
        with self.engine.begin() as connection:
            if not insert_once(connection, ACCOUNTS, **row, **link, made_at=self.clock()):
                raise InputError(f"{name} has an account: `warroom account link` gives a new link")
            audit.add(connection, by, "make account", detail=row)
        return code

    def link(self, name: str, by: str) -> str:
        """The code of a new one-time link; older ones are worth nothing. Raises NotFound."""
        code, until = secrets.token_urlsafe(32), self.clock() + LINK_S
        with self.engine.begin() as connection:
            values = {"link": secret_digest(code), "link_until": until}
            _change(connection, name, values)
            audit.add(connection, by, "link to set a password", detail={"name": name})
        return code

    def change(
        self, name: str, by: str, role: Role | None = None, enabled: bool | None = None
    ) -> None:
        """What it may from now on, and whether it opens anything at all: its tokens neither. None:
        as it is. Raises NotFound, InputError."""
        values: dict[str, Any] = {"role": checked(role)} if role else {}
        told: dict[str, JsonValue] = dict(values)
        if enabled is not None:
            values |= {"disabled_at": None if enabled else self.clock(), "link": None}
            told["enabled"] = enabled
        if not values:
            raise InputError("say what is to change: the role, or whether it may sign in")
        with self.engine.begin() as connection:
            _change(connection, name, values)
            self._closed(connection, name, by, "change account", told)

    def set_password(self, code: str, password: str) -> str:
        """By a one-time link; whose it was. Raises InputError where it is none any more."""
        here = (
            ACCOUNTS.c.link == secret_digest(code),
            ACCOUNTS.c.link_until > self.clock(),
            ACCOUNTS.c.disabled_at.is_(None),
        )
        with self.reading.begin() as connection:
            name = connection.execute(select(ACCOUNTS.c.name).where(*here)).scalar()
        if name is None:
            raise InputError(NO_LINK)
        kept = hashed(name, password)
        with self.engine.begin() as connection:
            used = update(ACCOUNTS).where(*here).values(password=kept, link=None)
            if connection.execute(used).rowcount != 1:
                raise InputError(NO_LINK)
            by = str(Identity(name, Vouched.account))
            self._closed(connection, name, by, "set password", {"by": "link"})
        return name

    def change_password(self, name: str, old: str, new: str) -> None:
        """By who knows the old one. Raises InputError where it is another."""
        kept, before = hashed(name, new), self._password(name)
        if not fits(before, old):
            raise InputError("that is not the password that you have: nothing is changed")
        with self.engine.begin() as connection:
            _change(connection, name, {"password": kept}, ACCOUNTS.c.password == before)
            by = str(Identity(name, Vouched.account))
            self._closed(connection, name, by, "set password", {"by": "password"})

    def fits(self, name: str, password: str) -> bool:
        """Whether this name has this password; takes as long for a name that nobody has."""
        return fits(self._password(name), password)

    def _password(self, name: str) -> str | None:
        query = select(ACCOUNTS.c.password).where(ACCOUNTS.c.name == name)
        with self.reading.begin() as connection:
            return connection.execute(query).scalar()

    def _closed(
        self, connection: Connection, name: str, by: str, act: str, detail: dict[str, JsonValue]
    ) -> None:
        """Its sessions end with this change, which is audited."""
        end_all(connection, name, self.clock())
        audit.add(connection, by, act, detail={"name": name, **detail})


def checked_name(name: str) -> str:
    """The same, where it can be an account's. Raises InputError."""
    if not NAME.fullmatch(name):
        raise InputError("an account's name has small letters, digits and _ . @ + -, 80 at most")
    return Identity(name, Vouched.account).name  # one that only code decides under is no one's


def checked(role: Role) -> str:
    """The role's word, where people have it. Raises InputError."""
    if role is Role.sender:
        raise InputError("a sender is a pipeline: give it a token, and people another role")
    return role.value


def _change(connection: Connection, name: str, values: dict[str, Any], *also: Any) -> None:
    change = update(ACCOUNTS).where(ACCOUNTS.c.name == name, *also).values(values)
    if connection.execute(change).rowcount != 1:
        raise NotFound(f"no account {name}; `warroom account list` has them")


def _account(row: RowMapping) -> Account:
    return Account(
        name=row["name"],
        role=Role(row["role"]),
        made_at=row["made_at"],
        disabled_at=row["disabled_at"],
        has_password=row["password"] is not None,
        signs_on=row["subject"] is not None,
    )
