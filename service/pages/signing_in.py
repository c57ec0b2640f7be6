"""Signing in and out, setting a password, one's own account."""

import logging
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from ...errors import InputError
from ...incident.identity import Vouched
from ...record.accounts import NAME
from ...record.tokens import Role
from ..attempts import network_of
from ..auth import At, FromUs, Observer, address_of, own_place
from ..service import Service
from .rendering import page

SIGN_IN = APIRouter(include_in_schema=False)
WRONG = "That name and password do not fit. Try again."
WRONG_TOKEN = "That is no token that is alive. `warroom token list` has who has one."
PASSWORDS_OFF = "Passwords are switched off here: sign in with the provider."
log = logging.getLogger(__name__)
Field = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class SignInView:
    """What the page asks."""

    next: str = "/"
    name: str = ""
    problem: str = ""
    provider: str = ""

    @property
    def provider_url(self) -> str:
        """Where a provider's sign-in begins."""
        return f"/sign-in/oidc?next={quote(self.next)}"


@SIGN_IN.get("/sign-in")
def show_sign_in(service: At, next: str = "/") -> Response:
    """The form."""
    return _form(service, own_place(next))


@SIGN_IN.post("/sign-in", dependencies=[FromUs])
def sign_in(
    request: Request,
    service: At,
    next: Field = "/",
    name: Field = "",
    password: Field = "",
    token: Field = "",
) -> Response:
    """By a token, or by name and password; then on to where they wanted to go."""
    place, address = own_place(next), address_of(request)
    if (wait := service.attempts.wait(address)) > 0:
        return _wait(service, place, name, wait)
    if token:
        return _by_token(request, service, place, token.strip())
    return _by_password(request, service, place, name.strip().lower(), password)


def _by_token(request: Request, service: Service, place: str, token: str) -> Response:
    known = service.sessions.by_token(token)
    if known is None or known.role is Role.sender:  # a pipeline has no browser
        service.attempts.failed(address_of(request))
        return _form(service, place, problem=WRONG_TOKEN, status=403)
    return begun(request, service, place, known.name, Vouched.token, token)


def _by_password(
    request: Request, service: Service, place: str, name: str, password: str
) -> Response:
    """A name that nobody has is answered as a wrong password is, and takes as long."""
    address, sign_in = address_of(request), service.configuration.server.sign_in
    if not sign_in.passwords and name != sign_in.break_glass:
        return _form(service, place, name, PASSWORDS_OFF, 403)
    if not NAME.fullmatch(name):
        service.attempts.failed(address)
        return _form(service, place, name, WRONG, 403)
    network = network_of(address)
    if (wait := service.failures.attempt(name, network)) > 0:
        return _wait(service, place, name, wait)
    if not service.accounts.fits(name, password):
        log.warning("a wrong password for %s from %s", name, network)
        service.attempts.failed(address)
        return _form(service, place, name, WRONG, 403)
    service.failures.passed(name, network)
    return begun(request, service, place, name, Vouched.account)


def begun(
    request: Request, service: Service, place: str, name: str, vouched: Vouched, token: str = ""
) -> Response:
    """A session begins, in place of the one that this browser had."""
    network, before = network_of(address_of(request)), request.cookies.get(service.cookie, "")
    try:
        cookie = service.sessions.begin(service.identity(name, vouched), network, token, before)
    except InputError:  # disabled; who has the right password may not learn that either
        return _form(service, place, name, WRONG, 403)
    return _with_cookie(service, RedirectResponse(place, 303), cookie)


@SIGN_IN.post("/sign-out")
def sign_out(request: Request, service: At, who: Observer, everywhere: Field = "") -> Response:
    """This session ends; or all of theirs."""
    service.sessions.end(request.cookies.get(service.cookie, ""))
    if everywhere:
        service.sessions.end_all(who.name)
    return _with_cookie(service, RedirectResponse("/sign-in", 303), "")


@SIGN_IN.get("/set-password/{code}")
def show_set_password(code: str) -> Response:
    """The form behind a one-time link; whether the link is one shows when it is used."""
    return _password_form("")


@SIGN_IN.post("/set-password/{code}", dependencies=[FromUs])
def set_password(
    request: Request, service: At, code: str, password: Field = "", again: Field = ""
) -> Response:
    """By a one-time link; then they sign in with it."""
    address = address_of(request)
    if service.attempts.wait(address) > 0:
        return _password_form("Too many attempts from this address: wait a minute.", 429)
    if password != again:
        return _password_form("The two are not the same: type them again.", 422)
    try:
        service.accounts.set_password(code, password)
    except InputError as error:
        service.attempts.failed(address)
        return _password_form(str(error), 422)
    return RedirectResponse("/sign-in", 303)


@SIGN_IN.get("/account")
def show_account(request: Request, who: Observer) -> Response:
    """Who one is here."""
    return _account(request, who, "")


@SIGN_IN.post("/account/password")
def change_password(
    request: Request, service: At, who: Observer, old: Field = "", password: Field = ""
) -> Response:
    """One's own; every other session ends, this one begins anew."""
    network = network_of(address_of(request))
    if (wait := service.failures.attempt(who.name, network)) > 0:
        return _account(request, who, f"Too many attempts: wait {wait:.0f} seconds.", 429)
    try:
        service.accounts.change_password(who.name, old, password)
    except InputError as error:
        return _account(request, who, str(error), 422)
    service.failures.passed(who.name, network)
    return begun(request, service, "/account", who.name, who.identity.vouched)


def refused(service: Service, place: str, problem: str) -> Response:
    """The form again, and why."""
    return _form(service, place, problem=problem, status=403)


def _form(
    service: Service, place: str, name: str = "", problem: str = "", status: int = 200
) -> Response:
    provider = service.configuration.server.sign_in.oidc
    view = SignInView(place, name, problem, provider.name if provider else "")
    return page("sign_in.html", status, view=view)


def _wait(service: Service, place: str, name: str, wait: float) -> Response:
    problem = f"Too many attempts: wait {max(1, round(wait))} seconds, then try again."
    answer = _form(service, place, name, problem, 429)
    answer.headers["Retry-After"] = str(max(1, round(wait)))
    return answer


def _password_form(problem: str, status: int = 200) -> Response:
    return page("set_password.html", status, view={"problem": problem})


def _account(request: Request, who: Observer, problem: str, status: int = 200) -> Response:
    view = {
        "name": who.name,
        "role": who.role.value,
        "teams": ", ".join(sorted(who.teams)),
        "vouched": who.identity.vouched.value,
        "csrf": who.csrf,
        "problem": problem,
    }
    return page("account.html", status, request, who, view=view)


def _with_cookie(service: Service, answer: Response, cookie: str) -> Response:
    """Set it, or take it away where it is empty."""
    answer.set_cookie(
        service.cookie,
        cookie,
        max_age=int(service.sessions.lasts.whole_s) if cookie else 0,
        httponly=True,
        samesite="lax",
        secure=service.secure,
    )
    return answer
