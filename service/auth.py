"""Who asks: by a bearer token, or by the session of a browser; on pages and the API alike.

    observer    reads
    responder   and takes part: resumes, silences, merges, stops effects
    commander   and decides: approves, rejects, edits, lets effects go on
    admin       and makes accounts and gives out tokens, checks the audit log

What somebody may not, and one who does not exist, are told apart by nothing but 403 and 401. A
browser sends its cookie whoever made the page that asks, so what changes something has to come from
a page of ours and to carry what only that knows.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import RedirectResponse, Response

from ..errors import NotFound
from ..incident.identity import Identity
from ..record.break_glass import tell
from ..record.sessions import Known, csrf_of
from ..record.teams import Sight
from ..record.tokens import Role
from .forms import INCIDENT
from .problems import Refused
from .service import Service, service_of

BEARER = HTTPBearer(auto_error=False, description="a token of `warroom token create`")
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
At = Annotated[Service, Depends(service_of)]
SAFE = ("GET", "HEAD", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
NO_PAGES = ("/api/", "/metrics", "/mcp")
"""Whoever asks for these is a program, and is answered by a problem."""
OWN = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]{0,2000}")


@dataclass(frozen=True)
class Who:
    """Somebody who asks, however they showed who they are."""

    identity: Identity
    role: Role  # about the incident that is asked for, where one is
    teams: frozenset[str] = frozenset()
    csrf: str = ""  # of a session: what its forms and requests carry
    role_in: Callable[[str], Role] | None = None  # their role by an incident's team

    @property
    def name(self) -> str:
        """As people know them."""
        return self.identity.name

    @property
    def sight(self) -> Sight:
        """Whose incidents they see."""
        everything = self.role is Role.admin or self.identity.break_glass
        return None if everything or not self.teams else self.teams


class SignInFirst(Exception):
    """A browser without a session asks for a page."""


async def answer_sign_in(request: Request, _error: Exception) -> Response:
    """It is sent to sign in, and comes back from there."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    place = asked if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(place)}", 303)


def own_place(place: str) -> str:
    """The same where it is a path of ours, else the first page: nobody is led elsewhere."""
    return place if OWN.fullmatch(place) else "/"


async def _csrf(request: Request) -> str:
    """What came to show that a page of ours asks: a header, or a field of a form."""
    if given := request.headers.get("x-csrf-token"):
        return given
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method in SAFE or kind != FORM:
        return ""
    value = (await request.form()).get("csrf")
    return value if isinstance(value, str) else ""


def _who(request: Request, service: At, given: Given, csrf: Annotated[str, Depends(_csrf)]) -> Who:
    """Raises Refused: 401 where nobody is known, 429 after too many wrong tokens, 403 where another
    site may have asked; SignInFirst for a page."""
    cookie = request.cookies.get(service.cookie, "")
    if given:
        return _by_token(request, service, given.credentials)
    known = service.sessions.by_cookie(cookie) if cookie else None
    if known is None:
        if not request.url.path.startswith(NO_PAGES):
            raise SignInFirst
        raise Refused(401, "send `Authorization: Bearer …` with a token that is alive")
    if request.method not in SAFE:
        from_us(request, service)
        if not hmac.compare_digest(csrf.encode(), csrf_of(cookie).encode()):
            raise Refused(403, "this page is from before you signed in: load it again, then repeat")
    return _known(request, service, known, csrf_of(cookie))


def _by_token(request: Request, service: Service, text: str) -> Who:
    address = address_of(request)
    if (wait := service.attempts.wait(address)) > 0:
        raise Refused(429, "too many wrong tokens from this address: wait", retry_after_s=wait)
    known = service.sessions.by_token(text)
    if known is None:
        service.attempts.failed(address)
        raise Refused(401, "send `Authorization: Bearer …` with a token that is alive")
    return _known(request, service, known)


def _known(request: Request, service: Service, known: Known, csrf: str = "") -> Who:
    identity = service.identity(known.name, known.vouched)
    incident = request.path_params.get("incident", "") if known.teams else ""
    if identity.break_glass:
        what, named = f"{request.method} {request.url.path}", request.path_params.get("incident")
        tell(service.engine, identity, what, named or "", looks=request.method in SAFE)
    role = known.role_in(service.teams.team_of(incident)) if incident else known.role
    who = Who(identity, role, known.teams, csrf, known.role_in)
    request.state.who = who  # a page that refuses them keeps their menu
    return who


def address_of(request: Request) -> str:
    """From where it comes; behind a proxy that is believed, from where that says."""
    return request.client.host if request.client else ""


def from_us(request: Request, service: At) -> None:
    """Raise Refused where a browser says that another site asks, or does not say which."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    named = urlsplit(service.configuration.server.external_url)
    ours = {f"{request.url.scheme}://{request.headers.get('host', '')}"}
    ours.add(f"{named.scheme}://{named.netloc}")
    ok = origin in ours if origin else site is not None
    if not ok or site not in (None, "same-origin"):
        raise Refused(
            403, "another site asked for this: open Warroom's own page and repeat it there"
        )


def may(needed: Role) -> Any:
    """For a route: who asks, where their role is enough. It raises Refused where not."""

    def check(who: Annotated[Who, Depends(_who)]) -> Who:
        if not who.role.may(needed):
            raise Refused(403, f"this takes the role {needed} or above")
        return who

    return Depends(check)


FromUs = Depends(from_us)
"""For what a browser sends before it has a session."""
Sender = Annotated[Who, may(Role.sender)]
OBSERVES = may(Role.observer)
"""For a router whose routes do not ask who it is."""
Observer = Annotated[Who, OBSERVES]
Responder = Annotated[Who, may(Role.responder)]
Commander = Annotated[Who, may(Role.commander)]
Admin = Annotated[Who, may(Role.admin)]


def seen(service: Service, who: Who, incident: str, needed: Role | None = None) -> str:
    """The id again, where they see it, and may do about it what takes a role. Raises NotFound for
    another team's incident as for one that is not there, Refused."""
    if who.sight is not None and not service.teams.sees(who.sight, incident):
        raise NotFound(f"no incident {incident}; `warroom incidents` lists them")
    if needed and who.role_in and not who.role_in(service.teams.team_of(incident)).may(needed):
        raise Refused(403, f"{incident} takes the role {needed} or above")
    return incident


def _named(
    service: At,
    who: Annotated[Who, Depends(_who)],
    incident: Annotated[str, Path(pattern=INCIDENT, examples=["INC-20261129-091858-624d"])],
) -> str:
    return seen(service, who, incident)


def _asked_of(
    service: At,
    who: Annotated[Who, Depends(_who)],
    incident: Annotated[
        str, Query(pattern=f"^$|{INCIDENT}", description="of this incident only")
    ] = "",
) -> str:
    return seen(service, who, incident) if incident else ""


IncidentId = Annotated[str, Depends(_named)]
"""The incident that a route's path names: only one that whoever asks sees."""
Which = Annotated[str, Depends(_asked_of)]
"""The same as a parameter; empty: all that they see."""
