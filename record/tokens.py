"""Who may do what over HTTP: tokens of 256 bits, shown once, of which only a digest is kept.

A digest without salt is enough here, since nobody guesses 256 bits. A name has one token: who
decided is told by it.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine, RowMapping, delete, select, update

from ..errors import InputError, NotFound
from . import audit
from .database import durable, reader
from .tables import TOKENS, insert_once

PREFIX = "wr_"
"""So that people and secret scanners see what it is."""
FIRST = "admin"
"""Name of a fresh install's first token."""


class Role(StrEnum):
    """Each may all that those before it may; but a sender tells of changes and reads nothing, and
    an observer reads and tells nothing."""

    sender = "sender"
    observer = "observer"
    responder = "responder"
    commander = "commander"
    admin = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role is enough for what needs that one."""
        ranks = list(Role)
        least = Role.responder if needed is Role.sender is not self else needed
        return ranks.index(self) >= ranks.index(least)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; times in unix seconds."""

    name: str
    role: Role
    made_at: float
    revoked_at: float | None


class Tokens:
    """The tokens of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = durable(engine)
        self.reading = reader(engine)

    def create(self, name: str, role: Role, by: str = FIRST) -> str:
        """A new token in clear, which is kept nowhere. A revoked one of this name is replaced.

        Raises InputError where a live one has the name.
        """
        with self.engine.begin() as connection:
            gone = (TOKENS.c.name == name, TOKENS.c.revoked_at.is_not(None))
            connection.execute(delete(TOKENS).where(*gone))
            text = _made(connection, name, role, by)
        if text is None:
            raise InputError(f"{name} has a token: revoke it first, or give another name")
        return text

    def first(self) -> str | None:
        """An admin's token in clear where none was ever made; of several that ask, one gets it."""
        with self.engine.begin() as connection:
            if connection.execute(select(TOKENS.c.name)).first() is not None:
                return None
            return _made(connection, FIRST, Role.admin, FIRST)

    def find(self, text: str) -> Token | None:
        """The live token that was made as this text."""
        query = select(TOKENS).where(TOKENS.c.digest == secret_digest(text))
        with self.reading.begin() as connection:
            row = connection.execute(query.where(TOKENS.c.revoked_at.is_(None))).mappings().first()
        return _token(row) if row else None

    def all(self) -> list[Token]:
        """Every token, revoked ones too, by name."""
        with self.reading.begin() as connection:
            rows = connection.execute(select(TOKENS).order_by(TOKENS.c.name)).mappings()
            return [_token(row) for row in rows]

    def revoke(self, name: str, by: str = FIRST) -> None:
        """From now on it is none. Raises NotFound without a live one of this name."""
        live = (TOKENS.c.name == name, TOKENS.c.revoked_at.is_(None))
        with self.engine.begin() as connection:
            change = update(TOKENS).where(*live).values(revoked_at=time.time())
            if connection.execute(change).rowcount != 1:
                raise NotFound(f"no live token {name}; `warroom token list` has them")
            audit.add(connection, by, "revoke token", detail={"name": name})


def looks_like_token(text: str) -> bool:
    """Whether it may be one, in whatever capitals: nothing to log or to keep."""
    return len(text) > 40 and text.lower().startswith(PREFIX)


def _made(connection: Connection, name: str, role: Role, by: str) -> str | None:
    """The token in clear; None where the name is taken."""
    text = PREFIX + secrets.token_urlsafe(32)
    row = {
        "digest": secret_digest(text),
        "name": name,
        "role": role.value,
        "made_at": time.time(),
    }
    if not insert_once(connection, TOKENS, **row):
        return None
    audit.add(connection, by, "make token", detail={"name": name, "role": role.value})
    return text


def secret_digest(text: str) -> str:
    """What is looked up: how long that takes says nothing about a token."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: RowMapping) -> Token:
    return Token(row["name"], Role(row["role"]), row["made_at"], row["revoked_at"])
