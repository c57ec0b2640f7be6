"""Who somebody in Slack is to us: the account that the configuration names for them, or that of
their confirmed address. Everybody else may read nothing and decide nothing."""

import time
from dataclasses import dataclass

from ..app.chatting import Slack
from ..errors import ChatAway, InputError
from ..incident.identity import Identity, Vouched
from ..record.sessions import Known, Sessions
from ..record.store import Store
from ..record.teams import Sight, Teams
from ..record.tokens import Role
from .workspace import Workspace

REMEMBERED_S = 300.0
STRANGER = (
    "I do not know who you are here: an administrator makes you an account (`warroom account "
    "create`) and names you under slack.users"
)
GUEST = ("deleted", "is_bot", "is_stranger", "is_restricted", "is_ultra_restricted")


@dataclass(frozen=True)
class Person:
    """Somebody with an account of ours."""

    known: Known

    @property
    def identity(self) -> Identity:
        """As the record has them."""
        return Identity(self.known.name, self.known.vouched)

    @property
    def sight(self) -> Sight:
        """Whose incidents they see."""
        everything = self.known.role is Role.admin or not self.known.teams
        return None if everything else self.known.teams


class People:
    """Who is who."""

    def __init__(self, store: Store, told: Slack, workspace: Workspace) -> None:
        self.told, self.workspace = told, workspace
        self.sessions, self.teams = Sessions(store.engine), Teams(store.engine)
        self._emails: dict[str, tuple[str, float]] = {}

    def person(self, user: str) -> Person:
        """Raises InputError for who is not known, or may not even read."""
        name = self.told.users.get(user) or (self._email(user) if self.told.by_email else "")
        known = self.sessions.by_name(name, Vouched.slack) if name else None
        if known is None:
            raise InputError(STRANGER)
        return Person(known)

    def seen(self, who: Person, incident: str, needed: Role = Role.observer) -> str:
        """The id again, where they may do about it what takes this role. Raises InputError for
        another team's as for one that is not there."""
        if not self.teams.sees(who.sight, incident):
            raise InputError(f"there is no {incident}: /warroom list has what runs")
        role = who.known.role_in(self.teams.team_of(incident))
        if not role.may(needed):
            raise InputError(f"this takes the role {needed} or above; here you are {role}")
        return incident

    def _email(self, user: str) -> str:
        """Their address, where the workspace has confirmed it; guests and bots have none."""
        email, until = self._emails.get(user, ("", 0.0))
        if until > time.monotonic():
            return email
        try:
            found = self.workspace.user(user)
        except ChatAway as error:
            raise InputError("Slack does not say who you are just now: try again") from error
        confirmed = found.get("is_email_confirmed") and not any(map(found.get, GUEST))
        email = str(found.get("profile", {}).get("email", "")).lower() if confirmed else ""
        self._emails[user] = email, time.monotonic() + REMEMBERED_S
        return email
