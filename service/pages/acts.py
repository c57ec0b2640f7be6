"""What people do to an incident besides deciding: first a page that says what it means, then its
button. The routes call what the API calls."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ...app.decisions import resume
from ...app.escalating import acknowledge
from ..auth import At, IncidentId, Responder
from .forms import Sent
from .incident_view import IncidentView
from .live import AllParts
from .rendering import page

ACTS = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Act:
    """What is about to be done: `now` how it stands, `means` what comes of it."""

    name: str
    says: str
    now: str
    means: str
    yes: str


def _resume(view: IncidentView) -> Act:
    now = view.stuck or "It waits for time or for an answer."
    if view.handed_over:
        means = "It stays open under your name until you close it."
        return Act("resume", "Take it over", now, means, "Yes, it is mine")
    means = "What was set aside is tried again from where it stopped; nothing is done twice."
    return Act("resume", "Have it looked at now", now, means, "Yes, try it again")


@ACTS.get("/incidents/{incident}/resume", response_class=HTMLResponse)
def resume_page(
    request: Request, made: AllParts, who: Responder, incident: IncidentId
) -> HTMLResponse:
    """What taking it over, or trying it again, means."""
    view = made.view(incident)
    return page("act.html", 200, request, who, view=view, act=_resume(view))


@ACTS.post("/incidents/{incident}/resume")
def resume_form(made: AllParts, who: Responder, incident: IncidentId, _sent: Sent) -> Response:
    """Take over what was handed over; have tried again what was set aside."""
    resume(made.service.store, incident, who.identity)
    return RedirectResponse(f"/incidents/{incident}", 303)


@ACTS.get("/incidents/{incident}/acknowledge", response_class=HTMLResponse)
def acknowledge_page(
    request: Request, made: AllParts, who: Responder, incident: IncidentId
) -> HTMLResponse:
    """What having it means."""
    view = made.view(incident)
    means = "Nobody else is woken while you work on it, and everybody reads that you have it."
    act = Act("acknowledge", "Acknowledge it", view.alarmed, means, "I have it")
    return page("act.html", 200, request, who, view=view, act=act)


@ACTS.post("/incidents/{incident}/acknowledge")
def acknowledge_form(service: At, who: Responder, incident: IncidentId, _sent: Sent) -> Response:
    """It is theirs. Raises InputError where nothing is to be acknowledged any more."""
    acknowledge(service.store, incident, who.identity)
    return RedirectResponse(f"/incidents/{incident}", 303)
