"""API v1 for people: who may sign in, and which team they belong to."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from ..record.accounts import Account
from ..record.tokens import Role
from .auth import Admin, At, Observer
from .forms import WORD, Form

PEOPLE = APIRouter(tags=["people"])
Of = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.@+ -]{1,100}$", examples=["ann"])]
Team = Annotated[str, Path(pattern=WORD, max_length=100, examples=["payments"])]


class NewAccount(Form):
    """Whose it will be, and what they may."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.@+-]{0,79}$", examples=["ann"])
    role: Role = Field(examples=["commander"])


class Changes(Form):
    """What is to be otherwise; what is left out stays as it is."""

    role: Role | None = Field(default=None, examples=["responder"])
    enabled: bool | None = Field(default=None, description="false: nobody signs in with it")


class Link(BaseModel):
    """Sets a password, once, within three days; whoever has it first does."""

    name: str
    link: str = Field(examples=["https://warroom.example.org/set-password/…"])


@PEOPLE.get("/accounts")
def list_accounts(service: At, _who: Admin) -> list[Account]:
    """Every account, by name."""
    return service.accounts.all()


@PEOPLE.post("/accounts", status_code=201)
def create_account(service: At, who: Admin, form: NewAccount) -> Link:
    """A new one, and the link by which its person sets a password. Sent again it is 422."""
    code = service.accounts.create(form.name, form.role, str(who.identity))
    return Link(name=form.name, link=service.link_of(code))


@PEOPLE.post("/accounts/{name}/link")
def link_account(service: At, who: Admin, name: Of) -> Link:
    """Another link, where the first was lost or the password forgotten."""
    return Link(name=name, link=service.link_of(service.accounts.link(name, str(who.identity))))


@PEOPLE.post("/accounts/{name}", status_code=204)
def change_account(service: At, who: Admin, name: Of, form: Changes) -> None:
    """Another role, disabled or enabled; its sessions end. Of a disabled one tokens open nothing,
    too."""
    service.accounts.change(name, str(who.identity), form.role, form.enabled)


@PEOPLE.get("/teams")
def list_teams(service: At, _who: Observer) -> dict[str, dict[str, Role | None]]:
    """Members by team, and their role in its incidents; null: as everywhere."""
    return service.teams.all()


@PEOPLE.put("/teams/{team}/members/{name}", status_code=204)
def join_team(service: At, who: Admin, team: Team, name: Of, role: Role | None = None) -> None:
    """From now on they see this team's incidents and those of no team, and no others; with a role,
    that is what they may about them."""
    service.teams.add(team, name, str(who.identity), role)


@PEOPLE.delete("/teams/{team}/members/{name}", status_code=204)
def leave_team(service: At, who: Admin, team: Team, name: Of) -> None:
    """They belong to it no more."""
    service.teams.remove(team, name, str(who.identity))
