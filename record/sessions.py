"""Sessions of browsers: 256 bits in a cookie, of which only a digest is kept, for all servers.

A session ends when it was not used for a while, after some days whatever happens, when its person
signs out, and with its account or token. Each request reads who it is anew: what an administrator
changes holds at once.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, Select, func, select, update

from ..errors import InputError
from ..incident.identity import Identity, Vouched
from . import audit
from .database import durable, glance
from .people_tables import ACCOUNTS, MEMBERS, SESSIONS
from .tables import TOKENS
from .tokens import Role, secret_digest

TOUCH_S = 60.0
"""How exactly it is known when one was used last."""
GONE = "this account or token may not sign in any more: ask an administrator"


@dataclass(frozen=True, slots=True)
class Lasts:
    """How long sessions last, seconds: unused, and at all."""

    idle_s: float = 12 * 3600.0
    whole_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who asks, as the record knows them now."""

    name: str
    role: Role
    vouched: Vouched
    roles: Mapping[str, Role]  # in each of their teams

    @property
    def teams(self) -> frozenset[str]:
        """Those that they belong to."""
        return frozenset(self.roles)

    def role_in(self, team: str) -> Role:
        """What they may do about an incident of this team."""
        return self.roles.get(team, self.role)


class Sessions:
    """Who asks, by a cookie or a token. `clock` tells unix seconds."""

    def __init__(
        self, engine: Engine, lasts: Lasts = Lasts(), clock: Callable[[], float] = time.time
    ) -> None:
        self.engine = durable(engine)
        self.reading = glance(engine)
        self.lasts = lasts
        self.clock = clock

    def by_token(self, text: str) -> Known | None:
        """Who holds this token; the token of an account's name may no more than the account."""
        query = _token(TOKENS.c.digest == secret_digest(text))
        with self.reading.begin() as connection:
            row = connection.execute(query).first()
            return _known(connection, row, Vouched.token) if row else None

    def by_cookie(self, text: str) -> Known | None:
        """Whose session this is, while it is one."""
        now = self.clock()
        query = select(SESSIONS).where(*self._alive(now), SESSIONS.c.digest == _digest(text))
        with self.reading.begin() as connection:
            session = connection.execute(query).first()
            known = _owner(connection, session) if session else None
        if session and known and session.seen_at < now - TOUCH_S:
            self._touch(session.digest, now)
        return known

    def by_name(self, name: str, vouched: Vouched) -> Known | None:
        """Who has the account of this name, for whoever something else vouches for."""
        with self.reading.begin() as connection:
            row = connection.execute(_account(name)).first()
            return _known(connection, row, vouched) if row else None

    def begin(self, who: Identity, network: str, token: str = "", before: str = "") -> str:
        """A new one for who has just shown who they are; the cookie in clear.

        token: that it was shown by. before: the browser's earlier cookie; that session ends.
        Raises InputError where they may not sign in any more.
        """
        text, now = secrets.token_urlsafe(32), self.clock()
        row = {"digest": _digest(text), "name": who.name, "vouched": who.vouched.value}
        times = {"made_at": now, "seen_at": now, "ends_at": now + self.lasts.whole_s}
        shown = secret_digest(token) if token else None
        with self.engine.begin() as connection:
            account = select(ACCOUNTS.c.name).where(ACCOUNTS.c.name == who.name.lower())
            connection.execute(account.with_for_update())  # nobody disables it meanwhile
            where = {"token": shown, "network": network}
            connection.execute(SESSIONS.insert().values(**row, **times, **where))
            session = connection.execute(_of(row["digest"])).one()
            if _owner(connection, session) is None:
                raise InputError(GONE)
            self._end(connection, before)
            audit.add(connection, str(who), "sign in", detail={"network": network})
        return text

    def count(self, name: str) -> int:
        """How many this name has open."""
        theirs = (*self._alive(self.clock()), SESSIONS.c.name == name)
        with self.reading.begin() as connection:
            return len(connection.execute(select(SESSIONS.c.digest).where(*theirs)).all())

    def end(self, text: str) -> None:
        """Its person signs out."""
        with self.engine.begin() as connection:
            self._end(connection, text)

    def end_all(self, name: str) -> None:
        """Everywhere."""
        with self.engine.begin() as connection:
            end_all(connection, name, self.clock())

    def forget(self, days: float = 30) -> None:
        """Drop those that ended so long ago: until then they tell from where somebody signs in."""
        with self.engine.begin() as connection:
            old = SESSIONS.c.ends_at < self.clock() - days * 86_400
            connection.execute(SESSIONS.delete().where(old))

    def _end(self, connection: Connection, text: str) -> None:
        mine = (SESSIONS.c.digest == _digest(text), SESSIONS.c.ended_at.is_(None))
        connection.execute(update(SESSIONS).where(*mine).values(ended_at=self.clock()))

    def _alive(self, now: float) -> tuple:
        return (
            SESSIONS.c.ended_at.is_(None),
            SESSIONS.c.ends_at > now,
            SESSIONS.c.seen_at > now - self.lasts.idle_s,
        )

    def _touch(self, digest: str, now: float) -> None:
        with self.engine.begin() as connection:
            mine = (SESSIONS.c.digest == digest, SESSIONS.c.seen_at < now)
            connection.execute(update(SESSIONS).where(*mine).values(seen_at=now))


def end_all(connection: Connection, name: str, now: float) -> None:
    """Every session of this name ends with the caller's transaction."""
    theirs = (SESSIONS.c.name == name, SESSIONS.c.ended_at.is_(None))
    connection.execute(update(SESSIONS).where(*theirs).values(ended_at=now))


def csrf_of(cookie: str) -> str:
    """What forms of this session carry: made from the cookie, which no other site can read."""
    return hashlib.sha256(f"csrf {cookie}".encode("utf-8", "surrogatepass")).hexdigest()


def _digest(text: str) -> str:
    return secret_digest(f"session {text}")


def _of(digest: str) -> Select:
    return select(SESSIONS).where(SESSIONS.c.digest == digest)


def _token(which) -> Select:
    """Live tokens, and the account of their name, if there is one."""
    account = ACCOUNTS.c.name == func.lower(TOKENS.c.name)
    columns = (TOKENS.c.name, TOKENS.c.role, ACCOUNTS.c.role.label("most"), ACCOUNTS.c.disabled_at)
    query = select(*columns).outerjoin(ACCOUNTS, account)
    return query.where(which, TOKENS.c.revoked_at.is_(None))


def _account(name: str) -> Select:
    columns = (ACCOUNTS.c.name, ACCOUNTS.c.role, ACCOUNTS.c.role.label("most"))
    return select(*columns, ACCOUNTS.c.disabled_at).where(ACCOUNTS.c.name == name)


def _owner(connection: Connection, session: Row) -> Known | None:
    """Who has this session, as they stand now; None: nobody any more."""
    if session.vouched == Vouched.token:
        query = _token(TOKENS.c.digest == session.token)
    else:
        query = _account(session.name)
    row = connection.execute(query).first()
    return _known(connection, row, Vouched(session.vouched)) if row else None


def _known(connection: Connection, row: Row, vouched: Vouched) -> Known | None:
    if row.disabled_at is not None:
        return None
    role = _least(Role(row.role), Role(row.most or row.role))
    query = select(MEMBERS.c.team, MEMBERS.c.role).where(MEMBERS.c.name == row.name.lower())
    most = Role(row.role) if vouched is Vouched.token else Role.admin
    given = {m.team: m.role and _least(Role(m.role), most) for m in connection.execute(query)}
    everywhere = role is Role.admin
    roles = {team: role if everywhere or not mine else mine for team, mine in given.items()}
    return Known(row.name, role, vouched, roles)


def _least(one: Role, other: Role) -> Role:
    return min(one, other, key=list(Role).index)
