"""API v1 for pipelines: what they changed, and for people: all that was told. 201 means that it is
on the disk."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, Field

from ..intake.changes import Sent, told
from ..record.changes import SentChanges, TakenChange
from ..record.lists import Page
from .api import masked
from .auth import At, Observer, Sender
from .forms import LARGEST, Limit

CHANGE = APIRouter(tags=["changes"])
DEPLOY = {
    "service": "checkout",
    "kind": "deploy",
    "version": "v1.4.1",
    "at": "2026-11-29T09:15:00Z",
}


class Kept(BaseModel):
    """What became of it."""

    id: str = Field(description="as evidence calls it")
    new: bool = Field(description="false: it was here already, and stays as it was")


@CHANGE.post("/changes", status_code=201)
def send_change(
    service: At,
    who: Sender,
    request: Request,
    sent: Annotated[Sent, Body(examples=[DEPLOY])],
) -> Kept:
    """Tell of a deploy, a flag, a setting: plain JSON, a CloudEvent (structured or binary) or a
    CDEvent. The same one again, by its id, counts once."""
    key, change = told(sent, request.headers, who.name)
    return Kept(id=change["id"], new=SentChanges(service.engine).keep(key, change))


@CHANGE.get("/changes")
def list_changes(
    service: At,
    who: Observer,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="older than this one")] = 0,
    limit: Limit = 50,
) -> Page[TakenChange]:
    """What pipelines told, as they told it, the newest first; nothing of other teams' services."""
    owners, mine = service.reception.owners(), {"", *(who.sight or ())}

    def seen(name: str) -> bool:
        return who.sight is None or owners.get(name.casefold(), "") in mine

    return masked(SentChanges(service.engine).page(after, limit, seen))
