"""What happens, as it happens: a page of events, a wait for the next ones, or a stream.

A follower keeps the position of the last event that it saw and goes on after it; a browser does so
by itself with Last-Event-ID. Nothing blocks here: the log is read in the threadpool, and a follower
that waits holds no thread.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from ..app.record import masked_content
from ..incident.timeline import from_ts
from ..record.events import Stored
from ..record.teams import Sight
from .auth import At, Observer, Which
from .forms import LARGEST, Limit, Position
from .problems import Refused
from .service import Service

FOLLOW = APIRouter(tags=["events"])
LOOK_S = 0.5
"""A follower hears of an event within this."""
STREAM_S = 120.0
"""Then a stream ends; a browser comes back by itself, if its token is still alive."""


class Happened(BaseModel):
    """One event; what it is stands in `event.event`."""

    position: int = Field(description="over all incidents: begin after the last one seen")
    incident: str
    number: int = Field(description="1, 2, … in the incident")
    at: datetime
    event: dict[str, Any] = Field(description="typed by its `event`; secrets masked")


class Events(BaseModel):
    """Some events in order."""

    items: list[Happened]
    after: int = Field(description="position to go on from")


@FOLLOW.get("/events")
async def list_events(
    service: At,
    who: Observer,
    incident: Which,
    after: Position = 0,
    limit: Limit = 100,
    wait_s: Annotated[float, Query(ge=0, le=30, description="longest wait for the first")] = 0,
) -> Events:
    """Events after a position, oldest first; with `wait_s` an empty page comes only after it."""
    until, found = time.monotonic() + wait_s, []
    while not found:
        before = after
        found, after = await _after(service, who.sight, after, incident, limit)
        if after > before:
            continue  # what came is others'
        if time.monotonic() >= until or service.stopping.is_set():
            break
        await asyncio.sleep(min(LOOK_S, wait_s))
    return Events(items=found, after=after)


async def _room(service: At, _who: Observer) -> AsyncIterator[None]:
    """Holds one of the streams that this process gives at a time."""
    if not service.streams.acquire(blocking=False):
        raise Refused(503, "too many streams are open: ask for /events instead", 5)
    try:
        yield
    finally:
        service.streams.release()


@FOLLOW.get("/events/stream", response_class=EventSourceResponse, dependencies=[Depends(_room)])
async def stream_events(
    service: At,
    who: Observer,
    incident: Which,
    after: Position = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """The same as server-sent events, each with its position as id, until the client goes."""
    until = time.monotonic() + STREAM_S
    seen = after if last_event_id is None else last_event_id
    while time.monotonic() < until and not service.stopping.is_set():
        before = seen
        found, seen = await _after(service, who.sight, seen, incident, 100)
        for each in found:
            yield ServerSentEvent(data=each, event=each.event["event"], id=str(each.position))
        if seen == before:
            await asyncio.sleep(LOOK_S)


async def _after(
    service: Service, sight: Sight, position: int, incident: str, limit: int
) -> tuple[list[Happened], int]:
    def read() -> tuple[list[Happened], int]:
        stored, seen = service.events.seen(sight, position, incident, limit)
        return [_happened(each) for each in stored], seen

    return await run_in_threadpool(read)


def _happened(stored: Stored) -> Happened:
    return Happened(
        position=stored.position,
        incident=stored.incident_id,
        number=stored.number,
        at=from_ts(stored.at),
        event=masked_content(stored.event.model_dump(mode="json")),
    )
