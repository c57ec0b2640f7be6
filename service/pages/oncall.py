"""Who is on call: now and next, the week as a picture and a table; what people change of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from ...app.charts.week import week_chart
from ...app.oncall import Rota
from ...errors import InputError, NotFound
from ...incident.timeline import utc_now
from ...misfit import misfits
from ...oncall.schedule import Override
from ...oncall.shifts import Shift
from ...record.tokens import Role
from ..auth import At, Observer, Responder, Who
from ..oncall import NewNote, On, drop_override, leave_note, list_loads, override
from ..problems import Refused
from .forms import Form, Sent, one
from .rendering import page

ONCALL_PAGE = APIRouter(include_in_schema=False)
WEEK = timedelta(days=7)
DAYS = 28


@dataclass(frozen=True)
class Turn:
    """A schedule's week: who is on now is the first."""

    name: str
    zone: str
    shifts: Sequence[Shift]

    @property
    def following(self) -> Shift | None:
        """Who is on next, if anybody is."""
        return next((shift for shift in self.shifts[1:] if shift.people), None)


@ONCALL_PAGE.get("/on-call", response_class=HTMLResponse)
def on_call_page(request: Request, service: At, who: Observer, rota: On):
    """All of it."""
    return _page(request, service, who, rota)


@ONCALL_PAGE.post("/on-call/{act}")
def change_form(request: Request, service: At, who: Responder, rota: On, act: str, sent: Sent):
    """Take a time over, drop that, leave a note; what does not fit is said on the page."""
    try:
        match act:
            case "override":
                override(rota, who, _override(sent, who))
            case "drop":
                drop_override(rota, who, one(sent, "key"))
            case "note":
                leave_note(rota, who, one(sent, "schedule"), NewNote(text=one(sent, "text")))
            case _:
                raise NotFound(f"nothing is changed by {act!r}: go back to /on-call")
    except Refused as no:
        return _page(request, service, who, rota, no.detail)
    except ValidationError as error:
        return _page(request, service, who, rota, misfits(error)[0])
    except InputError as error:
        return _page(request, service, who, rota, str(error))
    return RedirectResponse("/on-call", 303)


def _override(sent: Form, who: Who) -> Override:
    """Times of the form are UTC. Raises ValidationError."""
    start, end = (f"{one(sent, name)}Z" for name in ("start", "end"))
    told = {"schedule": one(sent, "schedule"), "reason": one(sent, "reason")}
    people = (one(sent, "person") or who.name,)
    return Override.model_validate({**told, "people": people, "start": start, "end": end})


def _page(request: Request, service: At, who: Who, rota: Rota, wrong: str = "") -> Response:
    now: datetime = utc_now()
    found = rota.schedules.items()
    turns = [Turn(n, str(s.zone), rota.shifts(n, now, now + WEEK)) for n, s in found]
    lanes = {turn.name: turn.shifts for turn in turns}
    values = {
        "turns": turns,
        "chart": Markup(week_chart(lanes, now, now + WEEK)),
        "overrides": [kept for kept in rota.overrides.all() if kept.body.end > now],
        "notes": [kept.body for kept in rota.notes.all()][-5:],
        "loads": list_loads(service, rota, who, DAYS),
        "outside": rota.told.external,
        "may": who.role.may(Role.responder),
        "hour": now.replace(minute=0),
    }
    return page(
        "on_call.html", 422 if wrong else 200, request, who, wrong=wrong, days=DAYS, **values
    )
