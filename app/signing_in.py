"""How people sign in: the section `server.sign_in` of warroom.yaml."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from ..errors import InputError, ToolFailed
from ..outgoing import read_secret
from ..record.sessions import Lasts
from ..record.tokens import Role
from ..yaml_tables import Entry


def _persons(role: Role) -> Role:
    if role is Role.sender:
        raise ValueError("a sender is no person: write observer, responder, commander or admin")
    return role


Persons = Annotated[Role, AfterValidator(_persons)]


class Oidc(Entry):
    """An OpenID provider that vouches for people: Keycloak, Okta, Entra, Google, Dex, …"""

    name: str = Field(default="single sign-on", description="what the button says")
    issuer: str = Field(
        pattern=r"^https?://[^ ?#]+$",
        description="as the provider calls itself, without its path"
        " /.well-known/openid-configuration",
    )
    client_id: str = Field(min_length=1, description="as registered there")
    client_secret_file: Path = Field(description="holds what it gave us")
    scopes: list[str] = Field(
        default=["openid", "profile", "email"], description="asked for; some give groups by one"
    )
    name_claim: str = Field(
        default="email", description="names the account; an email has to be verified"
    )
    groups_claim: str = Field(default="groups", description="holds the groups, a list of words")
    roles: dict[str, Persons] = Field(default={}, description="by group; the highest one counts")
    default_role: Persons | None = Field(
        default=None, description="of whoever is in none of these groups; null: they stay outside"
    )
    teams: dict[str, str] = Field(default={}, description="by group, the catalogue's team")

    def read_secret(self) -> str:
        """What is in the file. Raises InputError."""
        try:
            return read_secret(self.client_secret_file)
        except ToolFailed as error:
            raise InputError(f"server.sign_in.oidc: {error}") from error


class SignIn(Entry):
    """Sessions, and who may begin one."""

    idle_hours: float = Field(default=12, gt=0, le=24 * 30, description="until an unused one ends")
    days: float = Field(default=7, gt=0, le=90, description="until each ends")
    passwords: bool = Field(
        default=True, description="false: the provider's accounts and break_glass only"
    )
    break_glass: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9_.@+-]{0,79})?$",
        description="account for when nothing else works: all it does is told loudly",
    )
    oidc: Oidc | None = Field(default=None, description="an OpenID provider; null: none")

    @property
    def lasts(self) -> Lasts:
        """The same in seconds."""
        return Lasts(self.idle_hours * 3600, self.days * 86_400)
