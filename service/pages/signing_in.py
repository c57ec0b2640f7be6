"""Signing in and out, setting a password, one's own account."""

import logging
from dataclasses import dataclass
from math import ceil
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from ...errors import InputError
from ...incident.identity import Identity, Vouched
from ...record.accounts import NAME
from ...record.tokens import Role, looks_like_token
from ..attempts import network_of
from ..auth import At, FromUs, Observer, Who, address_of, own_place
from ..problems import Refused
from ..service import Service
from .rendering import page

SIGN_IN = APIRouter(include_in_schema=False)
WRONG = "That name and password do not fit. Try again."
NO_NAME = "That is a token, and no name: put it into “Or a token” below. It was not kept."
WRONG_TOKEN = "That is no token that is alive. `warroom token list` has who has one."
PASSWORDS_OFF = "Passwords are switched off here: sign in with the provider."
NOT_THE_SAME = "The two are not the same: type them again."
log = logging.getLogger(__name__)
Field = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True)
class SignInView:
    """What the page asks."""

    next: str
    name: str
    problem: str
    provider: str  # what the button says; empty: there is none

    @property
    def provider_url(self) -> str:
        """Where a provider's sign-in begins."""
        return f"/sign-in/oidc?next={quote(self.next)}"


@SIGN_IN.get("/sign-in")
def show_sign_in(request: Request, service: At, next: str = "/") -> Response:
    """The form."""
    return form(request, service, own_place(next))


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
    place, name, token = own_place(next), name.strip().lower(), token.strip()
    try:
        _address_may(request, service)
        if token:
            return begun(request, service, place, _by_token(request, service, token), token)
        if looks_like_token(name):
            raise Refused(422, NO_NAME)
        return begun(request, service, place, _by_password(request, service, name, password))
    except Refused as no:
        return form(request, service, place, no, "" if looks_like_token(name) else name)


def _by_token(request: Request, service: Service, token: str) -> Identity:
    known = service.sessions.by_token(token)
    if known is None or known.role is Role.sender:  # a pipeline has no browser
        service.attempts.failed(address_of(request))
        raise Refused(403, WRONG_TOKEN)
    return service.identity(known.name, Vouched.token)


def _by_password(request: Request, service: Service, name: str, password: str) -> Identity:
    """A name that nobody has is answered as a wrong password is, and takes as long."""
    sign_in = service.configuration.server.sign_in
    if not sign_in.passwords and name != sign_in.break_glass:
        raise Refused(403, PASSWORDS_OFF)
    if NAME.fullmatch(name):
        network = _attempt(request, service, name)
        if service.accounts.fits(name, password):
            service.failures.passed(name, network)
            return service.identity(name, Vouched.account)
        log.warning("a wrong password for %s from %s", name, network)
    service.attempts.failed(address_of(request))
    raise Refused(403, WRONG)


def _address_may(request: Request, service: Service) -> None:
    if (wait := service.attempts.wait(address_of(request))) > 0:
        raise _wait(wait)


def _attempt(request: Request, service: Service, name: str) -> str:
    """The network from which it comes, once it may."""
    network = network_of(address_of(request))
    if (wait := service.failures.attempt(name, network)) > 0:
        raise _wait(wait)
    return network


def _wait(seconds: float) -> Refused:
    text = f"Too many attempts: wait {max(1, ceil(seconds))} seconds, then try again."
    return Refused(429, text, seconds)


def begun(
    request: Request, service: Service, place: str, who: Identity, token: str = ""
) -> Response:
    """A session begins, in place of the one that this browser had. Raises Refused."""
    network, before = network_of(address_of(request)), request.cookies.get(service.cookie, "")
    try:
        cookie = service.sessions.begin(who, network, token, before)
    except InputError:  # disabled: that is told to nobody, whatever they know
        raise Refused(403, WRONG) from None
    return _with_cookie(service, RedirectResponse(place, 303), cookie)


@SIGN_IN.post("/sign-out")
def sign_out(request: Request, service: At, who: Observer, everywhere: Field = "") -> Response:
    """This session ends; or all of theirs."""
    service.sessions.end(request.cookies.get(service.cookie, ""))
    if everywhere:
        service.sessions.end_all(who.name)
    return _with_cookie(service, RedirectResponse("/sign-in", 303), "")


@SIGN_IN.get("/set-password/{code}")
def show_set_password(request: Request, code: str) -> Response:
    """The form behind a one-time link; whether the link is one shows when it is used."""
    return page("set_password.html", 200, request, problem="")


@SIGN_IN.post("/set-password/{code}", dependencies=[FromUs])
def set_password(
    request: Request, service: At, code: str, password: Field = "", again: Field = ""
) -> Response:
    """By a one-time link; then they sign in with it."""
    try:
        _address_may(request, service)
        if password != again:
            raise InputError(NOT_THE_SAME)
        service.accounts.set_password(code, password)
    except Refused as no:
        return page("set_password.html", no.status, request, problem=no.detail)
    except InputError as error:
        service.attempts.failed(address_of(request))
        return page("set_password.html", 422, request, problem=str(error))
    return RedirectResponse("/sign-in", 303)


@SIGN_IN.get("/account")
def show_account(request: Request, who: Observer) -> Response:
    """Who one is here."""
    return _account(request, who)


@SIGN_IN.post("/account/password")
def change_password(
    request: Request, service: At, who: Observer, old: Field = "", password: Field = ""
) -> Response:
    """One's own; every other session ends, this one begins anew."""
    try:
        network = _attempt(request, service, who.name)
        service.accounts.change_password(who.name, old, password)
        service.failures.passed(who.name, network)
        return begun(request, service, "/account", who.identity)
    except Refused as no:
        return _account(request, who, no.detail, no.status)
    except InputError as error:
        return _account(request, who, str(error), 422)


def form(
    request: Request, service: Service, place: str, no: Refused | None = None, name: str = ""
) -> Response:
    """The form; again where it was refused, and why."""
    provider = service.configuration.server.sign_in.oidc
    said = no.detail if no else ""
    view = SignInView(place, name, said, provider.name if provider else "")
    answer = page("sign_in.html", no.status if no else 200, request, view=view)
    if no and no.retry_after_s:
        answer.headers["Retry-After"] = str(max(1, ceil(no.retry_after_s)))
    return answer


def _account(request: Request, who: Who, problem: str = "", status: int = 200) -> Response:
    return page("account.html", status, request, who, person=who, problem=problem)


def _with_cookie(service: Service, answer: Response, cookie: str) -> Response:
    """Set it, or take it away where it is empty."""
    age = int(service.sessions.lasts.whole_s) if cookie else 0
    secure = service.secure
    answer.set_cookie(service.cookie, cookie, age, httponly=True, samesite="lax", secure=secure)
    return answer
