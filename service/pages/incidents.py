"""The list of incidents: what waits for a person first, then the newest, by pages."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from ...agents.reporting.wording import shown
from ...errors import NotFound
from ...incident.lifecycle import State
from ...incident.severity import Severity
from ...record import lists
from ...record.lists import Listed, Wanted
from ...record.waking import HANDED_OVER, STUCK
from ..auth import Observer, own_place
from ..forms import WORD
from ..service import Service, service_of
from ..webhooks import paste
from .forms import Sent, one
from .rendering import FOREVER, THEMES, files, page

At = Annotated[Service, Depends(service_of)]
LIST = APIRouter(include_in_schema=False)
A_PAGE, YEAR_S = 50, 365 * 86400
WAITS = {
    STUCK: "stuck: look at it, then have it tried again",
    HANDED_OVER: "ended unresolved: take it over",
}
"""What the standing of its work asks of people."""


@dataclass(frozen=True)
class Line:
    """One incident, and what it asks of people; empty: nothing."""

    row: Listed
    waits: str

    @classmethod
    def of(cls, row: Listed) -> "Line":
        """A question comes before the standing of its work."""
        asks = f"decide: {shown(row.question)}" if row.question else WAITS.get(row.work or "", "")
        nobody = "nobody has it yet" if row.unanswered else ""
        return cls(row, "; ".join(filter(None, (nobody, asks))))


@dataclass(frozen=True)
class ListView:
    """A page of incidents under some filters."""

    waiting: Sequence[Line]
    others: Sequence[Line]
    older: str  # address of the next page; empty: there is none
    anew: str  # address of this page, which answers nothing as long as nothing happened
    wanted: Wanted
    first: bool
    states: Sequence[str] = tuple(State)
    levels: Sequence[str] = tuple(Severity)

    @property
    def empty(self) -> bool:
        """Nothing was ever taken."""
        return self.first and not (self.waiting or self.others or self.wanted.narrowed)


Word = Annotated[str, Query(max_length=100, pattern=f"{WORD}|^$")]


@LIST.get("/", response_class=HTMLResponse)
def list_page(
    request: Request,
    service: At,
    who: Observer,
    q: Word = "",
    state: Annotated[list[State | Literal[""]] | None, Query()] = None,
    severity: Annotated[list[Severity | Literal[""]] | None, Query()] = None,
    affected: Word = "",
    team: Word = "",
    after: Annotated[str, Query(max_length=120, pattern=f"{WORD}|^$")] = "",
    seen: Word = "",
) -> Response:
    """Everything at a glance, without a script; nothing to whoever has `seen` it as it is."""
    now = f"{service.events.newest()}.{time.time() // 60:.0f}"  # the words for ages change too
    if seen == now:
        return Response(status_code=204)
    states, levels = ([word for word in words or () if word] for words in (state, severity))
    wanted = Wanted(states, levels, q.strip(), affected.strip(), team.strip(), who.sight)
    view = _view(service, wanted, after, list(request.query_params.multi_items()), now)
    url, readers = service.configuration.server.url, service.reception.readers.values()
    told = [text for text in (paste(each.receiver, url) for each in readers) if text]
    return page("incidents.html", 200, request, who, view=view, pasted=told)


def _view(
    service: Service, wanted: Wanted, after: str, asked: list[tuple[str, str]], now: str
) -> ListView:
    waiting = [] if after else lists.waiting(service.engine, wanted, A_PAGE)
    rest = lists.others(service.engine, wanted, after, A_PAGE)
    kept = [(name, text) for name, text in asked if name not in ("after", "seen") and text]
    here = [*kept, ("after", after)] if after else kept
    anew = f"/?{urlencode([*here, ('seen', now)])}"
    older = f"/?{urlencode([*kept, ('after', rest.after)])}" if rest.after else ""
    waits, others = ([Line.of(row) for row in rows] for rows in (waiting, rest.items))
    return ListView(waits, others, older, anew, wanted, first=not after)


@LIST.get("/static/{name}")
def static_file(name: str) -> Response:
    """What pages link. Raises NotFound."""
    found = files().get(name)
    if found is None:
        raise NotFound(
            f"no file {name}: the page that links it is of another version, load it anew"
        )
    return Response(found[0], media_type=found[1], headers=FOREVER)


@LIST.post("/theme")
def choose_theme(sent: Sent) -> Response:
    """Keep the choice of colours in this browser, and go on where one was."""
    theme, following = one(sent, "theme"), one(sent, "next")
    answer = RedirectResponse(own_place(following), 303)
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=YEAR_S, httponly=True, samesite="lax")
    return answer
