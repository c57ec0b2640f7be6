"""The link by which somebody is told of an incident: it acknowledges that one, and nothing else.
A mail program that opens it changes nothing; the button does."""

import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...app.escalating import acknowledge
from ...errors import InputError, NotFound
from ...incident.identity import Identity, Vouched
from ..auth import At, FromUs
from ..oncall import On
from .rendering import page

ACKNOWLEDGE = APIRouter(include_in_schema=False)


@ACKNOWLEDGE.get("/on-call/acknowledge/{secret}")
def ask(request: Request, service: At, rota: On, secret: str) -> Response:
    """What it is about, and a button."""
    link = rota.opened(secret, time.time())
    if not link.acknowledge:
        raise NotFound("this link acknowledges nothing")
    title = service.record.published(link.acknowledge).title
    return _shown(request, link.acknowledge, title, f"{link.person}, do you have it?", True)


@ACKNOWLEDGE.post("/on-call/acknowledge/{secret}", dependencies=[FromUs])
def answer(request: Request, service: At, rota: On, secret: str) -> Response:
    """It is theirs."""
    link = rota.opened(secret, time.time())
    title = service.record.published(link.acknowledge).title
    try:
        acknowledge(service.store, link.acknowledge, Identity(link.person, Vouched.link))
    except InputError as error:
        return _shown(request, link.acknowledge, title, str(error), False)
    return _shown(request, link.acknowledge, title, f"It is yours, {link.person}.", False)


def _shown(request: Request, incident: str, title: str, said: str, asks: bool) -> Response:
    view = {"incident": incident, "title": title, "said": said, "asks": asks}
    return page("acknowledge.html", request=request, view=view)
