"""Where an administrator makes accounts, changes them and hands out links to set a password."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...errors import InputError
from ...record.accounts import Account
from ...record.tokens import Role
from ..auth import Admin, At, Who
from ..service import Service
from .forms import Sent, one
from .rendering import page

ACCOUNTS = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Line:
    """An account and the teams that its person belongs to."""

    account: Account
    teams: list[str]


@ACCOUNTS.get("/accounts", response_class=HTMLResponse)
def accounts_page(request: Request, service: At, who: Admin) -> HTMLResponse:
    """Every account, and the form for a new one."""
    return _page(request, service, who)


@ACCOUNTS.post("/accounts", response_class=HTMLResponse)
def create_form(request: Request, service: At, who: Admin, sent: Sent) -> HTMLResponse:
    """A new one, and its link; that is shown this once, so this answers with the page itself."""
    name = one(sent, "name")
    try:
        code = service.accounts.create(name, _role(one(sent, "role")), str(who.identity))
    except InputError as error:
        return _page(request, service, who, 422, wrong=str(error))
    return _page(request, service, who, 201, name, service.link_of(code))


@ACCOUNTS.post("/accounts/{name}/link", response_class=HTMLResponse)
def link_form(request: Request, service: At, who: Admin, name: str, _sent: Sent) -> HTMLResponse:
    """Another link, where the first was lost or the password forgotten."""
    code = service.accounts.link(name, str(who.identity))
    return _page(request, service, who, 200, name, service.link_of(code))


@ACCOUNTS.post("/accounts/{name}")
def change_form(service: At, who: Admin, name: str, sent: Sent) -> Response:
    """Another role, or disabled, or enabled again; its sessions end."""
    enabled = {"yes": True, "no": False}.get(one(sent, "enabled"))
    role = _role(one(sent, "role")) if one(sent, "role") else None
    service.accounts.change(name, str(who.identity), role, enabled)
    return RedirectResponse("/accounts", 303)


def _role(word: str) -> Role:
    if word not in list(Role):
        raise InputError("choose a role")
    return Role(word)


def _page(
    request: Request,
    service: Service,
    who: Who,
    status: int = 200,
    name: str = "",
    link: str = "",
    wrong: str = "",
) -> HTMLResponse:
    """The list; with the link that was just made, or what was wrong."""
    teams = service.teams.all().items()
    role_in = lambda role: f" ({role})" if role else ""  # noqa: E731
    lines = [
        Line(each, [f"{team}{role_in(m[each.name])}" for team, m in teams if each.name in m])
        for each in service.accounts.all()
    ]
    roles = [role.value for role in Role if role is not Role.sender]
    told = {"lines": lines, "roles": roles, "name": name, "link": link, "wrong": wrong}
    return page("accounts.html", status, request, who, **told)
