"""An incident's page while it lives: parts of it are made once for all who watch, and sent anew
when they change.

A stream's id says what state of the record the browser has seen. Whoever comes back with another
one, after a nap or a night, is sent all parts: it catches up without a reload. Nothing here blocks
the loop: the record is read in the threadpool, once in a while for all of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from markupsafe import Markup
from sqlalchemy import and_, func, select
from starlette.concurrency import run_in_threadpool

from ...errors import NotFound
from ...incident.events import StepStarted
from ...record.escalations import Escalations
from ...record.events import KINDS
from ...record.oncall_tables import ESCALATIONS
from ...record.tables import APPROVALS, EVENTS, INCIDENTS, WORK
from ..auth import IncidentId, Observer
from ..following import STREAM_S
from ..problems import Refused
from ..service import Service, service_of
from .incident_view import IncidentView, view_of
from .rendering import parts

At = Annotated[Service, Depends(service_of)]
LIVE = APIRouter(include_in_schema=False)
LOOK_S, BEAT_S = 0.4, 5.0
"""Between two looks at the record for all who watch an incident, and between two signs of life."""
MOST = 64
"""Incidents whose parts are at hand."""
BEGINS = "step_started"
"""The one event that a page shows and that no other row tells of."""
NOTHING: Mapping[str, Markup] = {}
STAMP = (INCIDENTS.c.version, INCIDENTS.c.updated_at)
Seen = Annotated[str, Query(pattern=r"^[0-9.]{0,80}$")]


@dataclass(frozen=True)
class Shown:
    """The parts of an incident's page as of one state of the record."""

    state: str
    parts: Mapping[str, Markup]
    looked: float  # monotonic seconds
    sent: dict[int, bytes] = field(default_factory=dict)  # made once for all who saw the same

    def message(self, before: Mapping[str, Markup]) -> bytes:
        """What differs, as server-sent events; the last one says which state that is."""
        if id(before) not in self.sent:
            new = [(name, text) for name, text in self.parts.items() if before.get(name) != text]
            told = [format_sse_event(event=name, data_str=text) for name, text in new]
            beat = format_sse_event(event="beat", data_str=self.state, id=self.state)
            self.sent[id(before)] = b"".join([*told, beat])
        return self.sent[id(before)]


class Parts:
    """The parts of incidents that somebody looks at."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._lock, self._locks = Lock(), dict[str, Lock]()
        self._shown: dict[str, Shown] = {}
        self._looking: dict[str, asyncio.Future[Shown]] = {}

    def fresh(self, incident_id: str, since: float | None = None) -> Shown | None:
        """What was looked at just now, or since then in monotonic seconds."""
        shown = self._shown.get(incident_id)
        since = time.monotonic() - LOOK_S if since is None else since
        return shown if shown and shown.looked >= since else None

    def now(self, incident_id: str, since: float | None = None) -> Shown:
        """As of now, or of a moment ago but not before `since`; of many that ask at once one
        reads. Raises NotFound."""
        with self._lock:
            lock = self._locks.setdefault(incident_id, Lock())
        with lock:
            if shown := self.fresh(incident_id, since):
                return shown
            looked, state = time.monotonic(), self._state(incident_id)
            known = self._shown.pop(incident_id, None)
            made = known.parts if known and known.state == state else self._make(incident_id)
            self._shown[incident_id] = shown = Shown(state, made, looked)
        with self._lock:
            for oldest in list(self._shown)[:-MOST]:
                self._shown.pop(oldest, None)
                self._locks.pop(oldest, None)
        return shown

    async def look(self, incident_id: str) -> Shown:
        """As `now`; of all that wait for it here only one takes a thread."""
        if shown := self.fresh(incident_id):
            return shown
        if (looking := self._looking.get(incident_id)) is None:
            looking = asyncio.ensure_future(run_in_threadpool(self.now, incident_id))
            self._looking[incident_id] = looking
            looking.add_done_callback(lambda _done: self._looking.pop(incident_id, None))
        return await asyncio.shield(looking)

    def _state(self, incident_id: str) -> str:
        """Other digits whenever anything that is shown may be otherwise."""
        mine = and_(EVENTS.c.incident_id == incident_id, EVENTS.c.event == BEGINS)
        last = select(EVENTS.c.position).where(mine).order_by(EVENTS.c.number.desc()).limit(1)
        open_ = select(func.count()).where(
            APPROVALS.c.incident_id == incident_id,
            APPROVALS.c.verdict.is_(None),
            APPROVALS.c.expires_at > time.time(),
        )
        columns = (*STAMP, WORK.c.token, ESCALATIONS.c.version.label("escalation"))
        query = select(*columns, last.scalar_subquery(), open_.scalar_subquery())
        beside = INCIDENTS.outerjoin(WORK, WORK.c.incident_id == INCIDENTS.c.id).outerjoin(
            ESCALATIONS, ESCALATIONS.c.incident_id == INCIDENTS.c.id
        )
        query = query.select_from(beside).where(INCIDENTS.c.id == incident_id)
        with self.service.store.reading.begin() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"no incident {incident_id}: the list has all of them")
        return ".".join(str(int((each or 0) * 1000)) for each in row)

    def view(self, incident_id: str) -> IncidentView:
        """All that its page tells. Raises NotFound."""
        record, store = self.service.record, self.service.store
        document = record.published(incident_id)
        standing, asked = store.work.standing(incident_id), record.waiting(incident_id)
        alarm = Escalations(store.engine).of(incident_id)
        return view_of(document, asked, standing, self._begun(incident_id), alarm)

    def _make(self, incident_id: str) -> Mapping[str, Markup]:
        return parts("sections.html", view=self.view(incident_id))

    def _begun(self, incident_id: str) -> list[tuple[int, int]]:
        """Step and round of every step that was begun, in order."""
        mine = (EVENTS.c.incident_id == incident_id, EVENTS.c.event == BEGINS)
        query = select(EVENTS.c.body).where(*mine).order_by(EVENTS.c.number)
        with self.service.store.reading.begin() as connection:
            found = map(KINDS.validate_json, connection.execute(query).scalars())
            return [(each.step, each.attempt) for each in found if isinstance(each, StepStarted)]


def parts_of(request: Request) -> Parts:
    """Those of the service that this request came to."""
    return request.app.state.parts


AllParts = Annotated[Parts, Depends(parts_of)]


async def _room(service: At, _who: Observer) -> AsyncIterator[None]:
    """Holds one of the streams that this process gives at a time."""
    if not service.streams.acquire(blocking=False):
        raise Refused(503, "too many people watch: load the page anew now and then", 30)
    try:
        yield
    finally:
        service.streams.release()


@LIVE.get("/incidents/{incident}/live", dependencies=[Depends(_room)])
async def live(
    service: At,
    made: AllParts,
    incident: IncidentId,
    seen: Seen = "",
    last_event_id: Annotated[str, Header(max_length=80)] = "",
) -> StreamingResponse:
    """The parts of its page that change, until the browser goes or is to come back."""
    await made.look(incident)  # what is not there is 404 before anything is sent
    sent = _sent(service, made, incident, last_event_id or seen)
    return StreamingResponse(sent, media_type="text/event-stream")


async def _sent(service: Service, made: Parts, incident: str, seen: str) -> AsyncIterator[bytes]:
    until, beat = time.monotonic() + STREAM_S, 0.0
    before = NOTHING
    while time.monotonic() < until and not service.stopping.is_set():
        shown = await made.look(incident)
        if shown.state == seen and not before:
            before = shown.parts
        if shown.state != seen or time.monotonic() > beat:
            yield shown.message(before)
            seen, before, beat = shown.state, shown.parts, time.monotonic() + BEAT_S
        await asyncio.sleep(LOOK_S / 2)
